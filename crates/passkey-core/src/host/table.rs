//! The rows. What is known of each program was read from its source and seen in it; see `docs/hosts.md`.

use super::{Answers, Cue, Extension, FailureCode, Host, LastWords, PromptLength, Shows, Waits};

/// A host that is not known: what is said is neither repeated nor left out, and nothing is counted against anybody.
pub const OTHER: Host = Host {
    name: "other",
    services: &[],
    programs: &[],
    shows: Shows::Everything,
    prompts: PromptLength::Any,
    answers: Answers::Fresh,
    unavailable: FailureCode::AuthinfoUnavail,
    max_tries: FailureCode::MaxTries,
    waits: Waits::Yes,
    last_words: LastWords::Either,
    cue: Cue::Stays,
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
        ..OTHER
    },
    Host { name: "polkit", services: &["polkit-1"], ..OTHER },
    Host {
        name: "lightdm",
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
        services: &["gdm-password", "gdm", "gdm3"],
        programs: &["gdm-session-worker"],
        prompts: PromptLength::Short,
        unavailable: FailureCode::CredInsufficient,
        max_tries: FailureCode::CredInsufficient,
        last_words: LastWords::Error,
        ..OTHER
    },
    // Beside gdm-password: another code than "service unavailable" would begin the whole sign-in anew.
    Host {
        name: "gdm-beside",
        services: &[
            "gdm-fingerprint",
            "gdm-smartcard",
            "gdm-smartcard-pkcs11-exclusive",
            "gdm-smartcard-sssd-exclusive",
        ],
        programs: &["gdm-session-worker"],
        prompts: PromptLength::Short,
        last_words: LastWords::Error,
        ..OTHER
    },
    // "Service unavailable" is how gnome-shell comes to offer gdm-password.
    Host {
        name: "gdm-switchable-auth",
        services: &["gdm-switchable-auth"],
        programs: &["gdm-session-worker"],
        prompts: PromptLength::Short,
        last_words: LastWords::Error,
        extension: Extension::GdmJson,
        ..OTHER
    },
    Host {
        name: "sddm",
        services: &["sddm", "sddm-greeter", "sddm-autologin"],
        programs: &["sddm-helper"],
        ..BLIND
    },
    Host {
        name: "plasmalogin",
        services: &["plasmalogin", "plasmalogin-greeter", "plasmalogin-autologin"],
        programs: &["plasmalogin-helper"],
        ..BLIND
    },
    Host {
        name: "kde",
        services: &["kde", "kscreensaver", "kde-u2f", "kde-fingerprint", "kde-smartcard"],
        programs: &["kscreenlocker_greet", "kcheckpass"],
        shows: Shows::Messages,
        ..OTHER
    },
    Host { name: "greetd", services: &["greetd", "greetd-greeter"], ..OTHER },
    Host {
        name: "swaylock",
        services: &["swaylock"],
        programs: &["swaylock"],
        answers: Answers::Once,
        ..BLIND
    },
    Host { name: "i3lock", services: &["i3lock"], programs: &["i3lock"], ..BLIND },
    Host {
        name: "gtklock",
        services: &["gtklock"],
        programs: &["gtklock"],
        shows: Shows::Messages,
        answers: Answers::Echoed,
        ..OTHER
    },
    // It waits for a line at each prompt; its field says what the person has configured, and no message is shown.
    Host {
        name: "hyprlock",
        services: &["hyprlock"],
        programs: &["hyprlock"],
        shows: Shows::Nothing,
        ..OTHER
    },
    Host { name: "xscreensaver", services: &["xscreensaver"], ..OTHER },
    Host { name: "xfce4-screensaver", services: &["xfce4-screensaver"], ..OTHER },
];
