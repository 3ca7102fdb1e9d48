use super::*;
use crate::vectors::Vectors;

fn word(result: &Result<Metadata, MetadataError>) -> &'static str {
    match result {
        Ok(_) => "verified",
        Err(MetadataError::TooLong) => "too_long",
        Err(MetadataError::NotCompact) => "not_compact",
        Err(MetadataError::Header(_)) => "header",
        Err(MetadataError::Algorithm(_)) => "algorithm",
        Err(MetadataError::CriticalHeader) => "critical_header",
        Err(MetadataError::NoCertificate) => "no_certificate",
        Err(MetadataError::Certificate(_)) => "certificate",
        Err(MetadataError::Path(_)) => "path",
        Err(MetadataError::Signer { .. }) => "signer",
        Err(MetadataError::NotForSigning) => "not_for_signing",
        Err(MetadataError::Signature(_)) => "signature",
        Err(MetadataError::Payload(_)) => "payload",
    }
}

fn parse(name: &str) -> Metadata {
    let vectors = Vectors::load();
    let row = vectors.blob(name);
    Metadata::parse(row.blob.as_bytes(), &row.roots(), &vectors.signer, vectors.now).unwrap()
}

fn aaguid(text: &str) -> Aaguid {
    text.parse().unwrap()
}

const TEST_KEY: &str = "2fc0579f-8113-47ea-b116-bb5a8db9202a";
const REVOKED_KEY: &str = "00112233-4455-6677-8899-aabbccddeeff";

#[test]
fn each_blob_comes_to_its_result() {
    let vectors = Vectors::load();
    for row in &vectors.blobs {
        let result = Metadata::parse(row.blob.as_bytes(), &row.roots(), &vectors.signer, vectors.now);
        assert_eq!(word(&result), row.result, "{}: {:?}", row.name, result.err());
    }
    assert!(vectors.blobs.len() >= 45, "{}", vectors.blobs.len());
}

#[test]
fn each_bit_of_it_counts() {
    let vectors = Vectors::load();
    let row = vectors.blob("white space around it");
    let text = row.blob.trim();
    for position in (0..text.len()).step_by(7) {
        let mut changed = text.as_bytes().to_vec();
        changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
        let result = Metadata::parse(&changed, &row.roots(), &vectors.signer, vectors.now);
        assert!(result.is_err(), "{position}");
    }
}

#[test]
fn models_are_found_by_aaguid_or_by_the_key_that_attests_them() {
    let metadata = parse("ES256");
    assert_eq!(metadata.description(aaguid(TEST_KEY)), Some("Test key"));
    assert_eq!(metadata.description(aaguid(REVOKED_KEY)), Some("Revoked key"));
    assert_eq!(metadata.description(aaguid("99999999-9999-9999-9999-999999999999")), None);
    assert_eq!(metadata.description(Aaguid::ZERO), None);

    let vectors = Vectors::load();
    let chain = |name| vectors.paths.iter().find(|row| row.name == name).unwrap().chain();
    let found = |certificate: &Certificate| {
        metadata.of_key(certificate).map(|model| model.description().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&chain("one below the root")[0]), ["Test U2F key"]);
    assert_eq!(found(&vectors.root()), Vec::<String>::new());
}

#[test]
fn a_model_is_as_good_as_its_reports() {
    let metadata = parse("ES256");
    let now = Vectors::load().now;
    let model = metadata.of_aaguid(aaguid(TEST_KEY)).next().unwrap();
    assert_eq!((model.compromise(), model.certification(now)), (None, Some(Certification::L1)));
    assert_eq!(model.roots(), [Vectors::load().root()]);
    let later = "2027-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(model.certification(later), Some(Certification::L2));
    let revoked = metadata.of_aaguid(aaguid(REVOKED_KEY)).next().unwrap();
    assert_eq!(revoked.compromise(), Some(Compromise::Revoked));
}

#[test]
fn the_day_of_the_next_one_is_the_last() {
    let metadata = parse("ES256");
    for (now, outdated) in [
        ("2026-11-25T12:00:00Z", false),
        ("2026-12-01T23:59:59Z", false),
        ("2026-12-02T00:00:00Z", true),
        ("2036-01-01T00:00:00Z", true),
    ] {
        assert_eq!(metadata.is_outdated(now.parse().unwrap()), outdated, "{now}");
    }
}

#[test]
fn the_mistakes_of_makers_cost_only_their_own_entries() {
    let metadata = parse("content: mistakes of makers");
    let names: Vec<&str> = metadata.models.iter().filter_map(Model::description).collect();
    assert_eq!(names, ["Test key", "Revoked key", "Test U2F key"]);
    let model = metadata.of_aaguid(aaguid(TEST_KEY)).next().unwrap();
    assert_eq!(model.roots(), [Vectors::load().root()], "one with a line break in it");
    assert_eq!(model.certification(Vectors::load().now), Some(Certification::L1));
}

#[test]
fn two_entries_for_one_model_both_count() {
    let payload = format!(
        r#"{{"nextUpdate":"2026-12-01","entries":[
            {{"aaguid":"{TEST_KEY}","statusReports":[{{"status":"FIDO_CERTIFIED_L1"}}]}},
            {{"aaguid":"{TEST_KEY}","statusReports":[{{"status":"REVOKED"}}]}}
        ]}}"#
    );
    let metadata = Metadata::parse_payload(payload.as_bytes()).unwrap();
    let worst = metadata.of_aaguid(aaguid(TEST_KEY)).filter_map(Model::compromise).max();
    assert_eq!(worst, Some(Compromise::Revoked));
}

#[test]
fn what_is_huge_is_read_in_time_or_not_at_all() {
    let vectors = Vectors::load();
    let blob = vec![b'A'; MAX_LEN + 1];
    let result = Metadata::parse(&blob, &[], &vectors.signer, vectors.now);
    assert_eq!(result.unwrap_err(), MetadataError::TooLong);

    let entry = r#"{"aaguid":"2fc0579f-8113-47ea-b116-bb5a8db9202a","statusReports":[{"status":"REVOKED"}]}"#;
    let payload = format!(
        r#"{{"nextUpdate":"2026-12-01","icon":"{}","entries":[{}]}}"#,
        "A".repeat(10_000_000),
        vec![entry; 50_000].join(",")
    );
    let start = std::time::Instant::now();
    let metadata = Metadata::parse_payload(payload.as_bytes()).unwrap();
    assert_eq!(metadata.of_aaguid(aaguid(TEST_KEY)).count(), 50_000);
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn no_depth_exhausts_the_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(1_000_000), close.repeat(1_000_000));
        let ignored = format!(r#"{{"nextUpdate":"2026-12-01","entries":[],"deep":{deep}}}"#);
        assert!(Metadata::parse_payload(ignored.as_bytes()).is_ok());
        let entries = format!(r#"{{"nextUpdate":"2026-12-01","entries":{deep}}}"#);
        assert!(Metadata::parse_payload(entries.as_bytes()).is_err());
    }
}
