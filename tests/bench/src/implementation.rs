//! What is compared.

use guest::{Guest, libraries};
use serde::{Deserialize, Serialize};

use crate::row::{Credentials, Host, Keyring, Row, Verification};

/// Who signs in.
pub(crate) const USER: &str = "alice";
/// Her login password.
pub(crate) const PASSWORD: &str = "secret";
/// Where pam_u2f's authfile is, unless there are many users.
pub(crate) const AUTHFILE: &str = "/etc/u2f_mappings";
/// The older pam_u2f, beside the newer one.
pub(crate) const OLDER_PAM_U2F: &str = "/usr/local/lib/bookworm/pam_u2f.so";
/// SSSD's program, of Debian's package `sssd-passkey`.
pub(crate) const PASSKEY_CHILD: &str = "/usr/libexec/sssd/passkey_child";
/// Credential files of a machine with many users, and its authfile; on a disk, as on a real machine.
pub(crate) const POPULATION: &str = "/population";

/// Something that signs in with a security key: a PAM module, or the program that one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Implementation {
    /// `pam_permit`, which does nothing: what libpam and the probe take by themselves, to be subtracted.
    Nothing,
    /// Ours.
    PamPasskey,
    /// The suite's own pam_u2f.
    PamU2f,
    /// That of Debian 12, on the suite's libfido2.
    OlderPamU2f,
    /// The program that SSSD's daemon starts for a passkey, without the daemon and its directory.
    PasskeyChild,
}

/// A version of something that is compared, for a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Version {
    /// What.
    pub of: Implementation,
    /// Its name and version in one.
    pub text: String,
}

impl Implementation {
    /// All that are compared, in the order of the tables.
    pub const COMPARED: [Self; 4] = [Self::PamPasskey, Self::PamU2f, Self::OlderPamU2f, Self::PasskeyChild];
    /// Those that are called by libpam.
    pub(crate) const MODULES: [Self; 4] = [Self::Nothing, Self::PamPasskey, Self::PamU2f, Self::OlderPamU2f];

    /// Those that can do this work, after the empty stack, in the order of their turns.
    pub(crate) fn all_for(row: &Row) -> Vec<Self> {
        let compared = Self::COMPARED.into_iter().filter(|of| match of {
            Self::Nothing | Self::PamPasskey => true,
            Self::PamU2f | Self::OlderPamU2f => !row.is_for_ours_alone(),
            Self::PasskeyChild => row.is_for_passkey_child(),
        });
        [Self::Nothing].into_iter().chain(compared).collect()
    }

    /// Its PAM service; None: it is a program of its own.
    pub(crate) fn service(self) -> Option<&'static str> {
        match self {
            Self::Nothing => Some("bench-nothing"),
            Self::PamPasskey => Some("bench-passkey"),
            Self::PamU2f => Some("bench-u2f"),
            Self::OlderPamU2f => Some("bench-u2f-older"),
            Self::PasskeyChild => None,
        }
    }

    /// Where its module or program is.
    pub fn file(self) -> String {
        match self {
            Self::Nothing => format!("{}/security/pam_permit.so", libraries()),
            Self::PamPasskey => format!("{}/security/pam_passkey.so", libraries()),
            Self::PamU2f => format!("{}/security/pam_u2f.so", libraries()),
            Self::OlderPamU2f => OLDER_PAM_U2F.to_owned(),
            Self::PasskeyChild => PASSKEY_CHILD.to_owned(),
        }
    }

    /// Its service file for this work. Everyone shows the person what to do, and no one waits for a key.
    pub(crate) fn stack(self, row: &Row) -> String {
        let arguments = match self {
            Self::Nothing | Self::PasskeyChild => String::new(),
            Self::PamPasskey => {
                let verification = match (row.verification, row.credentials, row.keyring, row.host) {
                    (.., Host::Gdm) => "mode=passwordless host=gdm-switchable-auth",
                    (_, _, Keyring::Opened, _) => "mode=passwordless keyring=on",
                    (_, Credentials::Discoverable, ..) => "mode=passwordless usernameless",
                    (Verification::None, ..) => "mode=second-factor",
                    (Verification::Pin | Verification::Fingerprint, ..) => {
                        "mode=second-factor verification=required"
                    }
                };
                let many = if row.users > 1 {
                    format!(" config={}", configuration(row.users))
                } else {
                    String::new()
                };
                format!("{verification} wait_for_key=0 timeout=60{many}")
            }
            Self::PamU2f | Self::OlderPamU2f => {
                let verification = match row.verification {
                    Verification::None => "",
                    Verification::Pin => " pinverification=1",
                    Verification::Fingerprint => " userverification=1",
                };
                let authfile = if row.users > 1 { authfile(row.users) } else { AUTHFILE.to_owned() };
                format!("authfile={authfile} cue{verification}")
            }
        };
        format!("auth required {} {arguments}\n", self.file())
    }

    /// The user that its application names; none where our module is to be told by the key.
    pub(crate) fn user(self, row: &Row) -> &'static str {
        let is_told = self == Self::PamPasskey && row.credentials == Credentials::Discoverable;
        if is_told { "" } else { USER }
    }

    /// Its name and version, as the guest's package has it.
    pub fn version(self, guest: &Guest) -> Version {
        let packaged = |package: &str| guest.root(&format!("dpkg-query -W -f '${{Version}}' {package}")).ok();
        let text = match self {
            Self::Nothing => "libpam alone".to_owned(),
            Self::PamPasskey => "pam_passkey".to_owned(),
            Self::PamU2f => {
                format!("pam_u2f {}", upstream(&packaged("libpam-u2f")))
            }
            Self::PasskeyChild => format!("passkey_child {} (SSSD)", upstream(&packaged("sssd-passkey"))),
            Self::OlderPamU2f => {
                let status = guest::file_of_debian("bookworm", "var/lib/dpkg/status");
                let status = String::from_utf8(status).expect("dpkg's own text");
                let paragraph = status
                    .split("\n\n")
                    .find(|paragraph| paragraph.starts_with("Package: libpam-u2f\n"))
                    .expect("it is one of the usual packages");
                let version = paragraph.lines().find_map(|line| line.strip_prefix("Version: "));
                format!("pam_u2f {}", upstream(version.expect("every package has one")))
            }
        };
        Version { of: self, text }
    }
}

/// The version without Debian's part.
fn upstream(version: &str) -> &str {
    version.trim().rsplit_once('-').map_or(version.trim(), |(upstream, _)| upstream)
}

/// The module's configuration on a machine with so many users.
pub(crate) fn configuration(users: usize) -> String {
    format!("/etc/passkey/{users}-users.toml")
}

/// The folder of their credential files.
pub(crate) fn credential_files(users: usize) -> String {
    format!("{POPULATION}/{users}")
}

/// pam_u2f's authfile of so many users.
pub(crate) fn authfile(users: usize) -> String {
    format!("{POPULATION}/{users}.u2f")
}

#[cfg(test)]
mod tests {
    use super::{Implementation, upstream};
    use crate::row::Row;

    #[test]
    fn debians_part_of_a_version_is_left_out() {
        assert_eq!(upstream("1.1.0-1.1+deb12u1\n"), "1.1.0");
        assert_eq!(upstream("2"), "2");
    }

    #[test]
    fn a_work_load_is_the_same_for_all() {
        let stacks = |row: &str| {
            let row = Row::named(row).expect("a row");
            Implementation::MODULES.into_iter().skip(1).map(move |module| module.stack(&row))
        };
        let have = |row: &str, arguments: [&str; 3]| {
            stacks(row).zip(arguments).all(|(stack, argument)| stack.contains(argument))
        };
        assert!(have("pin", ["verification=required", "pinverification=1", "pinverification=1"]));
        assert!(have("users-10", ["/etc/passkey/10-users.toml", "/population/10.u2f", "/population/10.u2f"]));
        assert!(have("touch", ["second-factor", "cue", "cue"]));
        assert!(!have("touch", ["second-factor", "pinverification", "cue"]));
    }
}
