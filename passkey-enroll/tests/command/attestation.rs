//! Who is trusted to vouch for keys, as files say it, and what is shown of those who did.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::json;
use virtual_key::{Model, attestation_root, metadata, metadata_root};

use crate::scene::{BLUE, GREEN, Ran, Scene};

/// A model that the table of names does not know.
const AAGUID: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;

/// A machine whose administrator has the roots and the metadata of virtual keys.
struct Administered {
    scene: Scene,
}

impl Administered {
    fn new(entries: &[&str]) -> Self {
        let administered = Self { scene: Scene::enrolled(entries) };
        administered.write("roots.der", attestation_root());
        administered.write("metadata-root.der", metadata_root());
        administered.write("blob.jwt", blob("2049-12-31"));
        administered
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scene.dir().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o644)).unwrap();
    }

    /// Names all the files in the configuration, with these lines beside them.
    fn configure(&self, lines: &str) {
        let dir = self.scene.dir().display();
        self.scene.configure(&format!(
            "[attestation]\nroots = \"{dir}/roots.der\"\nmetadata = \"{dir}/blob.jwt\"\nmetadata_root = \"{dir}/metadata-root.der\"\n{lines}"
        ));
    }

    /// What `add` comes to; where the files are in order, it gets as far as the device, which is not a key.
    fn add(&self) -> Ran {
        self.scene.run(&["add", "--device", "/dev/null", "--json"])
    }
}

fn blob(next_update: &str) -> String {
    let model = Model {
        aaguid: AAGUID.to_be_bytes(),
        description: "Key of\u{1b}[2J makers".to_owned(),
        statuses: vec!["FIDO_CERTIFIED_L1".to_owned()],
    };
    metadata(&[model], next_update)
}

#[test]
fn files_that_are_in_order_stop_nobody() {
    let machine = Administered::new(&[]);
    machine.configure("require = \"trusted\"\ncertification = \"FIDO_CERTIFIED_L1\"\n");
    let ran = machine.add();
    assert_eq!((ran.code, ran.error_code().as_str()), (3, "not_a_key"), "{ran:?}");
    // A folder of certificates, in DER and in PEM with text around it.
    let folder = machine.path("roots.der");
    fs::remove_file(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    machine.write("roots.der/keys", attestation_root());
    machine.write("roots.der/more.pem", format!("Our root\n{}", pem(&metadata_root())));
    machine.write("roots.der/.hidden", "is passed over");
    assert_eq!(machine.add().error_code(), "not_a_key");
}

fn pem(der: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[test]
fn files_that_cannot_be_relied_on_stop_everybody_before_they_touch_a_key() {
    /// Something done to the files.
    type Mishap = fn(&Administered);
    fn replace(file: &Path, name: &str) {
        let elsewhere = file.with_file_name(name);
        fs::rename(file, &elsewhere).unwrap();
        symlink(elsewhere, file).unwrap();
    }
    let mishaps: [(&str, &str, Mishap); 12] = [
        ("roots.der", "", |machine| fs::remove_file(machine.path("roots.der")).unwrap()),
        ("roots.der", "", |machine| replace(&machine.path("roots.der"), "elsewhere")),
        ("roots.der", "", |machine| {
            fs::set_permissions(machine.path("roots.der"), fs::Permissions::from_mode(0o666)).unwrap();
        }),
        ("roots.der", "there is no certificate in it", |machine| machine.write("roots.der", "no root\n")),
        ("roots.der", "there is no certificate in it", |machine| {
            fs::remove_file(machine.path("roots.der")).unwrap();
            fs::create_dir(machine.path("roots.der")).unwrap();
        }),
        ("roots.der", "line 1: the certificate that begins here has no end", |machine| {
            machine.write("roots.der", "-----BEGIN CERTIFICATE-----\nAAAA\n");
        }),
        ("metadata-root.der", "neither a certificate in DER nor text", |machine| {
            machine.write("metadata-root.der", [0xff; 3]);
        }),
        ("blob.jwt", "it is not a signed BLOB of the FIDO Metadata Service", |machine| {
            machine.write("blob.jwt", "{}");
        }),
        ("blob.jwt", "its signature is wrong: it does not verify", |machine| {
            let honest = blob("2049-12-31");
            let (signed, signature) = honest.rsplit_once('.').unwrap();
            let (header, _) = signed.split_once('.').unwrap();
            let later = blob("2059-12-31");
            let payload = later.split('.').nth(1).unwrap();
            machine.write("blob.jwt", format!("{header}.{payload}.{signature}"));
        }),
        (
            "blob.jwt",
            "its signature leads to no root: “Virtual metadata root” is not trusted",
            |machine| {
                machine.write("metadata-root.der", attestation_root());
            },
        ),
        (
            "blob.jwt",
            "it is signed by “mds.fidoalliance.org”, and has to be by “mds.example.org”",
            |machine| {
                machine.configure("metadata_signer = \"mds.example.org\"\n");
            },
        ),
        ("blob.jwt", "this metadata should have been replaced by 2026-01-01", |machine| {
            machine.write("blob.jwt", blob("2026-01-01"));
        }),
    ];
    for (file, words, mishap) in mishaps {
        let machine = Administered::new(&[]);
        machine.configure("");
        mishap(&machine);
        let ran = machine.add();
        let code = if words.contains("replaced") { "metadata_outdated" } else { "attestation_broken" };
        assert_eq!((ran.code, ran.error_code().as_str()), (11, code), "{words} {ran:?}");
        let message = ran.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&machine.path(file).display().to_string()), "{message}");
        assert!(message.contains(words), "{words} in {message}");
        // Looking around goes on.
        assert_eq!(machine.scene.run(&["list"]).code, 0);
    }
}

#[test]
fn outdated_metadata_can_be_put_up_with() {
    let machine = Administered::new(&[]);
    machine.write("blob.jwt", blob("2026-01-01"));
    machine.configure("metadata_outdated = \"warn\"\n");
    let ran = machine.add();
    assert_eq!(ran.error_code(), "not_a_key", "{ran:?}");
    assert!(ran.stderr.contains("should have been replaced by 2026-01-01"), "{ran:?}");
}

#[test]
fn a_table_that_is_not_understood_adds_nothing_and_is_named_with_its_line() {
    let scene = Scene::enrolled(&[BLUE]);
    scene.configure("[attestation]\nrequire = \"all\"\n");
    for command in [&["add", "--json"][..], &["list", "--json"]] {
        let ran = scene.run(command);
        assert_eq!((ran.code, ran.error_code().as_str()), (11, "config_broken"), "{ran:?}");
        let error = &ran.json()["error"];
        let place = format!("{}:6: [attestation] `require` cannot be `all`", scene.config().display());
        assert!(error["message"].as_str().unwrap().contains(&place), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("Nobody is kept from signing in."), "{error}");
    }
}

#[test]
fn trust_that_nobody_can_give_is_not_asked_for() {
    let ran = Scene::enrolled(&[]).run(&["add", "--require-attestation", "--json"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (2, "nobody_trusted"), "{ran:?}");
}

#[test]
fn what_has_no_proof_is_not_imported_where_one_is_asked_for() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/foreign/u2f_keys");
    let import = ["import", file.to_str().unwrap(), "--format", "pam-u2f", "--json"];
    let machine = Administered::new(&[]);
    for lines in [
        "require = \"any\"\n",
        "require = \"trusted\"\n",
        "certification = \"FIDO_CERTIFIED\"\n",
        "allowed_aaguids = [\"01234567-89ab-cdef-0123-456789abcdef\"]\n",
    ] {
        machine.configure(lines);
        let ran = machine.scene.run(&import);
        assert_eq!((ran.code, ran.error_code().as_str()), (1, "attestation_refused"), "{ran:?}");
    }
    machine.configure("");
    assert_ne!(machine.scene.run(&import).error_code(), "attestation_refused");
}

#[test]
fn models_are_named_by_metadata_too() {
    let machine = Administered::new(&[BLUE]);
    assert_eq!(machine.scene.run(&["show", "blue", "--json"]).json()["model"], json!(null));
    machine.configure("");
    assert_eq!(machine.scene.run(&["show", "blue", "--json"]).json()["model"], "Key of\u{1b}[2J makers");
    let listed = machine.scene.run(&["list"]).stdout;
    assert!(listed.contains("Key of") && !listed.contains('\u{1b}'), "{listed:?}");
    // By nobody else's.
    machine.write("metadata-root.der", attestation_root());
    let shown = machine.scene.run(&["show", "blue", "--json"]);
    assert_eq!((shown.code, &shown.json()["model"]), (0, &json!(null)), "{shown:?}");
}

#[test]
fn what_was_proved_is_shown() {
    const PLAIN: &str = r#"attestation = { format = "packed" }"#;
    const CHECKED: &str = r#"checked = "2026-11-25T02:03:04Z""#;
    let root = format!(r#"root = "Maker's \"Root\"", root_sha256 = "{}""#, "a5".repeat(32));
    for (attestation, expected) in [
        (PLAIN.to_owned(), "not verified (packed)"),
        (
            format!("attestation = {{ format = \"none\", kind = \"none\", {CHECKED} }}"),
            "nobody vouches for the key (none)",
        ),
        (
            format!("attestation = {{ format = \"packed\", kind = \"self\", {CHECKED} }}"),
            "the key vouches for itself only (packed)",
        ),
        (
            format!("attestation = {{ format = \"fido-u2f\", kind = \"basic\", {CHECKED} }}"),
            "by a maker who was not trusted (fido-u2f)",
        ),
        (
            format!("attestation = {{ format = \"packed\", kind = \"basic\", {root}, {CHECKED} }}"),
            "by a trusted maker, for the model (packed)",
        ),
    ] {
        let scene = Scene::enrolled(&[&BLUE.replace(PLAIN, &attestation)]);
        let shown = scene.run(&["show", "blue"]);
        assert_eq!((shown.code, shown.stderr.as_str()), (0, ""), "{attestation}");
        let line = shown.stdout.lines().find(|line| line.starts_with("Attestation ")).unwrap();
        assert!(line.ends_with(&format!("  {expected}")), "{line}");
    }

    let whole = format!(
        "attestation = {{ format = \"packed\", kind = \"enterprise\", {root}, certification = \"FIDO_CERTIFIED_L1plus\", serial = \"0007\", {CHECKED} }}"
    );
    let scene = Scene::enrolled(&[&BLUE.replace(PLAIN, &whole), GREEN]);
    let shown = scene.run(&["show", "blue"]).stdout;
    for (name, value) in [
        ("Attestation", "by a trusted maker, for this very key (packed)"),
        ("Attested under", "Maker's \"Root\""),
        ("Certified", "FIDO_CERTIFIED_L1plus"),
        ("Serial number", "0007"),
    ] {
        let found = shown.lines().any(|line| line.starts_with(name) && line.ends_with(&format!("  {value}")));
        assert!(found, "{name}: {value} in {shown}");
    }
    assert_eq!(
        scene.run(&["show", "blue", "--json"]).json()["attestation"],
        json!({
            "format": "packed",
            "trusted": true,
            "kind": "enterprise",
            "root": "Maker's \"Root\"",
            "root_sha256": "a5".repeat(32),
            "certification": "FIDO_CERTIFIED_L1plus",
            "serial": "0007",
            "checked": "2026-11-25T02:03:04Z",
        })
    );
    // And it is still there when something else has changed.
    assert_eq!(scene.run(&["rename", "green", "red"]).code, 0);
    assert!(fs::read_to_string(scene.credential_file()).unwrap().contains(&whole));
}
