//! The keys and credential files of a row, in the guest.

use base64ct::{Base64, Encoding};
use bench_probe::{By, Population, SignIn};
use guest::{Guest, KeyOptions, PATIENCE};
use passkey_core::credential::{Credential, CredentialId};
use passkey_core::store::CredentialFile;

use crate::implementation::{
    AUTHFILE, Implementation, PASSWORD, USER, authfile, configuration, credential_files,
};
use crate::row::{Credentials, Desk, Host, Keyring, Row, Verification, Wire};

const PIN: &str = "1234";
/// What SSSD's program knows its passkeys for.
const DOMAIN: &str = "guest";
const CREDENTIAL_FILE: &str = "/etc/passkey/credentials/alice.toml";
/// How long after it begins to blink a key is touched: longer than a program takes to look at it again.
const HAND_MS: u64 = 100;
/// How long the files of a million users may take to be written.
const POPULATING: std::time::Duration = std::time::Duration::from_secs(900);

/// A row in the guest: everything is enrolled and plugged in, and the hand is ready.
pub struct Scene<'a> {
    guest: &'a Guest,
    row: Row,
    /// Plugged in, in this order.
    keys: Vec<String>,
    /// Whether the last of them is touched.
    is_touched: bool,
    /// Credential ids and public keys as SSSD's program takes them.
    registered: Vec<(String, String)>,
}

impl<'a> Scene<'a> {
    /// Enrols the user for every module and plugs the keys in.
    pub fn set(guest: &'a Guest, row: &Row) -> Self {
        unplug_all(guest);
        guest.root(&format!("rm -rf /etc/passkey /var/lib/passkey {AUTHFILE}")).ok();
        for module in Implementation::MODULES {
            let service = module.service().expect("it is a module");
            guest.write(&format!("/etc/pam.d/{service}"), module.stack(row));
        }
        let name = |kind: &str, number: usize| format!("{}-{kind}{number}", row.name);
        let enrolled: Vec<String> = (1..=row.keys).map(|number| name("key", number)).collect();
        let all = Implementation::all_for(row);
        let mut registered = Vec::new();
        for key in &enrolled {
            guest.add_key(key, &options(row));
            enrol(guest, key, row);
            if all.contains(&Implementation::PamU2f) {
                enrol_u2f(guest, key, row);
            }
            if all.contains(&Implementation::PasskeyChild) {
                registered.push(register(guest, key, row));
            }
            guest.key(key).unplug();
        }
        add_lost_passkeys(guest, row);
        if let Some((id, key)) = registered.last().cloned() {
            let ids = other_ids(&Base64::decode_vec(&id).expect("base64"), row.passkeys - row.keys);
            let lost = ids.iter().map(|id| (Base64::encode_string(id), key.clone()));
            registered.splice(0..0, lost.collect::<Vec<_>>());
        }
        if row.users > 1 {
            populate(guest, row.users);
        }

        let others = match row.desk {
            Desk::Enrolled | Desk::Empty => 0,
            Desk::BesideSilent | Desk::OtherOnly => 1,
            Desk::BesideOthers(count) => count,
        };
        let mut keys: Vec<String> = (1..=others).map(|number| name("other", number)).collect();
        for key in &keys {
            guest.add_key(key, &options(row));
            if row.desk == Desk::BesideSilent {
                guest.key(key).mute();
            }
        }
        let is_touched = !matches!(row.desk, Desk::OtherOnly | Desk::Empty);
        if is_touched {
            for key in &enrolled {
                guest.key(key).plug();
            }
            keys.extend(enrolled);
        }
        for key in &keys {
            guest.key(key).latency(row.wire.report_us);
        }
        let scene = Self { guest, row: *row, keys, is_touched, registered };
        scene.touch_after(HAND_MS);
        scene
    }

    /// From now on the right key is touched so long after it begins to blink.
    pub fn touch_after(&self, milliseconds: u64) {
        if let Some(key) = self.touched() {
            self.guest.key(key).touch_always(milliseconds);
        }
    }

    /// The keys that are plugged in, in the order in which they were.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The key that is touched.
    pub fn touched(&self) -> Option<&str> {
        self.keys.last().filter(|_| self.is_touched).map(String::as_str)
    }

    /// The user's sign-in by this module or program, with all that is typed.
    pub fn sign_in(&self, by: Implementation) -> SignIn {
        let has_pin = self.row.verification == Verification::Pin;
        let answers = if has_pin { vec![PIN.to_owned()] } else { Vec::new() };
        if self.row.host == Host::Gdm && by == Implementation::PamPasskey {
            return by_gdm(by.service().expect("it is a module"));
        }
        let by = if let Some(service) = by.service() {
            By::Pam { service: service.to_owned(), user: by.user(&self.row).to_owned() }
        } else {
            let (ids, keys): (Vec<_>, Vec<_>) = self.registered.iter().cloned().unzip();
            By::Program(vec![
                by.file(),
                "--authenticate".to_owned(),
                "--quiet".to_owned(),
                format!("--username={USER}"),
                format!("--domain={DOMAIN}"),
                format!("--key-handle={}", ids.join(",")),
                format!("--public-key={}", keys.join(",")),
                format!("--user-verification={has_pin}"),
            ])
        };
        SignIn { by, answers }
    }

    /// What signs in as `by` does, without doing anything: what is to be subtracted.
    pub fn empty_sign_in(&self, by: Implementation) -> SignIn {
        if by.service().is_some() {
            self.sign_in(Implementation::Nothing)
        } else {
            SignIn { by: By::Program(vec!["true".to_owned()]), answers: Vec::new() }
        }
    }

    /// Unplugs everything.
    pub fn clear(self) {
        for key in &self.keys {
            self.guest.key(key).touch_never();
            self.guest.key(key).unplug();
        }
    }
}

/// A row that has failed has left its keys.
fn unplug_all(guest: &Guest) {
    let list = guest.root("[ ! -S /run/virtual-key.sock ] || virtual-key ctl list").ok();
    if list.is_empty() {
        return;
    }
    let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    for key in list["keys"].as_array().expect("a list of keys") {
        if key["plugged"] == true {
            guest.key(key["name"].as_str().expect("a name")).unplug();
        }
    }
}

fn options(row: &Row) -> KeyOptions {
    let Wire { signing_ms, .. } = row.wire;
    let agreement = format!("pin-token={signing_ms}");
    // pamu2fcfg wants to see a certificate.
    let key = KeyOptions::default().with(&[
        "--attestation",
        "--signing-time",
        &signing_ms.to_string(),
        "--computing-time",
        &agreement,
    ]);
    match row.verification {
        Verification::None => key,
        Verification::Pin => key.pin(PIN),
        Verification::Fingerprint => key.pin(PIN).fingerprint(),
    }
}

fn enrol(guest: &Guest, key: &str, row: &Row) {
    guest.key(key).touch_always(HAND_MS);
    let has_pin = row.verification != Verification::None;
    let (option, input) = match row.keyring {
        Keyring::Opened => ("--keyring --password-stdin --pin-stdin", format!("{PASSWORD}\n{PIN}\n")),
        Keyring::Closed if has_pin => ("--pin-stdin", format!("{PIN}\n")),
        Keyring::Closed => ("", String::new()),
    };
    let discoverable = if row.credentials == Credentials::Discoverable { "--discoverable" } else { "" };
    let command = format!("passkey-enroll add --user {USER} --name {key} {discoverable} {option}");
    guest.run("root", &command, input.as_bytes(), PATIENCE).ok();
    guest.key(key).touch_never();
}

/// All passkeys of a user stand in one line, of which only the first begins with their name.
fn enrol_u2f(guest: &Guest, key: &str, row: &Row) {
    guest.key(key).touch_always(HAND_MS);
    let is_first = guest.root(&format!("test -s {AUTHFILE}")).status != 0;
    let whose = if is_first { format!("-u {USER}") } else { "-n".to_owned() };
    let options = match (row.verification, row.credentials) {
        (Verification::Pin, Credentials::Discoverable) => "-r -N",
        (Verification::Pin, Credentials::Listed) => "-N",
        (Verification::None | Verification::Fingerprint, _) => "",
    };
    let line = format!("pamu2fcfg {options} {whose} >line && tr -d '\\n' <line >>{AUTHFILE}");
    let mut tool = guest.terminal("root", &line);
    if row.verification == Verification::Pin {
        tool.expect("PIN").type_line(PIN);
    }
    let exit = tool.wait();
    assert_eq!(exit.status, 0, "{}", exit.screen);
    guest.key(key).touch_never();
}

/// Registers with SSSD's program: the credential's id and its public key.
fn register(guest: &Guest, key: &str, row: &Row) -> (String, String) {
    guest.key(key).touch_always(HAND_MS);
    let has_pin = row.verification == Verification::Pin;
    let command = format!(
        "{} --register --quiet --username={USER} --domain={DOMAIN} --user-verification={has_pin}",
        Implementation::PasskeyChild.file()
    );
    let input = if has_pin { PIN } else { "" };
    let said = guest.run("root", &command, input.as_bytes(), PATIENCE).ok();
    guest.key(key).touch_never();
    let passkey = said.lines().find_map(|line| line.strip_prefix("passkey:"));
    let (id, key) = passkey.and_then(|passkey| passkey.split_once(',')).unwrap_or_else(|| panic!("{said}"));
    (id.to_owned(), key.to_owned())
}

/// Passkeys of keys that are not there: like the last one, with an id that no key has made.
fn add_lost_passkeys(guest: &Guest, row: &Row) {
    let count = row.passkeys - row.keys;
    if count == 0 {
        return;
    }
    let mut file = CredentialFile::parse(&guest.root(&format!("cat {CREDENTIAL_FILE}")).ok())
        .expect("it was written by us");
    lose_passkeys(&mut file, count);
    guest.write_as(CREDENTIAL_FILE, file.encode(), "root", 0o644);
    let line = with_lost_credentials(&guest.root(&format!("cat {AUTHFILE}")).ok(), count);
    guest.write(AUTHFILE, line);
}

/// GDM's worker, which offers the exchange of JSON and is given the PIN in it.
fn by_gdm(service: &str) -> SignIn {
    let offered = "GDM_SUPPORTED_PAM_EXTENSIONS=org.gnome.DisplayManager.UserVerifier.CustomJSON";
    let words = ["env", offered, "gdm-session-worker", service, USER].map(str::to_owned);
    let reply = format!(
        r#"{{"authSelection":{{"status":"Ok","passkey":{{"pin":"{PIN}","kerberos":false,"cryptoChallenge":""}}}}}}"#
    );
    SignIn { by: By::Program(words.to_vec()), answers: vec![reply] }
}

/// Puts so many passkeys before those of a file, which are like the last one and whose ids no key has made; 255 at most.
pub fn lose_passkeys(file: &mut CredentialFile, count: usize) {
    let last = file.credentials.last().expect("it has been enrolled").clone();
    let ids = other_ids(last.id.as_bytes(), count);
    let others = ids.into_iter().enumerate().map(|(number, id)| Credential {
        id: CredentialId::new(id).expect("as long as another"),
        name: format!("lost {number}"),
        ..last.clone()
    });
    file.credentials.splice(0..0, others.collect::<Vec<_>>());
}

/// So many ids of the same length, none of them this one.
fn other_ids(id: &[u8], count: usize) -> Vec<Vec<u8>> {
    let (first, rest) = id.split_first().expect("an id is not empty");
    let numbers = (0..=u8::MAX).filter(|number| number != first).take(count);
    let ids: Vec<_> = numbers.map(|number| [&[number], rest].concat()).collect();
    assert_eq!(ids.len(), count, "a byte tells no more of them apart");
    ids
}

/// `USER:ID,KEY,…:ID,KEY,…` with so many more behind the user's name.
fn with_lost_credentials(line: &str, count: usize) -> String {
    let (user, credentials) = line.trim_end().split_once(':').expect("a user and credentials");
    let last = credentials.rsplit(':').next().expect("at least one");
    let (id, rest) = last.split_once(',').expect("an id and a key");
    let id = Base64::decode_vec(id).expect("pamu2fcfg writes base64");
    let others = other_ids(&id, count);
    let others = others.iter().map(|id| format!("{},{rest}", Base64::encode_string(id)));
    let all: Vec<_> = others.chain([credentials.to_owned()]).collect();
    format!("{user}:{}\n", all.join(":"))
}

/// Everyone on a machine with so many users has what the user has.
fn populate(guest: &Guest, users: usize) {
    let population = Population {
        users,
        user: USER.to_owned(),
        credential_file: CREDENTIAL_FILE.to_owned(),
        folder: credential_files(users),
        u2f_line: guest.root(&format!("cat {AUTHFILE}")).ok(),
        authfile: authfile(users),
    };
    let input = serde_json::to_vec(&population).expect("plain data");
    guest.run("root", "bench-probe populate && sync", &input, POPULATING).ok();
    let settings = format!("credential_files = [\"{}/{{user}}.toml\"]\n", credential_files(users));
    guest.write(&configuration(users), settings);
}

#[cfg(test)]
mod tests {
    use super::{other_ids, with_lost_credentials};

    #[test]
    fn a_lost_passkey_has_an_id_of_its_own() {
        let ids = other_ids(&[1, 7, 7], 199);
        assert!(ids.iter().all(|id| id[1..] == [7, 7] && id[0] != 1));
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 199);
    }

    #[test]
    fn pam_u2f_finds_the_right_one_last() {
        let line = with_lost_credentials("alice:AQI=,key,es256,+presence", 2);
        assert_eq!(
            line,
            "alice:AAI=,key,es256,+presence:AgI=,key,es256,+presence:AQI=,key,es256,+presence\n"
        );
    }
}
