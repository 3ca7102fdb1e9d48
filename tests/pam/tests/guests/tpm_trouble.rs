//! What becomes of a passkey on this computer when the TPM is another one, and when too many wrong PINs were typed: another way leads in,
//! and time helps.

use guest::{Guest, GuestBuilder, KeyOptions, Terminal};
use pam_tests::this_computer::{self, STATE};
use pam_tests::{audit_line, enrol};

const PIN: &str = "24680";
const WRONG: &str = "9999";
/// By the passkey, and by the password where it comes to nothing.
const EITHER: &str = "auth sufficient pam_passkey.so mode=passwordless wait_for_key=0 timeout=60\nauth required pam_unix.so nodelay\naccount required pam_unix.so\n";
const GONE: &str = "This computer does not hold your passkey any more. Use a security key or your password";
const UNUSABLE: &str =
    "The passkey of this computer cannot be used now. Use a security key or your password.";
const LOCKED: &str = "This computer takes no PIN for now, after too many wrong ones.";

fn machine() -> GuestBuilder {
    people(this_computer::machine())
}

fn people(machine: GuestBuilder) -> GuestBuilder {
    machine
        .user("alice", "secret")
        .user("bob", "secret")
        .file("/etc/pam.d/passkey", EITHER)
        .key("blue", KeyOptions::default().pin("1234").unplugged())
}

#[track_caller]
fn sign_in(guest: &Guest, user: &str) -> Terminal {
    guest.terminal(user, &format!("pamtester passkey {user} authenticate"))
}

#[track_caller]
fn by_pin(guest: &Guest, user: &str) {
    let mut tester = sign_in(guest, user);
    tester.expect("PIN of this computer: ").type_line(PIN);
    signed_in(&mut tester);
    let audit = audit_line(guest);
    assert!(audit.contains("passkey=\"laptop\"") && audit.contains("verified"), "{audit}");
}

#[track_caller]
fn by_password(tester: &mut Terminal) {
    tester.expect("Password: ").type_line("secret");
    signed_in(tester);
}

#[track_caller]
fn signed_in(tester: &mut Terminal) {
    let exit = tester.wait();
    assert!(exit.screen.contains("successfully authenticated"), "{}", exit.screen);
}

/// What doctor finds: its code, and the finding in JSON.
#[track_caller]
fn doctor_finds(guest: &Guest, code: &str) -> String {
    let found = guest.root("passkey-enroll doctor --user alice --json").stdout;
    assert!(found.contains(&format!("\"{code}\"")), "{code} in {found}");
    found
}

#[test]
#[ignore = "takes long: ./check guest-full"]
fn a_clone_of_the_disk_signs_nothing_on_another_tpm() {
    const DISK: &str = "mkdir -p /disk && busybox mount /dev/disk/by-id/virtio-system /disk";
    const BIND: &str = "for folder in /etc/passkey /var/lib/passkey /var/lib/passkey-tpm; do
         mkdir -p $folder /disk$folder && busybox mount -o bind /disk$folder $folder || exit; done";
    let guest = machine().disk("system", 64).boot();
    guest.root(&format!("{DISK} && {BIND}")).ok();
    this_computer::install(&guest);
    this_computer::enrol(&guest, "alice", PIN);
    by_pin(&guest, "alice");
    let keys = guest.root(&format!("cat {STATE}/*.toml")).ok();
    guest.root("systemctl stop passkey-tpm.service; sync").ok();
    let clone = guest.copy_of_disk("system");
    by_pin(&guest, "alice");
    drop(guest);

    let guest = machine().with_disk(clone).boot();
    guest.root(&format!("{DISK} && {BIND}")).ok();
    this_computer::install(&guest);
    assert_eq!(guest.root(&format!("cat {STATE}/*.toml")).ok(), keys, "the same disk");
    guest.root(&format!("chown -R passkey-tpm: {STATE}")).ok();
    // The person is told, and nobody asks for a PIN in vain.
    let mut tester = sign_in(&guest, "alice");
    tester.expect(GONE);
    by_password(&mut tester);
    assert!(!tester.transcript().contains("PIN of this computer"), "{}", tester.transcript());
    let audit = audit_line(&guest);
    assert!(audit.contains("this computer does not hold the passkey any more"), "{audit}");
    let log = guest.root("journalctl --no-pager -u passkey-tpm.service").ok();
    assert!(log.contains("were made by another TPM, or before this one was cleared"), "{log}");
    // The PIN goes nowhere.
    let verify = "passkey-enroll key pin verify --user alice --on this-computer --pin-stdin --json";
    let refused = guest.run("root", verify, format!("{PIN}\n").as_bytes(), guest::PATIENCE);
    assert!(refused.status != 0 && refused.stdout.contains("not_on_this_computer"), "{refused:?}");
    let found = doctor_finds(&guest, "not_on_this_computer");
    assert!(found.contains("cleared or exchanged"), "{found}");
    // Another passkey leads in.
    let blue = guest.key("blue");
    blue.plug();
    enrol(&guest, "blue", Some("1234"));
    let mut tester = sign_in(&guest, "alice");
    tester.expect("PIN of your security key").type_line("1234");
    tester.expect("Touch your security key.");
    blue.touch();
    signed_in(&mut tester);
    blue.unplug();
    // As doctor says it.
    guest.root("passkey-enroll remove laptop --user alice --yes && passkey-enroll key reset --user alice --on this-computer --yes").ok();
    this_computer::enrol(&guest, "alice", PIN);
    by_pin(&guest, "alice");
}

#[test]
#[ignore = "takes long: ./check guest-full"]
fn too_many_wrong_pins_cost_time_and_nothing_else() {
    let guest = machine().boot();
    this_computer::install(&guest);
    for user in ["alice", "bob"] {
        this_computer::enrol(&guest, user, PIN);
    }
    the_accounts_own_tries(&guest);
    the_tpms_lockout(&guest);
}

/// Eight of them, three in one sign-in. One comes back each hour, or as slowly as the TPM forgets wrong ones.
fn the_accounts_own_tries(guest: &Guest) {
    wrong_pins(guest, ["7 tries left", "6 tries left", "Password"]);
    wrong_pins(guest, ["4 tries left", "3 tries left", "Password"]);
    let mut tester = sign_in(guest, "alice");
    tester.expect("PIN of this computer").type_line(WRONG);
    tester.expect("PIN of this computer").type_line(WRONG);
    tester.expect(LOCKED);
    by_password(&mut tester);
    assert!(audit_line(guest).contains("code=PAM_MAXTRIES"), "{}", audit_line(guest));
    // The right one is not even tried.
    let mut tester = sign_in(guest, "alice");
    tester.expect(LOCKED);
    by_password(&mut tester);
    assert!(!tester.transcript().contains("PIN of this computer"), "{}", tester.transcript());
    doctor_finds(guest, "this_computer_locked");
    // Nobody else is any worse off.
    by_pin(guest, "bob");

    guest.root("date -s '+1 hour'").ok();
    let mut tester = sign_in(guest, "alice");
    tester.expect(LOCKED);
    by_password(&mut tester);
    guest.root("date -s '+1 hour'").ok();
    let mut tester = sign_in(guest, "alice");
    tester.expect("PIN of this computer").type_line(PIN);
    signed_in(&mut tester);
    // The right one gives all of them back.
    wrong_pins(guest, ["7 tries left", "6 tries left", "Password"]);
    by_pin(guest, "alice");
}

/// Three wrong PINs in one sign-in, and the words after each; then the password.
#[track_caller]
fn wrong_pins(guest: &Guest, words: [&str; 3]) {
    let mut tester = sign_in(guest, "alice");
    for words in words {
        tester.expect("PIN of this computer").type_line(WRONG);
        tester.expect(words);
    }
    tester.type_line("secret");
    signed_in(&mut tester);
}

/// Of the TPM as a whole, used up by others: nobody's PIN is tried, and it recovers by itself.
fn the_tpms_lockout(guest: &Guest) {
    const RECOVERY: u32 = 20;
    let use_up = format!(
        "cd /root && tpm2_dictionarylockout --clear-lockout && tpm2_dictionarylockout --setup-parameters --max-tries=4 --recovery-time={RECOVERY} --lockout-recovery-time=0 &&
         tpm2_createprimary -Q -C o -c primary && echo secret | tpm2_create -Q -C primary -p right -i - -u public -r private &&
         tpm2_flushcontext -t; tpm2_load -Q -C primary -u public -r private -c object && tpm2_flushcontext -t
         for try in 1 2 3 4; do tpm2_unseal -c object -p wrong; done
         tpm2_getcap properties-variable | grep 'inLockout: *1'"
    );
    guest.root(&use_up).ok();
    for user in ["alice", "bob"] {
        let mut tester = sign_in(guest, user);
        tester.expect(LOCKED);
        by_password(&mut tester);
    }
    doctor_finds(guest, "this_computer_locked");
    guest.root(&format!("sleep {RECOVERY}; for try in $(seq {RECOVERY}); do tpm2_getcap properties-variable | grep 'inLockout: *0' && exit; sleep 1; done; exit 1")).ok();
    by_pin(guest, "alice");
    by_pin(guest, "bob");
}

/// What a machine makes of TPMs that the kernel gets from a program (`tpm_vtpm_proxy`), which come and go while it runs.
#[test]
#[ignore = "takes long: ./check guest-full"]
fn a_tpm_that_is_gone_or_another_one_is_said_and_the_right_one_signs_in() {
    // The module is in no other package.
    let kernel = format!("linux-image-{}", guest::debian_architecture());
    let packages = ["kmod", "libtss2-tcti-device0", &kernel, "swtpm", "tpm2-tools"];
    let guest = people(this_computer::machine_without_tpm().packages(&packages)).boot();
    guest.root("modprobe tpm_vtpm_proxy && [ -c /dev/vtpmx ]").ok();
    plug_tpm(&guest, "first");
    this_computer::install(&guest);
    this_computer::enrol(&guest, "alice", PIN);
    by_pin(&guest, "alice");

    // The service that runs sees it when it needs the TPM, one that is started then at once.
    unplug_tpm(&guest);
    let mut tester = sign_in(&guest, "alice");
    tester.expect("PIN of this computer: ").type_line(PIN);
    tester.expect(UNUSABLE);
    by_password(&mut tester);
    guest.root("systemctl stop passkey-tpm.service").ok();
    let mut tester = sign_in(&guest, "alice");
    tester.expect(UNUSABLE);
    by_password(&mut tester);
    doctor_finds(&guest, "no_tpm");

    plug_tpm(&guest, "second");
    let mut tester = sign_in(&guest, "alice");
    tester.expect(GONE);
    by_password(&mut tester);
    doctor_finds(&guest, "not_on_this_computer");

    unplug_tpm(&guest);
    plug_tpm(&guest, "first");
    by_pin(&guest, "alice");
}

/// One with a state of its own, which it keeps. A service that systemd has started without a TPM may not open one that comes later.
#[track_caller]
fn plug_tpm(guest: &Guest, name: &str) {
    let state = format!("/root/{name}");
    let script = format!(
        "systemctl stop passkey-tpm.service; mkdir -p {state} && swtpm chardev --tpm2 --vtpm-proxy --tpmstate dir={state} --daemon --pid file=/run/swtpm.pid &&
         for try in $(seq 100); do [ -c /dev/tpmrm0 ] && break; sleep 0.1; done
         udevadm settle; stat -c %G /dev/tpmrm0"
    );
    assert_eq!(guest.root(&script).ok().lines().last(), Some("tss"));
}

#[track_caller]
fn unplug_tpm(guest: &Guest) {
    let script = "kill $(cat /run/swtpm.pid)
         for try in $(seq 100); do [ -e /dev/tpmrm0 ] || exit 0; sleep 0.1; done; exit 1";
    guest.root(script).ok();
}
