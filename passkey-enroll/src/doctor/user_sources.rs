//! The sources of the user database, and which of them do not list all their users.

use crate::doctor::machine::Machine;

/// Which sources there are (nsswitch.conf(5)).
const NSSWITCH: &str = "/etc/nsswitch.conf";
/// Sources that list every account they know: files of this machine, and systemd's own (homed's and containers' included).
const LIST_ALL: [&str; 6] = ["altfiles", "compat", "db", "extrausers", "files", "systemd"];
/// Where SSSD is told of its domains; without one it has no users.
const SSSD: [&str; 2] = ["/etc/sssd/sssd.conf", "/etc/sssd/conf.d"];

/// The sources of the user database that may know people whom they do not list, by their names in `nsswitch.conf`.
pub(super) fn unlisted(machine: &Machine) -> Vec<String> {
    let text = machine.text(NSSWITCH).unwrap_or_default();
    let mut sources = sources(&text);
    let lists_all = |source: &str| LIST_ALL.contains(&source) || source == "sss" && has_no_users(machine);
    sources.retain(|source| !lists_all(source));
    sources
}

/// The sources of `passwd`, without what is to be done after each; none where libc's own choice stands, which is `files`.
fn sources(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let Some(value) =
        lines.filter_map(|line| line.strip_prefix("passwd")?.trim_start().strip_prefix(':')).next_back()
    else {
        return Vec::new();
    };
    let mut sources = Vec::new();
    let mut rest = value;
    loop {
        let (words, after) = rest.split_once('[').unwrap_or((rest, ""));
        sources.extend(words.split_ascii_whitespace().map(str::to_owned));
        if after.is_empty() {
            return sources;
        }
        rest = after.split_once(']').map_or("", |(_, after)| after);
    }
}

/// Fedora names `sss` on every machine.
fn has_no_users(machine: &Machine) -> bool {
    let [file, folder] = SSSD.map(|path| machine.path(path));
    // Only where that is certain: the folder may be closed to this user.
    let is_absent = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    let no_file = file.symlink_metadata().is_err_and(|error| is_absent(&error));
    let no_snippet = match folder.read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => is_absent(&error),
    };
    no_file && no_snippet
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn sources_are_read_as_libc_reads_them() {
        for (text, expected) in [
            ("", &[][..]),
            ("group: sss\n#passwd: ldap\n", &[]),
            ("passwd: files systemd\n", &["files", "systemd"]),
            (
                "passwd:\tsss files [NOTFOUND=return !UNAVAIL=continue] ldap#winbind\n",
                &["sss", "files", "ldap"],
            ),
            ("passwd : files[success=merge]winbind [", &["files", "winbind"]),
        ] {
            assert_eq!(sources(text), expected, "{text:?}");
        }
    }

    #[test]
    fn who_may_know_more_than_they_list_is_named() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::below(root.path());
        fs::create_dir_all(root.path().join("etc/sssd/conf.d")).unwrap();
        let unlisted_of = |line: &str| {
            fs::write(root.path().join("etc/nsswitch.conf"), line).unwrap();
            unlisted(&machine)
        };
        assert_eq!(unlisted_of("passwd: compat systemd extrausers\n"), [""; 0]);
        assert_eq!(unlisted_of("passwd: files ldap winbind oslogin\n"), ["ldap", "winbind", "oslogin"]);
        // Named, and without a domain.
        assert_eq!(unlisted_of("passwd: sss files\n"), [""; 0]);
        fs::write(root.path().join("etc/sssd/conf.d/domain.conf"), "").unwrap();
        assert_eq!(unlisted_of("passwd: sss files\n"), ["sss"]);
    }
}
