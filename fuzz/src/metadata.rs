//! Metadata: any text as a signed BLOB, which is never verified, and as the JSON that a verified one holds.

use attestation::Metadata;
use attestation::metadata::MetadataError;
use ctap::Aaguid;
use jiff::Timestamp;

/// Whether it is what a verified BLOB holds.
pub fn run(data: &[u8]) -> bool {
    let error: MetadataError = Metadata::parse(data, &[], "mds.fidoalliance.org", Timestamp::UNIX_EPOCH)
        .expect_err("there is no root that it could lead to");
    let _ = error.to_string();
    let metadata = Metadata::parse_payload(data);
    if let Ok(metadata) = &metadata {
        let _ = (metadata.is_outdated(Timestamp::UNIX_EPOCH), metadata.next_update());
        assert_eq!(metadata.description(Aaguid::ZERO), None, "keys without a model have none");
    }
    metadata.is_ok()
}
