use super::*;

fn of(service: &str, program: &str) -> &'static str {
    Host::of(service, Some(program)).name
}

#[test]
fn hosts_are_known_by_service_and_program() {
    for (service, program, name) in [
        ("sudo", "sudo", "terminal"),
        ("sudo", "some-host", "terminal"),
        ("SUDO", "sudo", "terminal"),
        ("polkit-1", "polkit-agent-he", "polkit"),
        ("lightdm", "lightdm", "lightdm"),
        ("lightdm-mine", "lightdm", "lightdm"),
        ("gdm-password", "gdm-session-wor", "gdm"),
        ("gdm-fingerprint", "gdm-session-wor", "gdm-beside"),
        ("gdm-switchable-auth", "gdm-session-wor", "gdm-switchable-auth"),
        ("gdm-of-tomorrow", "gdm-session-wor", "gdm"),
        ("sddm", "sddm-helper", "sddm"),
        ("plasmalogin", "plasmalogin-hel", "plasmalogin"),
        ("kde", "kscreenlocker_g", "kde"),
        ("greetd", "greetd", "greetd"),
        ("swaylock", "swaylock", "swaylock"),
        ("i3lock", "i3lock", "i3lock"),
        ("gtklock", "gtklock", "gtklock"),
        ("hyprlock", "hyprlock", "hyprlock"),
        ("su", "hyprlock", "terminal"),
        ("xscreensaver", "xscreensaver-au", "xscreensaver"),
        ("vsftpd", "vsftpd", "other"),
        // A file of a greeter that something else runs, such as a rehearsal.
        ("gdm-password", "passkey-enroll", "other"),
        ("gdm-switchable-auth", "pamtester", "other"),
        ("lightdm", "", "other"),
        ("sddm", "gdm-session-wor", "other"),
        // As Nix has them.
        ("gdm-password", ".gdm-session-wo", "gdm"),
        ("swaylock", ".swaylock-wrapp", "swaylock"),
        ("i3lock", ".i3lock-wrapped", "i3lock"),
        ("i3lock", ".i3lock-wrap", "other"),
        ("i3lock", "i3lock-wrapped", "other"),
        ("i3lock", "i3lock-color", "other"),
        ("i3lock", "i3loc", "other"),
        ("gdm-password", "gdm-session", "other"),
        ("gdm-password", "gdm-session-wort", "other"),
    ] {
        assert_eq!(of(service, program), name, "{service} in {program}");
    }
    assert_eq!(Host::of("gdm-password", None).name, "gdm", "nothing contradicts it");
    assert_eq!(Host::of("", None).name, "other");
}

#[test]
fn every_row_can_be_named_and_none_twice() {
    let names: Vec<&str> = Host::names().collect();
    for (index, name) in names.iter().enumerate() {
        assert_eq!(names.iter().position(|other| other == name), Some(index), "{name}");
        assert_eq!(Host::named(name).map(|host| host.name), Some(*name));
    }
    assert_eq!(Host::named("Gdm"), None);
    let services: Vec<&str> = TABLE.iter().flat_map(|host| host.services).copied().collect();
    for (index, service) in services.iter().enumerate() {
        assert_eq!(services.iter().position(|other| other == service), Some(index), "{service}");
        assert!(service.len() < 64 && service.bytes().all(|byte| byte.is_ascii_graphic()), "{service}");
    }
}

/// What the design has for hosts that were tried before there was a table.
#[test]
fn the_hosts_of_old_are_as_they_were() {
    for service in ["sudo", "sudo-i", "su", "su-l", "login", "sshd", "polkit-1", "some-service"] {
        let Host { name, services, pictures, .. } = Host::of(service, Some("host"));
        let row = Host { name, services, pictures: *pictures, ..OTHER };
        assert_eq!(Host::of(service, Some("host")), &row, "{service}");
    }
}

/// A picture needs rows that stay below each other, in letters of one width.
#[test]
fn pictures_are_for_terminals() {
    for host in TABLE.iter().chain([&OTHER]) {
        assert_eq!(host.pictures == Pictures::Shown, host.name == "terminal", "{}", host.name);
    }
}

#[test]
fn one_answer_counts_once() {
    for host in TABLE {
        let allowed = host.pin_attempts(3);
        assert_eq!(allowed, if host.answers == Answers::Fresh { 3 } else { 1 }, "{host:?}");
    }
}

/// gnome-shell counts both as "service unavailable" and never prompts again, where no other service is left.
#[test]
fn gdm_is_never_left_dead() {
    let gdm = Host::named("gdm").unwrap();
    assert_eq!(
        (gdm.unavailable, gdm.max_tries),
        (FailureCode::CredInsufficient, FailureCode::CredInsufficient)
    );
    for host in TABLE.iter().chain([&OTHER]).filter(|host| host.name != "gdm") {
        assert_eq!((host.unavailable, host.max_tries), (FailureCode::AuthinfoUnavail, FailureCode::MaxTries));
    }
}

/// gnome-shell never asks again when it has messages to show for more than ten seconds, of which its own takes some.
#[test]
fn long_last_words_are_read_before_the_sign_in_ends() {
    let seconds = |length: usize| f64::from(u32::try_from(length).unwrap()) * 0.048;
    for name in ["gdm", "gdm-beside", "gdm-switchable-auth"] {
        let gdm = Host::named(name).unwrap();
        for length in 0..=280 {
            let stay = gdm.stay(&"ü".repeat(length)).as_secs_f64();
            assert!(seconds(length) - stay <= 4.001, "{length} characters: {stay} s");
            assert!(stay == 0.0 || seconds(length) > 4.0, "{length} characters: {stay} s for nothing");
        }
        assert_eq!(gdm.stay("No security key was plugged in."), Duration::ZERO);
        assert_eq!(gdm.stay(&"x".repeat(100_000)), Duration::from_secs(10));
    }
    for host in TABLE.iter().chain([&OTHER]).filter(|host| !host.name.starts_with("gdm")) {
        assert_eq!(host.stay(&"x".repeat(280)), Duration::ZERO, "{host:?}");
    }
}

#[test]
fn no_line_is_too_long_for_a_program_that_does_not_break_them() {
    let gtklock = Host::named("gtklock").unwrap();
    let message = "That PIN was wrong, too. The security key takes 5 more tries before it locks. If asked again, type your password.";
    let lines = gtklock.in_lines(message.to_owned());
    assert_eq!(
        lines,
        "That PIN was wrong, too. The security key takes 5 more tries\nbefore it locks. If asked again, type your password."
    );
    assert_eq!(lines.replace('\n', " "), message);
    assert_eq!(gtklock.in_lines("Touch your security key.".to_owned()), "Touch your security key.");
    assert_eq!(gtklock.in_lines("ä".repeat(70)), "ä".repeat(70));
    assert_eq!(OTHER.in_lines(message.to_owned()), message);
}
