use super::*;
use crate::vectors::Vectors;
use passkey_core::attestation::Certification;
use passkey_core::config::{Config, MetadataPolicy};

const CERTIFIED: &str = "packed: a certificate with the AAGUID";
const BARE: &str = "packed: by a certificate, es256";
const SELF: &str = "packed: by the credential itself, es256";
const U2F: &str = "fido-u2f: a key of U2F";
const BROKEN: &str = "packed: by a certificate, es256, last bit flipped";
const NONE: &str = "none: nothing";
const TPM: &str = "tpm: a format of other devices";
const MODEL: &str = "2fc0579f-8113-47ea-b116-bb5a8db9202a";

struct Scene {
    vectors: Vectors,
    trust: Trust,
}

impl Scene {
    /// Nobody is trusted.
    fn new() -> Self {
        Self { vectors: Vectors::load(), trust: Trust::default() }
    }

    /// The administrator names the root.
    fn with_root() -> Self {
        let mut scene = Self::new();
        scene.trust.roots.push(scene.vectors.root());
        scene
    }

    /// The metadata knows the model, and its root.
    fn with_metadata() -> Self {
        let mut scene = Self::new();
        let blob = scene.vectors.blob("ES256");
        let metadata =
            Metadata::parse(blob.blob.as_bytes(), &blob.roots(), &scene.vectors.signer, scene.vectors.now);
        scene.trust.metadata = Some(metadata.unwrap());
        scene
    }

    fn judge(&self, name: &str, table: &str) -> Result<Judgement, Refusal> {
        self.judge_attestation(&self.vectors.attestation(name), table)
    }

    fn judge_attestation(&self, attestation: &Attestation, table: &str) -> Result<Judgement, Refusal> {
        judge(attestation, &policy(table), &self.trust, self.vectors.now)
    }
}

/// The table of a configuration; the files in it are not looked at.
fn policy(table: &str) -> AttestationPolicy {
    let text = format!("[attestation]\nroots = '/r'\nmetadata = '/m'\nmetadata_root = '/s'\n{table}\n");
    Config::parse(std::path::Path::new("passkey.toml"), &text).unwrap().attestation.read().unwrap()
}

const REQUIRED: &str = "require = 'trusted'";

fn proof(judgement: Judgement) -> AttestationProof {
    assert_eq!(judgement.caveats, []);
    judgement.summary.proof.unwrap()
}

#[test]
fn without_requirements_everything_passes_and_what_was_proved_is_kept() {
    let scene = Scene::new();
    for (name, format, kind) in [
        (CERTIFIED, "packed", Some(AttestationKind::Basic)),
        (SELF, "packed", Some(AttestationKind::SelfAttested)),
        (U2F, "fido-u2f", Some(AttestationKind::Basic)),
        (NONE, "none", Some(AttestationKind::None)),
        (TPM, "tpm", None),
    ] {
        let Judgement { summary, caveats } = scene.judge(name, "").unwrap();
        assert_eq!((summary.format.as_str(), caveats), (format, vec![]), "{name}");
        assert_eq!(summary.proof.as_ref().map(|proof| proof.kind), kind, "{name}");
        assert!(summary.proof.is_none_or(|proof| proof.root.is_none() && proof.checked == scene.vectors.now));
    }
    let Judgement { summary, caveats } = scene.judge(BROKEN, "").unwrap();
    assert_eq!((summary.proof, caveats), (None, vec![Caveat::Invalid(StatementError::BadSignature)]));
}

#[test]
fn any_attestation_has_to_be_there_and_to_verify() {
    let (scene, any) = (Scene::new(), "require = 'any'");
    for name in [CERTIFIED, SELF, U2F] {
        assert!(scene.judge(name, any).is_ok(), "{name}");
    }
    assert_eq!(scene.judge(NONE, any), Err(Refusal::NoAttestation));
    assert_eq!(scene.judge(TPM, any), Err(Refusal::Unsupported { format: "tpm".to_owned() }));
    assert_eq!(scene.judge(BROKEN, any), Err(Refusal::Invalid(StatementError::BadSignature)));
}

#[test]
fn a_root_makes_a_key_trusted() {
    let scene = Scene::with_root();
    for name in [CERTIFIED, BARE, U2F, "packed: a certificate and its issuer"] {
        let proof = proof(scene.judge(name, REQUIRED).unwrap());
        let root = proof.root.unwrap();
        assert_eq!(root.name(), "Root", "{name}");
        assert_eq!(root, TrustRoot::new("Root", scene.vectors.root().sha256()));
        assert_eq!((proof.kind, proof.certification), (AttestationKind::Basic, None));
    }
    assert_eq!(scene.judge(SELF, REQUIRED), Err(Refusal::SelfAttested));
    assert_eq!(scene.judge(NONE, REQUIRED), Err(Refusal::NoAttestation));
    assert_eq!(scene.judge(TPM, REQUIRED), Err(Refusal::Unsupported { format: "tpm".to_owned() }));
    assert_eq!(scene.judge(BROKEN, REQUIRED), Err(Refusal::Invalid(StatementError::BadSignature)));
}

#[test]
fn another_root_does_not() {
    let mut scene = Scene::new();
    scene.trust.roots = scene.vectors.blob("ES256").roots();
    let refusal = scene.judge(CERTIFIED, REQUIRED).unwrap_err();
    assert_eq!(refusal, Refusal::Untrusted { reason: PathError::NoRoot { issuer: "Root".to_owned() } });
    assert!(refusal.to_string().contains("“Root” is not trusted"), "{refusal}");
    // Nor is the key refused where none is required.
    assert_eq!(proof(scene.judge(CERTIFIED, "").unwrap()).root, None);
}

#[test]
fn the_metadata_makes_a_key_trusted_for_the_model_it_proves() {
    let scene = Scene::with_metadata();
    let by_aaguid = proof(scene.judge(CERTIFIED, REQUIRED).unwrap());
    assert_eq!(by_aaguid.certification, Some(Certification::L1));
    assert_eq!(by_aaguid.root.unwrap().name(), "Root");
    // Keys of U2F are known by the key that attests them.
    let by_key = proof(scene.judge(U2F, REQUIRED).unwrap());
    assert_eq!((by_key.certification, by_key.kind), (Some(Certification::L1), AttestationKind::Basic));
}

/// A key whose attestation is genuine, and who says that it is of another model.
fn of_model(scene: &Scene, aaguid: &str) -> Attestation {
    let digits: String = aaguid.replace('-', "");
    let mut attestation = scene.vectors.attestation(SELF);
    let credential = attestation.made.authenticator_data.attested_credential.as_mut().unwrap();
    credential.aaguid = aaguid.parse().unwrap();
    assert_eq!(digits.len(), 32);
    attestation
}

#[test]
fn a_model_that_is_not_in_the_metadata_or_has_other_roots_is_not_trusted() {
    let mut scene = Scene::with_metadata();
    let unknown = scene.vectors.attestation("packed: WebAuthn Level 3, packed.ES256");
    let refusal = scene.judge_attestation(&unknown, REQUIRED).unwrap_err();
    assert!(matches!(refusal, Refusal::UnknownModel { .. }), "{refusal}");

    // The entries of two models exchanged, as only who signs can do: their roots go with them.
    let swapped = r#"{"nextUpdate":"2026-12-01","entries":[{"aaguid":"MODEL","statusReports":[],
        "metadataStatement":{"description":"Another","attestationRootCertificates":["ROOT"]}}]}"#;
    let other = scene.vectors.blob("ES256").roots().remove(0);
    let base64 = <base64ct::Base64 as base64ct::Encoding>::encode_string(other.as_der());
    let payload = swapped.replace("MODEL", MODEL).replace("ROOT", &base64);
    scene.trust.metadata = Some(Metadata::parse_payload(payload.as_bytes()).unwrap());
    let refusal = scene.judge(CERTIFIED, REQUIRED).unwrap_err();
    assert!(matches!(refusal, Refusal::Untrusted { reason: PathError::NoRoot { .. } }), "{refusal}");
}

#[test]
fn a_compromised_model_is_refused_where_trust_is_required_and_warned_of_elsewhere() {
    let scene = Scene::with_metadata();
    for status in ["REVOKED", "USER_VERIFICATION_BYPASS", "ATTESTATION_KEY_COMPROMISE"] {
        let root = <base64ct::Base64 as base64ct::Encoding>::encode_string(scene.vectors.root().as_der());
        let payload = format!(
            r#"{{"nextUpdate":"2026-12-01","entries":[{{"aaguid":"{MODEL}",
                "statusReports":[{{"status":"FIDO_CERTIFIED_L3"}},{{"status":"{status}"}}],
                "metadataStatement":{{"description":"Bad key","attestationRootCertificates":["{root}"]}}}}]}}"#
        );
        let mut trust = scene.trust.clone();
        trust.metadata = Some(Metadata::parse_payload(payload.as_bytes()).unwrap());
        // Whoever else trusts it.
        trust.roots.push(scene.vectors.root());
        let attestation = scene.vectors.attestation(CERTIFIED);
        let refusal = judge(&attestation, &policy(REQUIRED), &trust, scene.vectors.now).unwrap_err();
        assert!(refusal.to_string().contains(&format!("{status} of “Bad key”")), "{refusal}");
        for table in ["", "require = 'any'"] {
            let judgement = judge(&attestation, &policy(table), &trust, scene.vectors.now).unwrap();
            let caveat = judgement.caveats.first().unwrap().to_string();
            assert!(caveat.contains(status) && caveat.contains("Bad key"), "{caveat}");
        }
    }
    // The word of a key that proves nothing is enough to be warned of it.
    let says = of_model(&scene, "00112233-4455-6677-8899-aabbccddeeff");
    let judgement = scene.judge_attestation(&says, "").unwrap();
    assert!(judgement.caveats.iter().any(|caveat| caveat.to_string().contains("REVOKED")));
}

#[test]
fn a_certification_has_to_reach_the_level_that_is_wanted() {
    let scene = Scene::with_metadata();
    let table = |level: &str| format!("certification = '{level}'");
    for level in ["FIDO_CERTIFIED", "FIDO_CERTIFIED_L1"] {
        assert!(scene.judge(CERTIFIED, &table(level)).is_ok(), "{level}");
    }
    for level in ["FIDO_CERTIFIED_L1plus", "FIDO_CERTIFIED_L2", "FIDO_CERTIFIED_L3plus"] {
        let refusal = scene.judge(CERTIFIED, &table(level)).unwrap_err();
        let words = format!("{level} is required, and “Test key” is only FIDO_CERTIFIED_L1");
        assert_eq!(refusal.to_string(), words);
    }
    // Trusted by the administrator, and unknown to the metadata.
    let mut scene = Scene::with_metadata();
    scene.trust.roots = vec![
        scene.vectors.paths.iter().find(|row| row.name.starts_with("WebAuthn")).unwrap().roots().remove(0),
    ];
    let unknown = scene.vectors.attestation("packed: WebAuthn Level 3, packed.ES256");
    let refusal = scene.judge_attestation(&unknown, &table("FIDO_CERTIFIED")).unwrap_err();
    assert!(matches!(refusal, Refusal::NotCertified { certification: None, .. }), "{refusal}");
    assert_eq!(scene.judge(SELF, &table("FIDO_CERTIFIED")), Err(Refusal::SelfAttested));
}

#[test]
fn a_certification_is_that_of_the_maker_who_vouches() {
    // Another maker's model, certified; this key says that it is of that one, and its own maker is trusted too.
    let mut scene = Scene::with_root();
    let other = scene.vectors.blob("ES256").roots().remove(0);
    let base64 = <base64ct::Base64 as base64ct::Encoding>::encode_string(other.as_der());
    let payload = format!(
        r#"{{"nextUpdate":"2026-12-01","entries":[{{"aaguid":"{MODEL}","statusReports":[{{"status":"FIDO_CERTIFIED_L2"}}],
            "metadataStatement":{{"description":"Another's","attestationRootCertificates":["{base64}"]}}}}]}}"#
    );
    scene.trust.metadata = Some(Metadata::parse_payload(payload.as_bytes()).unwrap());
    assert_eq!(proof(scene.judge(BARE, REQUIRED).unwrap()).certification, None);
    let refusal = scene.judge(BARE, "certification = 'FIDO_CERTIFIED'").unwrap_err();
    assert!(matches!(refusal, Refusal::NotCertified { certification: None, .. }), "{refusal}");
}

#[test]
fn only_the_models_in_the_list_are_allowed() {
    let scene = Scene::with_root();
    let mine = format!("allowed_aaguids = ['{MODEL}']");
    let others = "allowed_aaguids = ['11111111-1111-1111-1111-111111111111']";
    let zero = "allowed_aaguids = ['00000000-0000-0000-0000-000000000000']";
    for require in ["none", "any", "trusted"] {
        let with = |list: &str| format!("{list}\nrequire = '{require}'");
        assert!(scene.judge(CERTIFIED, &with(&mine)).is_ok());
        let refusal = scene.judge(CERTIFIED, &with(others)).unwrap_err();
        assert_eq!(refusal, Refusal::ModelNotAllowed { aaguid: MODEL.parse().unwrap() });
        // What a key of U2F says of its model is signed by nobody, so it is of none, and allowed only as such.
        for name in [U2F, "fido-u2f: a model that nobody has signed"] {
            assert_eq!(
                scene.judge(name, &with(&mine)),
                Err(Refusal::ModelNotAllowed { aaguid: Aaguid::ZERO }),
                "{name}"
            );
            assert!(scene.judge(name, &with(zero)).is_ok(), "{name}");
        }
    }
    // Where nothing is required, the word of the key is taken.
    assert!(scene.judge(SELF, &mine).is_ok());
    assert_eq!(scene.judge(SELF, &format!("{mine}\n{REQUIRED}")), Err(Refusal::SelfAttested));
}

#[test]
fn an_enterprise_attestation_is_one_that_was_asked_for() {
    let scene = Scene::with_root();
    let name = "packed: a certificate with a serial number";
    for (requested, given, kind) in [
        (true, true, AttestationKind::Enterprise),
        (true, false, AttestationKind::Basic),
        (false, true, AttestationKind::Basic),
    ] {
        let mut attestation = scene.vectors.attestation(name);
        attestation.enterprise_requested = requested;
        attestation.made.enterprise = given;
        let proof = proof(scene.judge_attestation(&attestation, REQUIRED).unwrap());
        assert_eq!(proof.kind, kind);
        assert_eq!(proof.serial.unwrap().to_string(), "000102");
    }
    // The number in the certificate of somebody who is not trusted says nothing.
    assert_eq!(proof(Scene::new().judge(name, "").unwrap()).serial, None);
}

#[test]
fn the_metadata_of_the_policy_alone_demands_nothing() {
    let mut policy = policy("");
    assert_eq!(policy.require, AttestationRequirement::None);
    policy.metadata = Some(MetadataPolicy { certification: None, ..policy.metadata.unwrap() });
    let scene = Scene::with_metadata();
    let attestation = scene.vectors.attestation(SELF);
    assert!(judge(&attestation, &policy, &scene.trust, scene.vectors.now).is_ok());
}
