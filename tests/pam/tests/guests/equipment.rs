//! The test equipment itself: what the other guest tests lean on.

use std::time::{Duration, Instant};

use guest::{Guest, KeyOptions};

/// A whole sign-in of a real program in a few lines, and everything a test can look at.
#[test]
fn sudo_asks_for_the_password_and_logs() {
    let start = Instant::now();
    let guest = Guest::debian12().without_product().user("alice", "secret").boot();
    println!("up after {:?}", start.elapsed());

    let mut sudo = guest.terminal("alice", "sudo id -un");
    sudo.expect("password for alice").type_line("wrong");
    sudo.expect("try again").expect("password for alice").type_line("secret");
    let exit = sudo.wait();
    assert_eq!(exit.status, 0, "{}", exit.screen);
    assert!(exit.screen.ends_with("\nroot"), "{}", exit.screen);
    let log = guest.syslog();
    assert!(log.contains("authpriv.notice") && log.contains("authentication failure"), "{log}");

    // A terminal is a session of its own, with the person's groups and home.
    let mut shell = guest.shell("alice");
    shell.expect("$").type_line("tty; id -nG; pwd; stty size; ps -o tty= $$");
    shell
        .expect("/dev/pts/")
        .expect("sudo")
        .expect("plugdev")
        .expect("/home/alice")
        .expect("40 100")
        .expect("pts/");
    shell.type_line("sleep 1000").ctrl_c().type_line("exit 7");
    assert_eq!(shell.wait().status, 7);

    // Closing the window hangs up.
    let mut window =
        guest.terminal("alice", "trap 'touch gone; exit' HUP; echo there; while :; do sleep 0.1; done");
    window.expect("there");
    drop(window);
    guest.root("for try in $(seq 100); do [ -e /home/alice/gone ] && exit 0; sleep 0.1; done; exit 1").ok();

    // Files, standard input, status; nothing of the agent's in the environment.
    guest.write_as("/home/alice/a/b", "text\n", "alice", 0o600);
    assert_eq!(guest.run_as("alice", "stat -c '%U %G %a' a/b; cat a/b").ok(), "alice alice 600\ntext\n");
    assert_eq!(
        guest.run_as("alice", "env | cut -d= -f1 | grep -vE '^(PWD|SHLVL|_)$' | sort | paste -s").ok(),
        "HOME\tLANG\tLOGNAME\tPATH\tSHELL\tUSER\n"
    );
    let output =
        guest.run("root", "wc -c; echo no >&2; exit 3", &vec![b'x'; 100_000], Duration::from_secs(30));
    assert_eq!((output.status, output.stdout.trim(), output.stderr.as_str()), (3, "100000", "no\n"));
}

/// Debian's own tools take the virtual key for a real one, and its module signs in with it.
#[test]
fn pam_u2f_signs_in_with_a_virtual_key() {
    let guest = Guest::debian12()
        .without_product()
        .user("alice", "secret")
        .file(
            "/etc/pam.d/sudo",
            "auth required pam_u2f.so cue authfile=/etc/u2f\naccount required pam_permit.so\n",
        )
        // pamu2fcfg wants to see a certificate.
        .key("blue", KeyOptions::default().with(&["--attestation"]))
        .boot();
    let key = guest.key("blue");

    assert_eq!(guest.root(&format!("stat -c '%G %a' {}", key.path())).ok(), "plugdev 660\n");
    key.touch_after(0);
    let line = guest.run_as("alice", "pamu2fcfg -u alice").ok();
    guest.write("/etc/u2f", line);
    key.reset_counts();

    let mut sudo = guest.terminal("alice", "sudo id -un");
    sudo.expect("Please touch the device.");
    key.wait_blinking();
    assert!(sudo.is_running());
    key.touch();
    assert_eq!(sudo.wait().status, 0, "{}", sudo.screen());
    let counts = key.counts();
    assert!(counts.transactions >= 3 && counts.opens >= 1 && counts.commands["0x02"] >= 1, "{counts:?}");
    println!("pam_u2f, one key, one credential, touch: {counts:?}");

    key.unplug();
    assert_eq!(guest.root("ls /dev | grep -c hidraw").stdout, "0\n");
    assert_ne!(guest.terminal("alice", "sudo -n id").wait().status, 0);
    key.plug();
    key.touch_after(100);
    assert_eq!(guest.terminal("alice", "sudo -k id").wait().status, 0);
}
