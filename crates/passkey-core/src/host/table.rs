//! The rows. Each program's behaviour was read in its source and observed; see `docs/hosts.md`.

use super::{
    Answers, Cue, Extension, FailureCode, Host, LastWords, LineLength, Pictures, PromptLength, ReadingTime,
    Role, Shows, Waits,
};

/// An unknown host: messages are neither repeated nor left out, and no answer counts as an echo.
pub const OTHER: Host = Host {
    name: "other",
    services: &[],
    programs: &[],
    role: Role::Other,
    shows: Shows::Everything,
    prompts: PromptLength::Any,
    lines: LineLength::Any,
    answers: Answers::Fresh,
    unavailable: FailureCode::AuthinfoUnavail,
    max_tries: FailureCode::MaxTries,
    waits: Waits::Yes,
    last_words: LastWords::Either,
    reading_time: ReadingTime::Any,
    cue: Cue::Stays,
    pictures: Pictures::NotShown,
    extension: Extension::None,
};

/// Shows nothing, and has one line to give, typed before the sign-in begins.
const BLIND: Host = Host { shows: Shows::Nothing, answers: Answers::Echoed, waits: Waits::No, ..OTHER };

/// The hosts that are known.
pub const TABLE: &[Host] = &[
    Host {
        name: "terminal",
        services: &[
            "sudo", "sudo-i", "su", "su-l", "login", "doas", "sshd", "ssh", "remote", "vlock", "runuser",
        ],
        pictures: Pictures::Shown,
        ..OTHER
    },
    Host { name: "polkit", services: &["polkit-1"], ..OTHER },
    Host {
        name: "lightdm",
        role: Role::Greeter,
        services: &["lightdm", "lightdm-greeter", "lightdm-autologin", "light-locker"],
        programs: &["lightdm"],
        shows: Shows::Messages,
        // The GTK greeter puts "Your password is incorrect" in the place of an error.
        last_words: LastWords::Info,
        cue: Cue::TakenDown,
        ..OTHER
    },
    // PAM_AUTHINFO_UNAVAIL and PAM_MAXTRIES are "service unavailable" to gnome-shell, which waits for another service then, for ever. A
    // message more at the end would keep the session back for two seconds, so the cue stays.
    Host {
        name: "gdm",
        role: Role::Greeter,
        services: &["gdm-password", "gdm", "gdm3"],
        programs: &["gdm-session-worker"],
        prompts: PromptLength::Short,
        unavailable: FailureCode::CredInsufficient,
        max_tries: FailureCode::CredInsufficient,
        last_words: LastWords::Error,
        reading_time: ReadingTime::TenSeconds,
        ..OTHER
    },
    // Beside gdm-password: another code than "service unavailable" would restart the whole sign-in.
    Host {
        name: "gdm-beside",
        role: Role::Greeter,
        services: &[
            "gdm-fingerprint",
            "gdm-smartcard",
            "gdm-smartcard-pkcs11-exclusive",
            "gdm-smartcard-sssd-exclusive",
        ],
        programs: &["gdm-session-worker"],
        prompts: PromptLength::Short,
        last_words: LastWords::Error,
        reading_time: ReadingTime::TenSeconds,
        ..OTHER
    },
    // "Service unavailable" is how gnome-shell comes to offer gdm-password.
    Host {
        name: "gdm-switchable-auth",
        role: Role::Greeter,
        services: &["gdm-switchable-auth"],
        programs: &["gdm-session-worker"],
        prompts: PromptLength::Short,
        last_words: LastWords::Error,
        reading_time: ReadingTime::TenSeconds,
        extension: Extension::GdmJson,
        ..OTHER
    },
    Host {
        name: "sddm",
        role: Role::Greeter,
        services: &["sddm", "sddm-greeter", "sddm-autologin"],
        programs: &["sddm-helper"],
        ..BLIND
    },
    Host {
        name: "plasmalogin",
        role: Role::Greeter,
        services: &["plasmalogin", "plasmalogin-greeter", "plasmalogin-autologin"],
        programs: &["plasmalogin-helper"],
        ..BLIND
    },
    Host {
        name: "kde",
        role: Role::Locker,
        services: &["kde", "kscreensaver", "kde-u2f", "kde-fingerprint", "kde-smartcard"],
        programs: &["kscreenlocker_greet", "kcheckpass"],
        shows: Shows::Messages,
        ..OTHER
    },
    Host { name: "greetd", role: Role::Greeter, services: &["greetd", "greetd-greeter"], ..OTHER },
    Host {
        name: "swaylock",
        role: Role::Locker,
        services: &["swaylock"],
        programs: &["swaylock"],
        answers: Answers::Once,
        ..BLIND
    },
    Host { name: "i3lock", role: Role::Locker, services: &["i3lock"], programs: &["i3lock"], ..BLIND },
    // A message that is wider than the screen kills it (4.0.0), and the session stays locked for good.
    Host {
        name: "gtklock",
        role: Role::Locker,
        services: &["gtklock"],
        programs: &["gtklock"],
        shows: Shows::Messages,
        lines: LineLength::Short,
        answers: Answers::Echoed,
        ..OTHER
    },
    // It waits for a line at each prompt; its field says what the person has configured, and no message is shown.
    Host {
        name: "hyprlock",
        role: Role::Locker,
        services: &["hyprlock"],
        programs: &["hyprlock"],
        shows: Shows::Nothing,
        ..OTHER
    },
    Host { name: "xscreensaver", role: Role::Locker, services: &["xscreensaver"], ..OTHER },
    Host { name: "xfce4-screensaver", role: Role::Locker, services: &["xfce4-screensaver"], ..OTHER },
    // Only their purpose is known.
    Host { name: "greeter", services: &["lxdm", "slim", "xdm"], role: Role::Greeter, ..OTHER },
    Host {
        name: "locker",
        services: &["cinnamon-screensaver", "mate-screensaver", "waylock", "xsecurelock"],
        role: Role::Locker,
        ..OTHER
    },
];
