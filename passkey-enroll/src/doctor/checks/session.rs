//! Does the caller sit at this machine?

use crate::doctor::finding::{Area, Finding};
use crate::doctor::machine::Machine;

pub(in crate::doctor) fn check(machine: &Machine) -> Vec<Finding> {
    let remote = session_id(machine).and_then(|id| remote_host(machine, &id));
    let remote = remote.or_else(|| {
        // Outside of logind's sessions. Nothing depends on it but this message.
        let connection = std::env::var("SSH_CONNECTION").ok()?;
        Some(connection.split(' ').next().unwrap_or_default().to_owned())
    });
    let Some(host) = remote else { return Vec::new() };
    let from = if host.is_empty() { String::new() } else { format!(" ({host})") };
    vec![
        Finding::note(
            Area::Keys,
            "remote_session",
            format!("You are at another machine{from}: a security key that is plugged in there cannot be used here."),
        )
        .remedy("Sign in at this machine itself. For SSH, passkeys are OpenSSH's own: ssh-keygen -t ed25519-sk"),
    ]
}

/// The session of this process, as logind counts it: by its control group, else by the audit session.
fn session_id(machine: &Machine) -> Option<String> {
    let is_id = |id: &str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let by_group = machine.text("/proc/self/cgroup").and_then(|groups| {
        let mut parts = groups.lines().flat_map(|line| line.split('/'));
        parts.find_map(|part| part.strip_prefix("session-")?.strip_suffix(".scope").map(str::to_owned))
    });
    let by_audit = || machine.text("/proc/self/sessionid").map(|id| id.trim().to_owned());
    by_group.or_else(by_audit).filter(|id| is_id(id))
}

/// The host that a remote session comes from, empty where logind does not know it. `None` for a local session.
fn remote_host(machine: &Machine, id: &str) -> Option<String> {
    let text = machine.text(format!("/run/systemd/sessions/{id}"))?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    (value("REMOTE") == Some("1")).then(|| value("REMOTE_HOST").unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn logind_knows_who_sits_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::below(root.path());
        for folder in ["proc/self", "run/systemd/sessions"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let put = |path: &str, text: &str| fs::write(root.path().join(path), text).unwrap();
        put("proc/self/cgroup", "0::/user.slice/user-1000.slice/session-7.scope\n");
        put("proc/self/sessionid", "8");
        put("run/systemd/sessions/7", "UID=1000\nREMOTE=1\nREMOTE_HOST=203.0.113.7\n");
        put("run/systemd/sessions/8", "UID=1000\nREMOTE=0\n");
        let findings = check(&machine);
        assert!(findings[0].message.contains("(203.0.113.7)"), "{findings:?}");
        put("proc/self/cgroup", "0::/system.slice/x.service\n");
        assert_eq!(remote_host(&machine, &session_id(&machine).unwrap()), None);
        put("proc/self/sessionid", "../../../etc/passwd");
        assert_eq!(session_id(&machine), None);
    }
}
