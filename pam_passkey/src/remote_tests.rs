use super::*;

fn sudo() -> Origin {
    Origin {
        service: "sudo".into(),
        tty: Some("/dev/pts/3".into()),
        hostname: Some("laptop.example.org".into()),
        ..Origin::default()
    }
}

#[test]
fn a_person_at_this_machine_is_local() {
    assert_eq!(sudo().remote_sign(), None);
    assert_eq!(Origin::default().remote_sign(), None);
    for service in
        ["sudo", "su", "login", "polkit-1", "gdm-password", "lightdm", "kde-u2f", "swaylock", "passwd"]
    {
        let origin = Origin { service: service.into(), ..sudo() };
        assert_eq!(origin.remote_sign(), None, "{service}");
    }
}

#[test]
fn names_and_addresses_of_this_machine_are_local() {
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localhost.localdomain",
        "ip6-localhost",
        "laptop.example.org",
        "Laptop.Example.ORG.",
        "laptop",
        "127.0.0.1",
        "127.1.2.3",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
    ] {
        let origin = Origin { rhost: Some(host.into()), ..sudo() };
        assert_eq!(origin.remote_sign(), None, "{host}");
    }
}

#[test]
fn other_hosts_are_remote() {
    for host in [
        "desk.example.org",
        "laptop.example.com",
        "laptop2",
        "lap",
        "192.0.2.1",
        "2001:db8::1",
        "::ffff:192.0.2.1",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "UNKNOWN",
    ] {
        let origin = Origin { rhost: Some(host.into()), ..sudo() };
        assert_eq!(origin.remote_sign(), Some(RemoteSign::RemoteHost(host.into())), "{host}");
    }
    let nameless = Origin { rhost: Some("laptop".into()), hostname: None, ..sudo() };
    assert!(nameless.remote_sign().is_some(), "without a name of our own nothing equals it");
    let short =
        Origin { rhost: Some("laptop.evil.example".into()), hostname: Some("laptop".into()), ..sudo() };
    assert!(short.remote_sign().is_some(), "a domain that is not ours");
}

#[test]
fn what_sshd_leaves_behind_is_remote() {
    let tty = Origin { tty: Some("ssh".into()), ..sudo() };
    assert_eq!(tty.remote_sign(), Some(RemoteSign::SshTty));
    let variable = Origin { ssh_variable: Some("SSH_CONNECTION"), ..sudo() };
    assert_eq!(variable.remote_sign(), Some(RemoteSign::SshVariable("SSH_CONNECTION")));
    let local_host = Origin { rhost: Some("127.0.0.1".into()), service: "sshd".into(), ..sudo() };
    assert_eq!(
        local_host.remote_sign(),
        Some(RemoteSign::Service("sshd".into())),
        "a tunnel ends at the loopback"
    );
}

#[test]
fn services_for_other_machines_are_remote() {
    for service in [
        "sshd",
        "sshd-password",
        "SSHD",
        "openssh",
        "telnet",
        "vsftpd",
        "proftpd",
        "rsh",
        "rlogin",
        "rexec",
        "x11vnc",
        "vncserver-x11",
        "xrdp-sesman",
        "cockpit",
        "mosh-server",
    ] {
        let origin = Origin { service: service.into(), ..sudo() };
        assert_eq!(origin.remote_sign(), Some(RemoteSign::Service(service.into())), "{service}");
    }
}

#[test]
fn what_logind_says_counts_where_nothing_else_does() {
    let session = RemoteSession { id: "3".into(), host: Some("192.0.2.7".into()) };
    let origin = Origin { session: Some(Ok(session.clone())), ..sudo() };
    assert_eq!(origin.remote_sign(), Some(RemoteSign::Session(session)));
    let origin = Origin { session: Some(Err(Errno::MFILE)), ..sudo() };
    assert_eq!(origin.remote_sign(), Some(RemoteSign::UnknownSession(Errno::MFILE)));
}

#[test]
fn each_sign_is_told_in_words() {
    let session = |host: Option<&str>| {
        RemoteSign::Session(RemoteSession { id: "3".into(), host: host.map(str::to_owned) })
    };
    for (sign, words) in [
        (RemoteSign::RemoteHost("a\nb".into()), r#"PAM_RHOST is "a\nb""#),
        (RemoteSign::SshTty, r#"PAM_TTY is "ssh""#),
        (RemoteSign::SshVariable("SSH_TTY"), "SSH_TTY is set in the PAM environment"),
        (RemoteSign::Service("sshd".into()), r#"the service "sshd" serves other machines"#),
        (session(Some("a\nb")), r#"session "3" is one from "a\nb""#),
        (session(None), r#"session "3" is one from another machine"#),
    ] {
        assert_eq!(sign.to_string(), words);
    }
}
