//! The machine's own name, which becomes the RP ID where the configuration names none.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// Where the static host name stands (hostname(5)).
const STATIC_HOST_NAME: &str = "/etc/hostname";
/// The longest host name in bytes (RFC 1035, section 2.3.4, as text).
const MAX_HOST_NAME_LEN: usize = 253;
/// The longest label of a host name.
const MAX_LABEL_LEN: usize = 63;

/// The machine's static host name in lower case, else the kernel's.
///
/// # Errors
/// When neither is a name that tells this machine from others.
pub fn machine_rp_id() -> Result<String, HostNameError> {
    let kernel = rustix::system::uname();
    machine_rp_id_from(Path::new(STATIC_HOST_NAME), &kernel.nodename().to_string_lossy())
}

fn machine_rp_id_from(file: &Path, kernel: &str) -> Result<String, HostNameError> {
    let text = match read_start(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(HostNameError::Unreadable(error.kind())),
    };
    let name = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    checked(name.unwrap_or(kernel))
}

/// As much of the file as a host name with a comment could need.
fn read_start(file: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(file)?.take(4096).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `name` as an RP ID, if it is a host name (RFC 1123, section 2.1) that is this machine's alone.
fn checked(name: &str) -> Result<String, HostNameError> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name.is_empty() || name == "(none)" {
        return Err(HostNameError::NotSet);
    }
    if name == "localhost" || name.starts_with("localhost.") {
        return Err(HostNameError::Localhost);
    }
    let label_ok = |label: &str| {
        (1..=MAX_LABEL_LEN).contains(&label.len())
            // The underscore is no host name's, yet common in private networks.
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > MAX_HOST_NAME_LEN || !name.split('.').all(label_ok) {
        return Err(HostNameError::Malformed);
    }
    Ok(name)
}

/// Why the machine's name cannot be the RP ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostNameError {
    /// `/etc/hostname` is there and cannot be read.
    Unreadable(io::ErrorKind),
    /// The machine has no name.
    NotSet,
    /// The name is `localhost`, every machine's.
    Localhost,
    /// The name is not a host name.
    Malformed,
}

impl fmt::Display for HostNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(kind) => write!(f, "{STATIC_HOST_NAME} cannot be read ({kind})")?,
            Self::NotSet => f.write_str("this machine has no host name")?,
            Self::Localhost => {
                f.write_str("this machine's host name is localhost, the same as every other's")?;
            }
            Self::Malformed => f.write_str("this machine's host name is not a valid one")?,
        }
        f.write_str(": set `rp_id` in passkey.toml, or a host name with hostnamectl")
    }
}

impl std::error::Error for HostNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_static_name_comes_first_and_the_kernels_second() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hostname");
        for (content, kernel, result) in [
            (Some("blue.example.org\n"), "red", Ok("blue.example.org")),
            (Some("# a comment\n\n  Blue  \n"), "red", Ok("blue")),
            (Some(""), "red", Ok("red")),
            (None, "red", Ok("red")),
            (None, "(none)", Err(HostNameError::NotSet)),
            (Some("\n"), "", Err(HostNameError::NotSet)),
            (Some("localhost\n"), "red", Err(HostNameError::Localhost)),
            (None, "localhost.localdomain", Err(HostNameError::Localhost)),
            (Some("a b\n"), "red", Err(HostNameError::Malformed)),
            (Some("-a\n"), "red", Err(HostNameError::Malformed)),
            (Some("a..b\n"), "red", Err(HostNameError::Malformed)),
            (Some("h\u{f6}st\n"), "red", Err(HostNameError::Malformed)),
            (Some("\u{1b}[31m\n"), "red", Err(HostNameError::Malformed)),
            (Some(&"a".repeat(64)), "red", Err(HostNameError::Malformed)),
            (Some(&"a.".repeat(2000)), "red", Err(HostNameError::Malformed)),
            (Some("host.\n"), "red", Ok("host")),
        ] {
            let _ = std::fs::remove_file(&file);
            if let Some(content) = content {
                std::fs::write(&file, content).unwrap();
            }
            assert_eq!(
                machine_rp_id_from(&file, kernel),
                result.map(str::to_owned),
                "{content:?} {kernel:?}"
            );
        }
    }

    #[test]
    fn a_name_that_cannot_be_read_is_not_replaced_by_another() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(machine_rp_id_from(dir.path(), "red"), Err(HostNameError::Unreadable(_))));
    }
}
