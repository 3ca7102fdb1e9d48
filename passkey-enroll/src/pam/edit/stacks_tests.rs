//! Real stacks of distributions, in `tests/stacks`: who gets in, and how each service is switched on.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::*;
use crate::pam::parse::{Call, Dialect, Includes, Reader, ReturnValue};
use crate::pam::simulate::Verdict;
use crate::pam::simulate::dispatch::{Possible, Program};

/// Services, who gets in today, and where the line goes: behind the password, in its place.
pub(in crate::pam) type Row = (&'static str, &'static str, &'static str, &'static str);

/// Nothing in it asks for a password.
const NONE: &str = "refused: NoPassword";
const REMOTE: &str = "refused: ServesOthers";

/// Debian and Ubuntu, with or without `pam_cap`, and with `pam_sss`.
const DEBIAN: &[Row] = &[
    ("sudo sudo-i su polkit-1 other", "password", "after common-auth", "sufficient before common-auth"),
    ("su-l", "password", "after su", NONE),
    ("login gdm-password sddm lightdm", "password", "after common-auth", "[success=1] round common-auth"),
    ("sshd", "password", REMOTE, REMOTE),
    ("gdm-fingerprint", "biometric", NONE, NONE),
    ("gdm-autologin lightdm-autologin", "nothing", NONE, NONE),
];

/// Debian 12 and 13 with all greeters and lockers; greetd, and lockers, include login.
const DEBIAN_DESKTOP: &[Row] = &[
    ("sudo sudo-i su other xscreensaver", "password", "after common-auth", "sufficient before common-auth"),
    ("login gdm-password sddm lightdm kde", "password", "after common-auth", "[success=1] round common-auth"),
    ("greetd", "password", "after login", "[success=1] round login"),
    ("i3lock swaylock gtklock", "password", "after login", "sufficient before login"),
    ("xfce4-screensaver", "password", "after common-auth", "[success=1] round common-auth"),
    ("gdm-fingerprint kde-fingerprint", "biometric", NONE, NONE),
    ("gdm-autologin lightdm-autologin sddm-autologin", "nothing", NONE, NONE),
];

/// Debian's sid, where the common files unlock keyrings.
const SID_DESKTOP: &[Row] = &[
    (
        "sudo xscreensaver swaylock hyprlock i3lock",
        "password",
        "after common-auth",
        "sufficient before common-auth",
    ),
    (
        "login gdm-password sddm lightdm kde plasmalogin greetd sudo-i su other",
        "password",
        "after common-auth",
        "[success=1] round common-auth",
    ),
    ("gtklock", "password", "after login", "sufficient before login"),
    ("xfce4-screensaver", "password", "after common-auth", "[success=1] round common-auth"),
    ("gdm-fingerprint kde-fingerprint", "biometric", NONE, NONE),
    ("gdm-autologin lightdm-autologin sddm-autologin plasmalogin-autologin", "nothing", NONE, NONE),
];

/// A finger is as good as the password there, and the passkey comes behind either.
const DEBIAN_FINGERPRINT: &[Row] = &[
    (
        "sudo sudo-i su polkit-1 other",
        "password or biometric",
        "after common-auth",
        "sufficient before common-auth",
    ),
    ("su-l", "password or biometric", "after su", NONE),
    (
        "login gdm-password sddm lightdm",
        "password or biometric",
        "after common-auth",
        "[success=1] round common-auth",
    ),
    ("sshd", "password or biometric", REMOTE, REMOTE),
    ("gdm-fingerprint", "biometric", NONE, NONE),
    ("gdm-autologin lightdm-autologin", "nothing", NONE, NONE),
];

/// Fedora's services, where `system-auth` and `password-auth` take these.
macro_rules! fedora {
    ($system:literal, $password:literal, $finger:literal, $card:literal) => {
        &[
            ("sudo polkit-1", $system, "after substack system-auth", "sufficient before system-auth"),
            ("sudo-i", $system, "after substack sudo", "sufficient before sudo"),
            ("su", $system, "after system-auth", "[success=1] round system-auth"),
            ("su-l", $system, "after su", NONE),
            ("login", $system, "after system-auth", "[success=1] round system-auth"),
            ("sshd", $password, REMOTE, REMOTE),
            (
                "gdm-password sddm",
                concat!($password, "; exempt: pam_selinux_permit"),
                "after password-auth; exempt: pam_selinux_permit",
                "[success=1] round password-auth; exempt: pam_selinux_permit",
            ),
            (
                "lightdm",
                concat!($system, "; exempt: pam_selinux_permit"),
                "after system-auth; exempt: pam_selinux_permit",
                "[success=1] round system-auth; exempt: pam_selinux_permit",
            ),
            ("gdm-fingerprint", $finger, NONE, NONE),
            ("gdm-smartcard", $card, NONE, NONE),
            ("other", "shut", NONE, NONE),
        ]
    };
}

const FEDORA: &[Row] = fedora!("password", "password", "shut", "shut");
const FEDORA_FINGERPRINT: &[Row] = fedora!("password or biometric", "password", "biometric", "shut");
const FEDORA_GSSAPI: &[Row] = fedora!("password or network", "password", "shut", "shut");
const FEDORA_U2F: &[Row] = fedora!("password or token", "password or token", "shut", "shut");
const FEDORA_SMARTCARD: &[Row] = fedora!("password or token", "password", "shut", "token");

/// The greeters for passwords are shut there, but for those whom `pam_selinux_permit` lets in.
const FEDORA_SMARTCARD_REQUIRED: &[Row] = &[
    ("sudo polkit-1", "password or token", "after substack system-auth", "sufficient before system-auth"),
    ("login su", "password or token", "after system-auth", "[success=1] round system-auth"),
    ("sshd", "shut", REMOTE, REMOTE),
    ("gdm-password sddm", "shut; exempt: pam_selinux_permit", "refused: Faulty", "refused: Faulty"),
    ("gdm-smartcard", "token", NONE, NONE),
];

/// openSUSE's services, where `common-auth` takes these and the line goes there.
macro_rules! opensuse {
    ($takes:literal, $after:literal) => {
        &[
            (
                "sudo su su-l login gdm-password sddm lightdm polkit-1",
                $takes,
                $after,
                "sufficient before common-auth",
            ),
            ("sshd", $takes, REMOTE, REMOTE),
            ("other", "shut", NONE, NONE),
        ]
    };
}

const OPENSUSE: &[Row] = opensuse!("password", "after common-auth");
/// The first of two that are enough would end it all.
const OPENSUSE_SEVERAL: &[Row] = opensuse!("password", "after substack common-auth");
const OPENSUSE_FINGERPRINT: &[Row] = opensuse!("password or biometric", "after substack common-auth");

const ARCH: &[Row] = &[
    ("sudo polkit-1", "password", "after system-auth", "sufficient before system-auth"),
    ("su su-l", "password", "after pam_unix", "sufficient before pam_unix"),
    ("login", "password", "after system-local-login", "sufficient before system-local-login"),
    ("gdm-password", "password", "after system-local-login", "[success=1] round system-local-login"),
    ("sddm lightdm", "password", "after system-login", "[success=1] round system-login"),
    ("sshd", "password", REMOTE, REMOTE),
    ("gdm-fingerprint", "biometric", NONE, NONE),
    ("other", "shut", NONE, NONE),
];

const GENTOO: &[Row] = &[
    ("sudo su su-l polkit-1", "password", "after system-auth", "sufficient before system-auth"),
    ("login lightdm", "password", "after system-local-login", "sufficient before system-local-login"),
    ("gdm-password", "password", "after system-local-login", "[success=1] round system-local-login"),
    ("sddm", "password", "after system-login", "[success=1] round system-login"),
    ("sshd", "password", REMOTE, REMOTE),
    ("other", "shut", NONE, NONE),
    ("system-services", "nothing", NONE, NONE),
];

const ALPINE: &[Row] = &[
    (
        "su login gdm-password lightdm polkit-1 other",
        "password",
        "after base-auth",
        "sufficient before base-auth",
    ),
    ("sddm", "password", "after base-auth", "[success=1] round base-auth"),
    ("sshd", "password", REMOTE, REMOTE),
];

const VOID: &[Row] = &[
    ("sudo polkit-1", "password", "after system-auth", "sufficient before system-auth"),
    ("su su-l lightdm other", "password", "after pam_unix", "sufficient before pam_unix"),
    ("login", "password", "after system-local-login", "sufficient before system-local-login"),
    ("gdm-password", "password", "after system-local-login", "[success=1] round system-local-login"),
    ("sddm", "password", "after system-login", "[success=1] round system-login"),
    ("sshd", "password", REMOTE, REMOTE),
];

/// The password ends the stack, so that the passkey comes before it.
const NIXOS: &[Row] = &[
    ("sudo polkit-1 login", "password", "first", "sufficient before pam_unix"),
    ("su", "password", "after pam_faillock", "sufficient before pam_unix"),
    ("gdm-password sddm lightdm", "password", "after login", "sufficient before login"),
    ("sshd", "password", REMOTE, REMOTE),
    ("other", "shut", NONE, NONE),
];

const NIXOS_U2F: &[Row] = &[
    (
        "sudo polkit-1 login su",
        "password or biometric or token",
        "after pam_fprintd; exempt: pam_fprintd pam_u2f",
        "sufficient before pam_unix",
    ),
    ("gdm-password sddm lightdm", "password or biometric or token", "after login", "sufficient before login"),
    ("sshd", "password", REMOTE, REMOTE),
    ("other", "shut", NONE, NONE),
];

/// The files of `tests/stacks`, and what is right there.
pub(in crate::pam) const STACKS: [(&str, &[Row]); 39] = [
    ("alpine", ALPINE),
    ("arch", ARCH),
    ("debian-12", DEBIAN),
    ("debian-12-cap", DEBIAN),
    ("debian-12-desktop", DEBIAN_DESKTOP),
    ("debian-12-gnome-fprintd", DEBIAN_FINGERPRINT),
    ("debian-12-sss", DEBIAN),
    ("debian-13", DEBIAN),
    ("debian-13-cap", DEBIAN),
    ("debian-13-desktop", DEBIAN_DESKTOP),
    ("debian-13-gnome-fprintd", DEBIAN_FINGERPRINT),
    ("debian-13-sss", DEBIAN),
    ("debian-sid-desktop", SID_DESKTOP),
    ("fedora-authselect-local", FEDORA),
    ("fedora-authselect-sssd", FEDORA),
    ("fedora-authselect-winbind", FEDORA),
    ("fedora-local-with-faillock-fingerprint", FEDORA_FINGERPRINT),
    ("fedora-sssd-with-faillock", FEDORA),
    ("fedora-sssd-with-faillock-fingerprint-mdns4", FEDORA_FINGERPRINT),
    ("fedora-sssd-with-fingerprint", FEDORA_FINGERPRINT),
    ("fedora-sssd-with-gssapi", FEDORA_GSSAPI),
    ("fedora-sssd-with-mdns4", FEDORA),
    ("fedora-sssd-with-pam-u2f", FEDORA_U2F),
    // Those without a key of pam_u2f's need none.
    ("fedora-sssd-with-pam-u2f-2fa", FEDORA),
    ("fedora-sssd-with-smartcard", FEDORA_SMARTCARD),
    ("fedora-sssd-with-smartcard-required", FEDORA_SMARTCARD_REQUIRED),
    ("fedora-sssd-with-switchable-auth", FEDORA),
    ("fedora-sssd-with-systemd-homed", FEDORA),
    ("gentoo", GENTOO),
    ("nixos", NIXOS),
    ("nixos-gnome-fprintd-u2f", NIXOS_U2F),
    ("opensuse-tumbleweed", OPENSUSE),
    ("opensuse-tumbleweed-gnome-kde-fprintd", OPENSUSE_FINGERPRINT),
    ("opensuse-tumbleweed-homed", OPENSUSE_SEVERAL),
    ("opensuse-tumbleweed-sss", OPENSUSE_SEVERAL),
    ("opensuse-tumbleweed-winbind", OPENSUSE_SEVERAL),
    ("ubuntu-24.04", DEBIAN),
    ("ubuntu-24.04-desktop-sss", DEBIAN),
    ("void", VOID),
];

/// What is not as it should be yet; each is to go. A beginning of the root's name, the services, and why.
const NOT_YET: [(&str, &str, &str); 5] = [
    (
        "debian",
        "su-l",
        "root would be asked for a passkey before pam_rootok, which the included su has first",
    ),
    ("ubuntu", "su-l", "as on Debian"),
    ("fedora", "su-l", "as on Debian"),
    (
        "fedora-sssd-with-smartcard-required",
        "gdm-password sddm",
        "an exemption is taken for an open door where nobody else gets in",
    ),
    (
        "opensuse-tumbleweed-gnome-kde-fprintd",
        "sudo su su-l login gdm-password sddm lightdm polkit-1",
        "a stack of its own would leave no finger exempt, as elsewhere",
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks")
}

/// A machine with these files.
pub(in crate::pam) fn machine(name: &str) -> (tempfile::TempDir, ServiceFiles) {
    let root = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(folder().join(name)).unwrap();
    for section in text.split("==> ").skip(1) {
        let (path, lines) = section.split_once(" <==\n").unwrap();
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, lines).unwrap();
    }
    let files = ServiceFiles::new(root.path(), dialect(name));
    (root, files)
}

/// How the distribution's libpam reads them.
fn dialect(name: &str) -> Dialect {
    let newest = Dialect::default();
    match name.split_once('-').map_or(name, |(distribution, _)| distribution) {
        "debian" if name.starts_with("debian-13") || name.starts_with("debian-sid") => {
            Dialect { includes: Includes::EtcOnly, ..newest }
        }
        "debian" | "ubuntu" => Dialect { reader: Reader::Old, includes: Includes::EtcOnly, ..newest },
        _ => Dialect { at_include: false, ..newest },
    }
}

fn describe_verdict(verdict: &Verdict) -> String {
    let ways: Vec<String> =
        verdict
            .ways
            .iter()
            .map(|way| {
                if way.factors.is_empty() { "nothing".to_owned() } else { way.factors.names().join(" and ") }
            })
            .collect();
    let ways = if ways.is_empty() { "shut".to_owned() } else { ways.join(" or ") };
    assert_eq!(verdict.unknown, [], "each module is known");
    ways + &describe_exempt(&verdict.exempt)
}

fn describe_exempt(exempt: &[Exemption]) -> String {
    let mut names: Vec<&str> =
        exempt.iter().map(|exemption| exemption.line.rule.module_name().trim_end_matches(".so")).collect();
    names.sort_unstable();
    if names.is_empty() { String::new() } else { format!("; exempt: {}", names.join(" ")) }
}

/// Where the line went, by the one before it or behind it.
fn describe_draft(files: &ServiceFiles, service: &str, way: Way) -> String {
    let draft = match with_passkeys(files, &Config::default(), service, way, &[]) {
        Ok(draft) => draft,
        Err(NoDraft::Faulty(_)) => return "refused: Faulty".to_owned(),
        Err(refusal) => return format!("refused: {refusal:?}"),
    };
    let dialect = files.dialect();
    let lines = |bytes: &[u8]| -> Vec<Content> {
        let file = crate::pam::parse::ServiceFile::parse(bytes, dialect);
        file.lines().iter().map(|line| line.content.clone()).filter(is_for_auth).collect()
    };
    let before = lines(&files.read(service).unwrap().1.to_bytes());
    let after = lines(&draft.bytes);
    let place = after.iter().position(|line| matches!(line, Content::Rule(rule) if is_ours(rule))).unwrap();
    let Content::Rule(call) = &after[place] else { panic!("{after:?}") };
    let (before_it, behind_it) = (after[..place].last(), after.iter().skip(place).nth(1));
    let name = |line: Option<&Content>| {
        let line = line.unwrap();
        let name = match line {
            Content::Rule(rule) => rule.module_name().trim_end_matches(".so").to_owned(),
            Content::Include(include) => include.target.clone(),
            Content::Nothing | Content::Flawed { .. } => panic!("{line:?}"),
        };
        if before.contains(line) { name } else { format!("substack {name}") }
    };
    let words = match (way, call.control.to_string().as_str()) {
        (Way::SecondFactor, "required") if place == 0 => "first".to_owned(),
        (Way::SecondFactor, "required") => format!("after {}", name(before_it)),
        (Way::Passwordless, "sufficient") => format!("sufficient before {}", name(behind_it)),
        (Way::Passwordless, "[success=1 default=ignore]") => {
            format!("[success=1] round {}", name(behind_it).replace("substack ", ""))
        }
        other => panic!("{other:?}"),
    };
    words + &describe_exempt(&draft.exempt)
}

fn is_for_auth(content: &Content) -> bool {
    match content {
        Content::Rule(rule) => rule.facility == Facility::Auth,
        Content::Include(include) => include.facility.is_none_or(|facility| facility == Facility::Auth),
        Content::Nothing | Content::Flawed { .. } => false,
    }
}

#[test]
fn each_service_of_each_distribution_is_judged_right() {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for (name, table) in STACKS {
        let (_root, files) = machine(name);
        for (services, before, second, passwordless) in table {
            for service in services.split(' ') {
                if files.read(service).is_err() {
                    continue;
                }
                rows += 1;
                let verdict =
                    ServiceAccess::of(&files, service, &Config::default()).unwrap().verdict().unwrap();
                let found = [
                    describe_verdict(&verdict),
                    describe_draft(&files, service, Way::SecondFactor),
                    describe_draft(&files, service, Way::Passwordless),
                ];
                let is_right = found == [*before, *second, *passwordless];
                let is_late = is_not_yet(name, service);
                if is_right == is_late {
                    let late = if is_late { " (NOT_YET)" } else { "" };
                    wrong.push(format!(
                        "{name}, {service}{late}: {found:#?}, not {before}, {second}, {passwordless}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows > 300, "{rows}");
}

fn is_not_yet(name: &str, service: &str) -> bool {
    NOT_YET
        .iter()
        .any(|(root, services, _)| name.starts_with(root) && services.split(' ').any(|late| late == service))
}

/// Where a switch is not taken back yet: a finger, a card, a ticket or what `pam_selinux_permit` says that was enough before is
/// refused as if it opened.
fn is_not_taken_back_yet(verdict: &str) -> bool {
    verdict.contains(" or ") || verdict.contains("exempt")
}

/// Without the line it is what it was.
#[test]
fn what_was_switched_on_is_switched_off_again() {
    let (mut switched, mut not_taken_back) = (0, 0);
    for (name, _) in STACKS {
        let (_root, files) = machine(name);
        for service in simulate::services(&files) {
            for way in [Way::SecondFactor, Way::Passwordless] {
                let Ok(draft) = with_passkeys(&files, &Config::default(), &service, way, &[]) else {
                    continue;
                };
                switched += 1;
                let on = files.clone().with(&service, draft.bytes);
                let verdict = |files: &ServiceFiles| {
                    let access = ServiceAccess::of(files, &service, &Config::default()).unwrap();
                    describe_verdict(&access.verdict().unwrap())
                };
                let off = without_passkeys(&on, &Config::default(), &service);
                let was = verdict(&files);
                let Ok(off) = off else {
                    assert!(
                        is_not_taken_back_yet(&was) || is_not_yet(name, &service),
                        "{name}, {service}, {way:?}: {off:?}"
                    );
                    not_taken_back += 1;
                    continue;
                };
                let off = files.clone().with(&service, off);
                assert_eq!(verdict(&off), was, "{name}, {service}, {way:?}");
            }
        }
    }
    println!("{switched} switched on, {not_taken_back} not taken back");
    assert!(switched > 500, "{switched}");
}

/// Whatever each module answers.
#[test]
fn real_stacks_have_few_states() {
    let mut largest = (0, String::new());
    for (name, _) in STACKS {
        let (_root, files) = machine(name);
        for service in simulate::services(&files) {
            let stack = files.stack(&service, Facility::Auth).unwrap();
            let program = Program::new(&stack, |_| false);
            let any = |_: usize, _: &Call| ReturnValue::ALL.iter().copied().map(Possible::from).collect();
            largest = largest.max((program.states(&any).unwrap(), format!("{name}, {service}")));
        }
    }
    println!("{} states: {}", largest.0, largest.1);
    assert!((100..5000).contains(&largest.0), "{largest:?}");
}

/// However a stack is made, the answer does not keep anybody waiting; it may be that it is too complex.
#[test]
fn no_stack_takes_long() {
    let (_root, files) = machine("debian-12");
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let unknown = |control: &str| lines(60, &|n| format!("auth {control} pam_site{n}.so\n"));
    let checks = |count, control: &str| {
        lines(count, &|n| format!("auth {control} pam_succeed_if.so user = person{n}\n"))
    };
    for (name, text) in [
        ("jumps of 60 unknown modules", unknown("[success=1 default=ignore]")),
        ("60 unknown modules, all required", unknown("required")),
        ("60 unknown modules, any sufficient", unknown("sufficient")),
        ("60 conditions", checks(60, "[success=1 default=ignore]")),
        ("30 conditions, each asked twice", checks(30, "[success=1 default=ignore]").repeat(2)),
    ] {
        let text = text + "auth required pam_unix.so\n";
        let files = files.clone().with("door", text.into_bytes());
        let start = Instant::now();
        let verdict = ServiceAccess::of(&files, "door", &Config::default()).unwrap().verdict();
        let draft = with_passkeys(&files, &Config::default(), "door", Way::SecondFactor, &[]);
        let took = start.elapsed();
        println!("{name}: {} ms, verdict {}, draft {}", took.as_millis(), verdict.is_ok(), draft.is_ok());
        let patience = if cfg!(debug_assertions) { 15 } else { 2 };
        assert!(took < Duration::from_secs(patience), "{name}: {took:?}");
    }
}
