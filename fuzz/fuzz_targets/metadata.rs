//! Metadata: any text as a signed BLOB, which is never verified, and as the JSON that a verified one holds.
#![no_main]

use attestation::Metadata;
use attestation::metadata::MetadataError;
use ctap::Aaguid;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let error: MetadataError = Metadata::parse(data, &[], "mds.fidoalliance.org", Timestamp::UNIX_EPOCH)
        .expect_err("there is no root that it could lead to");
    let _ = error.to_string();
    if let Ok(metadata) = Metadata::parse_payload(data) {
        let _ = (metadata.is_outdated(Timestamp::UNIX_EPOCH), metadata.next_update());
        assert_eq!(metadata.description(Aaguid::ZERO), None, "keys without a model have none");
    }
});
