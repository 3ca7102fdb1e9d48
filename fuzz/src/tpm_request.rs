//! Requests to the authenticator on the TPM: any bytes are refused with a status, or are a request within its bounds.

use ctap::Status;
use passkey_tpm::ctap2::request::{MAX_CREDENTIALS_IN_LIST, Request};

/// Whether it is a request.
pub fn run(data: &[u8]) -> bool {
    let request = Request::parse(data);
    let is_request = request.is_ok();
    match request {
        Ok(Request::MakeCredential(request)) => {
            assert!(request.exclude_list.len() <= MAX_CREDENTIALS_IN_LIST);
            assert!((1..=64).contains(&request.user.id.len()), "a user handle has one byte at least");
            assert!(request.user.name.is_none_or(|name| name.len() <= 64), "names are cut");
        }
        Ok(Request::GetAssertion(request)) => {
            assert!(request.allow_list.is_none_or(|list| list.len() <= MAX_CREDENTIALS_IN_LIST));
        }
        Ok(Request::CredentialManagement(request)) => {
            assert!(request.raw_parameters.len() < data.len(), "they are a part of it");
        }
        Ok(Request::ClientPin(_) | Request::GetInfo | Request::Reset) => {}
        Ok(Request::GetNextAssertion | Request::Selection) => {}
        Err(status) => assert_ne!(status, Status::OK),
    }
    is_request
}
