use std::time::Duration;

use super::super::*;
use super::*;
use crate::account::{Account, PasswdEntry};

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("/etc/passkey/passkey.toml"), text)
}

fn account(name: &str, home: &str) -> Account {
    Account::from_entry(PasswdEntry { name: name.to_owned(), uid: 1000, gid: 1000, home: home.into() })
}

#[test]
fn without_a_file_the_built_in_values_hold() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::load(&dir.path().join("passkey.toml")).unwrap_or_else(|error| {
        // Whoever runs the tests owns the directory; only root's may hold a configuration.
        assert!(!rustix::process::geteuid().is_root(), "{error}");
        Config::default()
    });
    assert_eq!(config, Config::default());
    assert_eq!(config.credential_files.len(), 1);
    assert_eq!(
        config.policy("sudo", &Settings::default()),
        Policy {
            mode: Mode::SecondFactor,
            usernameless: false,
            verification: UserVerification::Discouraged,
            timeout: Duration::from_secs(30),
            wait_for_key: Duration::from_secs(30),
            unenrolled: Unenrolled::Deny,
            remote: Remote::Refuse,
            counter: CounterPolicy::Warn,
            recovery: Recovery::Deny,
            keyring: KeyringPolicy::Off,
            pin_attempts: 3,
            host: Host::of("sudo", None),
            quiet: false,
            debug: false,
        }
    );
}

#[test]
fn an_empty_file_is_like_none() {
    assert_eq!(parse("").unwrap(), Config::default());
    assert_eq!(parse("# only a comment\n[defaults]\n").unwrap(), Config::default());
}

#[test]
fn a_file_that_was_asked_for_must_exist() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Owner::RootOr(rustix::process::geteuid().as_raw());
    assert!(Config::read(&dir.path().join("passkey.toml"), owner).unwrap().is_none());
    if rustix::process::geteuid().is_root() {
        let error = Config::load_existing(&dir.path().join("passkey.toml")).unwrap_err();
        assert!(matches!(error.reason(), ConfigErrorReason::Missing), "{error}");
    }
}

#[test]
fn files_that_others_could_have_written_or_that_are_no_text_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("passkey.toml");
    let owner = Owner::RootOr(rustix::process::geteuid().as_raw());
    std::fs::write(&path, "[defaults]\ntimeout = 5\n").unwrap();
    assert_eq!(Config::read(&path, owner).unwrap().unwrap().defaults.timeout, Some(Duration::from_secs(5)));

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let error = Config::read(&path, owner).unwrap_err();
    assert!(
        matches!(error.reason(), ConfigErrorReason::File(SafeFileError::WritableByOthers { .. })),
        "{error}"
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();

    std::fs::write(&path, b"rp_id = \"\xff\"\n").unwrap();
    assert!(matches!(Config::read(&path, owner).unwrap_err().reason(), ConfigErrorReason::Syntax(_)));

    std::fs::write(&path, "#".repeat(64 * 1024 + 1)).unwrap();
    let error = Config::read(&path, owner).unwrap_err();
    assert!(matches!(error.reason(), ConfigErrorReason::File(SafeFileError::TooLarge { .. })), "{error}");
}

#[test]
fn every_key_is_read() {
    let config = parse(
        r#"
        credential_files = ["/etc/keys/{user}.toml", "{home}/.config/passkey/credentials.toml", "/srv/{uid}/keys"]
        state_dir = "/var/lib/other"
        recovery_dir = "/srv/recovery"
        keyring_dir = "/srv/keyring"
        rp_id = "host.example"

        [defaults]
        mode = "passwordless"
        usernameless = true
        verification = "preferred"
        timeout = 60
        wait_for_key = 0
        unenrolled = "ignore"
        remote = "allow"
        counter = "deny"
        recovery = "allow"
        keyring = "on"
        pin_attempts = 8
        host = "gdm"
        quiet = true
        debug = true
        "#,
    )
    .unwrap();
    let templates: Vec<&str> = config.credential_files.iter().map(Template::as_str).collect();
    assert_eq!(
        templates,
        ["/etc/keys/{user}.toml", "{home}/.config/passkey/credentials.toml", "/srv/{uid}/keys"]
    );
    assert_eq!(config.state_dir, Path::new("/var/lib/other"));
    assert_eq!(config.recovery_dir, Path::new("/srv/recovery"));
    assert_eq!(config.keyring_dir, Path::new("/srv/keyring"));
    assert_eq!(config.rp_id_for_enrolment().unwrap(), "host.example");
    assert_eq!(
        config.policy("any", &Settings::default()),
        Policy {
            mode: Mode::Passwordless,
            usernameless: true,
            verification: UserVerification::Preferred,
            timeout: Duration::from_secs(60),
            wait_for_key: Duration::ZERO,
            unenrolled: Unenrolled::Ignore,
            remote: Remote::Allow,
            counter: CounterPolicy::Deny,
            recovery: Recovery::Allow,
            keyring: KeyringPolicy::On,
            pin_attempts: 8,
            host: Host::named("gdm").unwrap(),
            quiet: true,
            debug: true,
        }
    );
}

#[test]
fn arguments_beat_the_service_which_beats_the_defaults() {
    let config = parse(
        r#"
        [defaults]
        timeout = 10
        pin_attempts = 4
        verification = "preferred"
        [service.sudo]
        timeout = 20
        [service.polkit-1]
        timeout = 25
        [service."Odd Name"]
        timeout = 26
        "#,
    )
    .unwrap();
    let mut arguments = Settings::default();
    let timeout = |service, arguments: &Settings| config.policy(service, arguments).timeout.as_secs();
    assert_eq!(timeout("login", &arguments), 10);
    assert_eq!(timeout("sudo", &arguments), 20);
    assert_eq!(timeout("SUDO", &arguments), 20);
    assert_eq!(timeout("polkit-1", &arguments), 25);
    assert_eq!(timeout("odd name", &arguments), 26);
    arguments.set("timeout", Some("30")).unwrap();
    let policy = config.policy("sudo", &arguments);
    assert_eq!(policy.timeout.as_secs(), 30);
    assert_eq!((policy.pin_attempts, policy.verification), (4, UserVerification::Preferred));
}

#[test]
fn of_two_spellings_of_a_service_the_one_in_lower_case_counts() {
    let config =
        parse("[service.login]\ntimeout = 19\n[service.sudo]\ntimeout = 20\n[service.Sudo]\ntimeout = 21\n");
    let config = config.unwrap();
    assert_eq!(config.service_names().collect::<Vec<_>>(), ["login", "sudo"]);
    assert_eq!(config.policy("sudo", &Settings::default()).timeout.as_secs(), 20);
}

#[test]
fn the_built_in_values_are_those_of_the_mode_that_comes_out() {
    let config = parse("[service.gdm-password]\nmode = \"passwordless\"\n").unwrap();
    let policy = config.policy("gdm-password", &Settings::default());
    assert_eq!(policy.verification, UserVerification::Required);
    assert_eq!(policy.wait_for_key, Duration::ZERO);
    let mut arguments = Settings::default();
    arguments.set("mode", Some("second-factor")).unwrap();
    let policy = config.policy("gdm-password", &arguments);
    assert_eq!(policy.verification, UserVerification::Discouraged);
    assert_eq!(policy.wait_for_key, Duration::from_secs(30));
}

#[test]
fn a_host_has_its_say_where_the_configuration_leaves_something_open() {
    let config = parse("[service.mine]\nhost = \"sddm\"\npin_attempts = 5\n").unwrap();
    let nothing = Settings::default();
    for (service, host, wait_s, pin_attempts) in [
        ("sudo", "terminal", 30, 3),
        ("sddm", "sddm", 0, 1),
        ("mine", "sddm", 0, 1),
        ("lightdm", "lightdm", 30, 3),
    ] {
        let policy = config.policy(service, &nothing);
        assert_eq!(
            (policy.host.name, policy.wait_for_key.as_secs(), policy.pin_attempts),
            (host, wait_s, pin_attempts),
            "{service}"
        );
    }
    // The process contradicts the service, and the configuration has the last word.
    let other = Host::of("sddm", Some("pamtester"));
    assert_eq!(config.policy_of_host("sddm", other, &nothing).host.name, "other");
    let mut arguments = Settings::default();
    arguments.set("host", Some("sddm")).unwrap();
    arguments.set("wait_for_key", Some("20")).unwrap();
    let policy = config.policy_of_host("sddm", other, &arguments);
    assert_eq!((policy.host.name, policy.wait_for_key.as_secs()), ("sddm", 20));
}

/// A text, and the whole message about it after the file's name.
const ERRORS: &[(&str, &str)] = &[
    ("\n[defaults]\ntimeot = 3\n", ":3: [defaults] unknown key `timeot`, did you mean `timeout`?"),
    ("[service.sudo]\nmodus = 'x'\n", ":2: [service.sudo] unknown key `modus`, did you mean `mode`?"),
    ("rpid = 'x'\n", ":1: unknown key `rpid`, did you mean `rp_id`?"),
    ("[services.sudo]\n", ":1: unknown key `services`, did you mean `service`?"),
    ("[default]\n", ":1: unknown key `default`, did you mean `defaults`?"),
    (
        "passwords = 1\n",
        ":1: unknown key `passwords`; the keys are credential_files, state_dir, recovery_dir, keyring_dir, rp_id, attestation, defaults, service",
    ),
    (
        "[defaults]\ntimeout = 0\n",
        ":2: [defaults] `timeout` cannot be `0`: give a whole number of seconds from 1 to 600",
    ),
    (
        "[defaults]\ntimeout = 601\n",
        ":2: [defaults] `timeout` cannot be `601`: give a whole number of seconds from 1 to 600",
    ),
    (
        "[defaults]\ntimeout = -1\n",
        ":2: [defaults] `timeout` cannot be `-1`: give a whole number of seconds from 1 to 600",
    ),
    (
        "[defaults]\ntimeout = '30'\n",
        ":2: [defaults] `timeout` cannot be `30`: give a whole number of seconds from 1 to 600",
    ),
    (
        "[defaults]\ntimeout = 1.5\n",
        ":2: [defaults] `timeout` cannot be `1.5`: give a whole number of seconds from 1 to 600",
    ),
    (
        "[defaults]\ntimeout = 99999999999999999999\n",
        ":2: [defaults] `timeout` cannot be `99999999999999999999`: give a whole number of seconds from 1 to 600",
    ),
    (
        "[defaults]\npin_attempts = 9\n",
        ":2: [defaults] `pin_attempts` cannot be `9`: give a whole number from 1 to 8",
    ),
    (
        "[defaults]\npin_attempts = 0\n",
        ":2: [defaults] `pin_attempts` cannot be `0`: give a whole number from 1 to 8",
    ),
    ("[defaults]\nquiet = 'yes'\n", ":2: [defaults] `quiet` cannot be `yes`: give true or false"),
    (
        "[defaults]\nmode = true\n",
        ":2: [defaults] `mode` cannot be `true`: give one of second-factor, passwordless",
    ),
    (
        "[defaults]\nverification = 'Required'\n",
        ":2: [defaults] `verification` cannot be `Required`: give one of required, preferred, discouraged",
    ),
    (
        "[defaults]\nremote = ['allow']\n",
        ":2: [defaults] `remote` cannot be `a list`: give one of refuse, allow",
    ),
    ("defaults = 3\n", ":1: `defaults` cannot be `3`: give a table"),
    ("service = 'sudo'\n", ":1: `service` cannot be `sudo`: give a table"),
    ("[service]\nsudo = 1\n", ":2: `sudo` cannot be `1`: give a table"),
    ("recovery_dir = 'relative'\n", ":1: `recovery_dir` cannot be `relative`: give an absolute path"),
    ("[defaults]\nrecovery = true\n", ":2: [defaults] `recovery` cannot be `true`: give one of deny, allow"),
    ("state_dir = 'relative'\n", ":1: `state_dir` cannot be `relative`: give an absolute path"),
    ("state_dir = '/var/../etc'\n", ":1: `state_dir` cannot be `/var/../etc`: give an absolute path"),
    (
        "rp_id = 'a b'\n",
        ":1: `rp_id` cannot be `a b`: give a name of at most 255 visible ASCII characters, such as the host name",
    ),
    (
        "rp_id = \"\\u001b[31m\"\n",
        ":1: `rp_id` cannot be `\\u{1b}[31m`: give a name of at most 255 visible ASCII characters, such as the host name",
    ),
    (
        "credential_files = []\n",
        ":1: `credential_files` cannot be `a list`: give a list of absolute paths with {user}, {uid} or {home} in them (the list is empty)",
    ),
    (
        "credential_files = '/etc/{user}'\n",
        ":1: `credential_files` cannot be `/etc/{user}`: give a list of absolute paths with {user}, {uid} or {home} in them (it is not a list)",
    ),
    (
        "credential_files = ['/etc/keys']\n",
        ":1: `credential_files` cannot be `a list`: give a list of absolute paths with {user}, {uid} or {home} in them (`/etc/keys`: without {user}, {uid} or {home} all users would share one file)",
    ),
];

#[test]
fn errors_say_file_line_key_and_remedy() {
    for (text, expected) in ERRORS {
        let error = parse(text).expect_err(text);
        assert_eq!(error.to_string(), format!("/etc/passkey/passkey.toml{expected}"), "{text}");
        assert!(error.line().is_some() && error.key().is_some());
    }
}

#[test]
fn what_is_no_toml_is_said_with_its_line() {
    for (text, line) in [("[defaults\n", 1), ("\n\nx\n", 3), ("a = 1\na = 2\n", 2), ("a = \"\u{1}\"\n", 1)] {
        let error = parse(text).unwrap_err();
        assert!(matches!(error.reason(), ConfigErrorReason::Syntax(_)), "{error}");
        assert_eq!(error.line(), Some(line), "{text:?}: {error}");
        assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
    }
}

#[test]
fn no_cut_of_a_file_panics_and_foreign_text_stays_short() {
    let text = "credential_files = [\"/etc/ü/{user}\"]\nrp_id = \"x\"\n[service.\"ü\"]\ntimeout = 3\n";
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let _ = parse(&text[..end]);
    }
    let error = parse(&format!("{} = 1\n", "x".repeat(10_000))).unwrap_err().to_string();
    assert!(error.len() < 400, "{}", error.len());
}

const EVERY_HOST: &str = "`host` needs a value: give one of terminal, polkit, lightdm, gdm, gdm-beside, gdm-switchable-auth, sddm, plasmalogin, kde, greetd, swaylock, i3lock, gtklock, hyprlock, xscreensaver, xfce4-screensaver, greeter, locker, other";

#[test]
fn arguments_share_the_definitions_of_the_file() {
    for (key, value, message) in [
        ("timeout", Some("30"), None),
        (
            "timeout",
            Some("+30"),
            Some("`timeout` cannot be `+30`: give a whole number of seconds from 1 to 600"),
        ),
        ("timeout", Some(""), Some("`timeout` cannot be ``: give a whole number of seconds from 1 to 600")),
        ("timeout", None, Some("`timeout` needs a value: give a whole number of seconds from 1 to 600")),
        ("wait_for_key", Some("0"), None),
        ("wait-for-key", Some("0"), Some("unknown key `wait-for-key`, did you mean `wait_for_key`?")),
        ("quiet", None, None),
        ("quiet", Some("false"), None),
        ("quiet", Some("1"), Some("`quiet` cannot be `1`: give true or false")),
        ("mode", None, Some("`mode` needs a value: give one of second-factor, passwordless")),
        ("mode", Some("passwordless"), None),
        (
            "nouserok",
            None,
            Some(
                "unknown key `nouserok`; the keys are mode, usernameless, verification, timeout, wait_for_key, unenrolled, remote, counter, recovery, keyring, pin_attempts, host, quiet, debug",
            ),
        ),
        ("host", Some("sddm"), None),
        ("host", None, Some(EVERY_HOST)),
    ] {
        let mut settings = Settings::default();
        let error = settings.set(key, value).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), message, "{key}={value:?}");
        assert_eq!(settings == Settings::default(), message.is_some(), "{key}={value:?}");
    }
}

#[test]
fn every_key_that_is_listed_is_known() {
    for key in Settings::KEYS {
        let error = Settings::default().set(key, Some("\u{0}")).unwrap_err();
        assert!(matches!(error, SettingError::BadValue { .. }), "{key}: {error}");
    }
}

#[test]
fn templates_expand() {
    for (template, path, per_user) in [
        ("/etc/passkey/credentials/{user}.toml", "/etc/passkey/credentials/alice.toml", false),
        ("/srv/{uid}/{user}", "/srv/1000/alice", false),
        ("{home}/.config/passkey/credentials.toml", "/home/alice/.config/passkey/credentials.toml", true),
        ("{home}/{user}", "/home/alice/alice", true),
    ] {
        let template: Template = template.parse().unwrap();
        assert_eq!(template.expand(&account("alice", "/home/alice/")).unwrap(), Path::new(path));
        assert_eq!(template.is_per_user(), per_user);
    }
}

#[test]
fn templates_that_are_not_are_refused() {
    for (template, error) in [
        ("", TemplateError::NotAbsolute),
        ("etc/{user}", TemplateError::NotAbsolute),
        ("{user}/x", TemplateError::NotAbsolute),
        ("{home}", TemplateError::NotAbsolute),
        ("{home}.keys", TemplateError::NotAbsolute),
        ("{home}{user}", TemplateError::NotAbsolute),
        ("/x/{home}/{user}", TemplateError::HomeNotFirst),
        ("/x/keys.toml", TemplateError::SharedByAll),
        ("/x/{name}", TemplateError::UnknownPlaceholder),
        ("/x/{user", TemplateError::UnknownPlaceholder),
        ("/x/user}", TemplateError::UnknownPlaceholder),
        ("/x/{}", TemplateError::UnknownPlaceholder),
        ("/x/{{user}}", TemplateError::UnknownPlaceholder),
        ("/x/../{user}", TemplateError::NotPlain),
        ("/x/./{user}", TemplateError::NotPlain),
        ("/x//{user}", TemplateError::NotPlain),
        ("/x/{user}/", TemplateError::NotPlain),
        ("/x/\0{user}", TemplateError::NotPlain),
    ] {
        assert_eq!(template.parse::<Template>(), Err(error), "{template:?}");
    }
}

#[test]
fn hostile_accounts_have_no_place() {
    let template: Template = DEFAULT_CREDENTIAL_FILES.parse().unwrap();
    let long = "x".repeat(201);
    for name in ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\0b", "a\nb", ".lock", "\u{1b}[0m", &long] {
        assert_eq!(template.expand(&account(name, "/home/x")), Err(TemplateError::UserName), "{name:?}");
    }
    for name in
        ["alice", "DOM\\alice", "alice@example.org", "al ice", "a..b", "machine$", "ümlaut", &"x".repeat(200)]
    {
        assert!(template.expand(&account(name, "/home/x")).is_ok(), "{name:?}");
    }
    let template: Template = "{home}/.passkeys".parse().unwrap();
    for home in ["", "/", "home", "/home/../etc", "/home/a\0b", "/home/a\nb", "../x"] {
        assert_eq!(template.expand(&account("alice", home)), Err(TemplateError::Home), "{home:?}");
    }
    for (uid, gid) in [(u32::MAX, 0), (0, u32::MAX)] {
        let account =
            Account::from_entry(PasswdEntry { uid, gid, ..(*account("alice", "/home/alice")).clone() });
        assert_eq!(template.expand(&account), Err(TemplateError::NoId));
    }
    let deep = format!("/{}", "x/".repeat(2100));
    assert_eq!(template.expand(&account("alice", &deep)), Err(TemplateError::TooLong));
}
