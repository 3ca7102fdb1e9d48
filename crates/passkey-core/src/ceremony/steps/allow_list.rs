//! Cuts the passkeys that are asked for into lists that a key takes.

use crate::ceremony::keys::Attachment;
use crate::credential::Credential;
use ctap::Info;

/// Bytes of a getAssertion request besides its allow list and RP ID: command, client data hash, options and a PIN parameter
/// with their CBOR heads.
const REQUEST_OVERHEAD: usize = 128;
/// Bytes of CBOR around one credential id in a list: map, `id`, `type` and `public-key`.
const DESCRIPTOR_OVERHEAD: usize = 32;

/// A list that fits into one request: passkeys with one RP ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AllowListBatch<'c>(pub(crate) Vec<&'c Credential>);

impl AllowListBatch<'_> {
    /// Two lists of half the length; `None` for one that cannot be cut.
    pub(crate) fn halves(mut self) -> Option<[Self; 2]> {
        let rest = self.0.split_off(self.0.len() / 2);
        (!self.0.is_empty()).then_some([self, Self(rest)])
    }
}

/// The lists by which an authenticator is asked which of `credentials` it holds.
pub(crate) fn to_find<'c>(
    credentials: &[&'c Credential],
    attachment: Attachment,
    info: &Info,
) -> Vec<AllowListBatch<'c>> {
    let credentials = attachment.may_hold(credentials);
    match attachment {
        Attachment::Plugged => cut(&credentials, info),
        // It says that it would sign for one of a list, and not for which.
        Attachment::Service => credentials.iter().flat_map(|one| cut(&[*one], info)).collect(),
    }
}

/// Cuts `credentials` by RP ID, by the key's `maxCredentialCountInList`, its `maxCredentialIdLength` and its `maxMsgSize`
/// (CTAP 2.1 §6.4). A credential id longer than the key could have made is left out.
pub(crate) fn cut<'c>(credentials: &[&'c Credential], info: &Info) -> Vec<AllowListBatch<'c>> {
    let max_count = info.max_credential_count_in_list.unwrap_or(usize::MAX).max(1);
    let max_id = info.max_credential_id_length.unwrap_or(usize::MAX);
    let mut batches: Vec<(AllowListBatch<'c>, &str, usize)> = Vec::new();
    for credential in credentials {
        let length = credential.id.as_bytes().len();
        if length > max_id {
            continue;
        }
        let size = length.saturating_add(DESCRIPTOR_OVERHEAD);
        let room = info.max_msg_size.saturating_sub(REQUEST_OVERHEAD).saturating_sub(credential.rp_id.len());
        let fits = batches.iter_mut().find(|(batch, rp_id, used)| {
            *rp_id == credential.rp_id && batch.0.len() < max_count && used.saturating_add(size) <= room
        });
        match fits {
            Some((batch, _, used)) => {
                batch.0.push(credential);
                *used = used.saturating_add(size);
            }
            None => batches.push((AllowListBatch(vec![credential]), &credential.rp_id, size)),
        }
    }
    batches.into_iter().map(|(batch, _, _)| batch).collect()
}
