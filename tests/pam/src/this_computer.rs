//! A machine whose TPM holds passkeys: the package's own unit in its sandbox.

use guest::{Guest, GuestBuilder};

use crate::packages;

/// Where the service keeps what is wrapped by the TPM.
pub const STATE: &str = "/var/lib/passkey-tpm";

/// What the package depends on.
const DEPENDENCIES: [&str; 2] = ["libtss2-esys-3.0.2-0", "tpm-udev"];
const PACKAGE: &str = "/root/passkey-tpm.deb";

/// Debian 12 with systemd, a TPM and the package, which [`install`] installs.
///
/// # Panics
/// When the package is older than what is in it.
pub fn machine() -> GuestBuilder {
    machine_without_tpm().tpm()
}

/// As [`machine`], and there is no TPM.
///
/// # Panics
/// As `machine` does.
pub fn machine_without_tpm() -> GuestBuilder {
    let machine = Guest::debian12().systemd().packages(&DEPENDENCIES);
    machine.file(PACKAGE, packages::passkey_tpm())
}

/// Installs the package as an administrator does it.
///
/// # Panics
/// When it does not work.
#[track_caller]
pub fn install(guest: &Guest) {
    guest.root(&format!("dpkg -i {PACKAGE}")).ok();
    as_most_tpms_come(guest);
}

/// QEMU's would lock after three wrong tries, which clearing it brings back.
///
/// # Panics
/// When it does not work.
#[track_caller]
pub fn as_most_tpms_come(guest: &Guest) {
    guest
        .root("tpm2_dictionarylockout --setup-parameters --max-tries=32 --recovery-time=7200 --lockout-recovery-time=7200")
        .ok();
}

/// Enrols a passkey on this computer, and types everything that is asked for.
///
/// # Panics
/// When it does not work, or speaks of a security key.
#[track_caller]
pub fn enrol(guest: &Guest, user: &str, pin: &str) {
    let command = format!("passkey-enroll add --user {user} --on this-computer --name laptop");
    let mut add = guest.terminal("root", &command);
    add.expect("Set one now?").type_line("yes");
    add.expect("New PIN").type_line(pin);
    add.expect("The same again: ").type_line(pin);
    let exit = add.wait();
    assert_eq!(exit.status, 0, "{}", exit.screen);
    let asked =
        exit.screen.split_once("is enrolled").map_or_else(|| panic!("{}", exit.screen), |(asked, _)| asked);
    assert!(!asked.contains("security key") && !asked.contains("ouch"), "{asked}");
}
