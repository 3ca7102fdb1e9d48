//! Which security keys may hold new passkeys: keys of a maker, keys of nobody, and what they hear.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use guest::{Guest, KeyOptions, Output};
use pam_tests::{authenticate, guest, path};

const MODEL: &str = "00112233-4455-6677-8899-aabbccddeeff";

/// Writes `[attestation]`.
#[track_caller]
fn policy(guest: &Guest, lines: &str) {
    guest.write("/etc/passkey/passkey.toml", format!("[attestation]\n{lines}\n"));
}

/// Adds a passkey of alice's on this key, which is touched when it asks for that.
#[track_caller]
fn add(guest: &Guest, key: &str, options: &str) -> Output {
    let device = path(guest, key);
    guest.root(&format!("passkey-enroll add --user alice --name {key} --device {device} {options}"))
}

/// The key is refused in these words, and nothing is stored of it.
#[track_caller]
fn refused(guest: &Guest, key: &str, words: &str) {
    let output = add(guest, key, "");
    assert_eq!(output.status, 1, "{} {}", output.stdout, output.stderr);
    let sentence = format!("The security key was refused: {words}. Nothing was stored.");
    assert!(output.stderr.contains(&sentence), "{sentence} in {}", output.stderr);
    let file = "/etc/passkey/credentials/alice.toml";
    assert_eq!(guest.root(&format!("grep -c '^name = ' {file}")).stdout.trim(), "0");
}

/// The key is taken, `show` says these things of it, and its passkey is removed again.
#[track_caller]
fn taken(guest: &Guest, key: &str, options: &str, shown: &[(&str, &str)]) {
    let added = add(guest, key, options);
    assert_eq!(added.status, 0, "{}", added.stderr);
    let text = guest.root(&format!("passkey-enroll show {key} --user alice")).ok();
    for (name, value) in shown {
        let found = text.lines().any(|line| line.starts_with(name) && line.ends_with(&format!("  {value}")));
        assert!(found, "{name}: {value} in {text}");
    }
    let facts = ["Attested under", "Certified", "Serial number"];
    for absent in facts.iter().filter(|fact| !shown.iter().any(|(name, _)| name == *fact)) {
        assert!(!text.contains(*absent), "{absent} in {text}");
    }
    if shown.len() > 2 {
        // The module passes over what was proved, and signs in.
        assert_eq!(authenticate(guest, "passkey").0, 0, "{}", guest.syslog());
    }
    guest.root(&format!("passkey-enroll remove {key} --user alice --yes")).ok();
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let pairs = hexadecimal.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

const BY_MAKER: (&str, &str) = ("Attestation", "by a trusted maker, for the model (packed)");
const ROOT: (&str, &str) = ("Attested under", "Virtual key attestation root");

#[test]
fn only_keys_that_prove_what_is_asked_for_are_enrolled() {
    let guest = guest("")
        .key("blue", KeyOptions::default().with(&["--attestation", "--aaguid", MODEL]))
        .key("green", KeyOptions::default())
        .key("old", KeyOptions::default().ctap("u2f"))
        .key("work", KeyOptions::default().with(&["--enterprise", "--aaguid", MODEL]))
        .boot();
    for key in ["blue", "green", "old", "work"] {
        guest.key(key).touch_always(50);
    }
    for (what, file) in [("attestation-root", "roots/keys.der"), ("metadata-root", "metadata-root.der")] {
        let digits = guest.root(&format!("virtual-key {what}")).ok();
        guest.write(&format!("/etc/passkey/{file}"), bytes(digits.trim()));
    }
    nothing_is_asked(&guest);
    a_root_is_asked_for(&guest);
    a_model_is_asked_for(&guest);
    a_certification_is_asked_for(&guest);
    a_key_says_which_one_it_is(&guest);
}

fn nothing_is_asked(guest: &Guest) {
    taken(guest, "blue", "", &[("Attestation", "by a maker who was not trusted (packed)")]);
    taken(guest, "green", "", &[("Attestation", "the key vouches for itself only (packed)")]);
    taken(guest, "old", "", &[("Attestation", "by a maker who was not trusted (fido-u2f)")]);
    let nobody = add(guest, "blue", "--require-attestation --json");
    assert_eq!(nobody.status, 2, "{}", nobody.stdout);
    assert!(nobody.stdout.contains("\"code\": \"nobody_trusted\""), "{}", nobody.stdout);
}

fn a_root_is_asked_for(guest: &Guest) {
    policy(guest, "require = \"trusted\"\nroots = \"/etc/passkey/roots\"");
    taken(guest, "blue", "", &[BY_MAKER, ROOT]);
    taken(guest, "old", "", &[("Attestation", "by a trusted maker, for the model (fido-u2f)"), ROOT]);
    refused(guest, "green", "a maker who is trusted has to vouch for it, and it only vouches for itself");

    // To a script in the same words.
    let script = add(guest, "green", "--json");
    assert_eq!(script.status, 1, "{} {}", script.stdout, script.stderr);
    for part in
        ["\"code\": \"attestation_refused\"", "\"message\": \"The security key was refused: a maker who"]
    {
        assert!(script.stdout.contains(part), "{part} in {}", script.stdout);
    }

    policy(guest, "require = \"trusted\"\nroots = \"/etc/passkey/metadata-root.der\"");
    refused(
        guest,
        "blue",
        "a maker who is trusted has to vouch for it, and its attestation leads to none: “Virtual key attestation root” is not trusted",
    );
    // What the file does not ask for, the command line can.
    policy(guest, "roots = \"/etc/passkey/roots\"");
    taken(guest, "green", "", &[("Attestation", "the key vouches for itself only (packed)")]);
    assert_eq!(add(guest, "green", "--require-attestation").status, 1);
    taken(guest, "blue", "--require-attestation", &[BY_MAKER, ROOT]);

    // Somebody else could have written them.
    guest.root("chown alice /etc/passkey/roots/keys.der").ok();
    let theirs = add(guest, "blue", "");
    assert_eq!(theirs.status, 11, "{}", theirs.stderr);
    assert!(theirs.stderr.contains("/etc/passkey/roots/keys.der"), "{}", theirs.stderr);
    guest.root("chown root /etc/passkey/roots/keys.der").ok();
}

fn a_model_is_asked_for(guest: &Guest) {
    let allowed = |aaguid: &str| format!("allowed_aaguids = [\"{aaguid}\"]");
    let trusted = "\nrequire = \"trusted\"\nroots = \"/etc/passkey/roots\"";
    policy(guest, &(allowed(MODEL) + trusted));
    taken(guest, "blue", "", &[BY_MAKER, ROOT]);
    guest.key("green").reset_counts();
    refused(guest, "green", "only some models are allowed, and it does not prove to be of one of them");
    assert_eq!(guest.key("green").counts().commands.get("0x01"), None, "nobody had to touch it");
    refused(guest, "old", "only some models are allowed, and it does not prove to be of one of them");

    policy(guest, &(allowed("ffffffff-ffff-ffff-ffff-ffffffffffff") + trusted));
    refused(
        guest,
        "blue",
        &format!("only some models are allowed, and it is of another one, AAGUID {MODEL}"),
    );
}

fn a_certification_is_asked_for(guest: &Guest) {
    let metadata = |options: &str| {
        guest.root(&format!("virtual-key metadata {options} >/etc/passkey/blob.jwt")).ok();
    };
    let of_model = |statuses: &str| metadata(&format!("--aaguid {MODEL} {statuses}"));
    let files = "metadata = \"/etc/passkey/blob.jwt\"\nmetadata_root = \"/etc/passkey/metadata-root.der\"";
    of_model("--status FIDO_CERTIFIED_L1");
    policy(guest, &format!("{files}\ncertification = \"FIDO_CERTIFIED_L1\""));
    taken(guest, "blue", "", &[BY_MAKER, ROOT, ("Certified", "FIDO_CERTIFIED_L1"), ("Model", "Virtual key")]);
    policy(guest, &format!("{files}\ncertification = \"FIDO_CERTIFIED_L2\""));
    refused(guest, "blue", "FIDO_CERTIFIED_L2 is required, and “Virtual key” is only FIDO_CERTIFIED_L1");

    policy(guest, &format!("{files}\nrequire = \"trusted\""));
    of_model("--status FIDO_CERTIFIED_L2 --status ATTESTATION_KEY_COMPROMISE --status REVOKED");
    refused(
        guest,
        "blue",
        "a key that is trusted is required, and the metadata reports REVOKED of “Virtual key”",
    );
    metadata("--aaguid ffffffff-ffff-ffff-ffff-ffffffffffff");
    refused(guest, "blue", &format!("its model has to be in the metadata, and AAGUID {MODEL} is not"));

    // A warning where trust is not required.
    of_model("--status USER_KEY_REMOTE_COMPROMISE");
    policy(guest, files);
    let warned = add(guest, "blue", "");
    assert_eq!(warned.status, 0, "{}", warned.stderr);
    let words = "warning: the metadata reports USER_KEY_REMOTE_COMPROMISE of this model of security key, “Virtual key”.";
    assert!(warned.stderr.contains(words), "{}", warned.stderr);
    guest.root("passkey-enroll remove blue --user alice --yes").ok();

    // Metadata that somebody has changed, or that is old, stops everybody.
    guest.root("sed -i 's/^\\(.\\{2000\\}\\)./\\1_/' /etc/passkey/blob.jwt").ok();
    let changed = add(guest, "blue", "--json");
    assert_eq!(changed.status, 11, "{} {}", changed.stdout, changed.stderr);
    assert!(changed.stdout.contains("its signature is wrong: it does not verify"), "{}", changed.stdout);
    metadata(&format!("--aaguid {MODEL} --next-update 2026-01-01"));
    let outdated = add(guest, "blue", "");
    assert_eq!(outdated.status, 11, "{}", outdated.stderr);
    assert!(outdated.stderr.contains("should have been replaced by 2026-01-01"), "{}", outdated.stderr);
}

fn a_key_says_which_one_it_is(guest: &Guest) {
    let roots = "roots = \"/etc/passkey/roots\"";
    policy(guest, roots);
    taken(guest, "work", "", &[("Attestation", "the key vouches for itself only (packed)")]);
    policy(guest, &format!("{roots}\nenterprise = true"));
    let very_key = ("Attestation", "by a trusted maker, for this very key (packed)");
    // Its name.
    taken(guest, "work", "", &[very_key, ROOT, ("Serial number", "776f726b")]);
    // A key without it is asked for nothing that it could not give.
    taken(guest, "blue", "", &[BY_MAKER, ROOT]);
}
