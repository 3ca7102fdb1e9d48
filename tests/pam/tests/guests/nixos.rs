//! The files that NixOS makes of `packaging/nix/module.nix` (`packaging/nix/evaluated.json`), laid out in a guest as NixOS lays them
//! out: the services as links into the store, the settings as their entry says, the module in the store. Who gets in then?

use guest::{Guest, KeyOptions};
use pam_tests::enrol;
use serde_json::Value;

const EVALUATED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/nix/evaluated.json");

/// Puts a file into the store and links it from `/etc`, or copies it there where it has a mode (nixos/modules/system/etc/setup-etc.pl).
fn put(guest: &Guest, path: &str, content: &str, mode: &str) {
    let stored = format!("/nix/store/{}-{}", "0".repeat(32), path.replace('/', "-"));
    guest.write(&stored, content);
    let lay = if mode == "symlink" {
        format!("ln -sfn /etc/static/{path} /etc/{path}")
    } else {
        format!(
            "cp /etc/static/{path} /etc/{path}.tmp && chown 0:0 /etc/{path}.tmp && chmod {mode} /etc/{path}.tmp && mv /etc/{path}.tmp /etc/{path}"
        )
    };
    let static_folder = "/nix/store/etc/etc";
    guest
        .root(&format!(
            "set -e; chmod 444 {stored}; mkdir -p $(dirname {static_folder}/{path}) $(dirname /etc/{path}); \
             ln -sfn {static_folder} /etc/static; ln -sfn {stored} {static_folder}/{path}; {lay}"
        ))
        .ok();
}

/// Lays out what NixOS makes of the machine, for a module that lies in the store.
fn install(guest: &Guest, machine: &Value) {
    for (path, entry) in machine["etc"].as_object().unwrap() {
        put(guest, path, entry["source"].as_str().unwrap(), entry["mode"].as_str().unwrap());
    }
    for (service, text) in machine["services"].as_object().unwrap() {
        put(guest, &format!("pam.d/{service}"), text.as_str().unwrap(), "symlink");
    }
}

/// Whether they are signed in with their password, and a touch where it is wanted.
fn signs_in(guest: &Guest, service: &str, user: &str) -> bool {
    let mut terminal = guest.terminal("root", &format!("pamtester {service} {user} authenticate acct_mgmt"));
    terminal.expect("Password").type_line("secret");
    terminal.wait().status == 0
}

#[test]
fn what_nixos_makes_of_it_signs_in_whom_it_should() {
    let evaluated: Value = serde_json::from_slice(&std::fs::read(EVALUATED).unwrap()).unwrap();
    let machines = &evaluated["machines"];
    let guest = Guest::debian12()
        .user("alice", "secret")
        .user("bob", "secret")
        .key("green", KeyOptions::default().pin("hidden"))
        .boot();
    enrol(&guest, "green", Some("hidden"));
    guest.key("green").unplug();
    guest.key("green").touch_always(50);
    guest
        .root(
            "set -e; cd /nix/store 2>/dev/null || { mkdir -p /nix/store; cd /nix/store; }; chmod 1775 .; \
             package=00000000000000000000000000000000-passkey/lib/security; mkdir -p $package; \
             cp /usr/lib/*/security/pam_passkey.so $package/; rm /usr/lib/*/security/pam_passkey.so",
        )
        .ok();

    install(&guest, &machines["plain"]);
    assert!(!signs_in(&guest, "sudo", "alice"), "a second factor without the key");
    assert!(signs_in(&guest, "sudo", "bob"), "nothing enrolled, which is ignored");
    assert!(signs_in(&guest, "login", "alice"), "the password, where a passkey could take its place");
    guest.key("green").plug();
    assert!(signs_in(&guest, "sudo", "alice"), "a second factor");
    // What keyrings and fingerprint readers bring is not there, which libpam makes a failure of.
    install(&guest, &machines["desktop"]);
    assert!(signs_in(&guest, "sudo", "alice"), "a second factor before other ways in");
    let mut terminal = guest.terminal("root", "pamtester login alice authenticate acct_mgmt");
    terminal.expect("PIN").type_line("hidden");
    let exit = terminal.wait();
    assert_eq!(exit.status, 0, "the passkey in place of the password: {}", exit.screen);
    // Each of these had settings that it could read.
    assert!(!guest.syslog().contains("passkey.toml"), "{}", guest.syslog());
}
