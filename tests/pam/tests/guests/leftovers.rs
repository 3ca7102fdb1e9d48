//! After a sign-in, won or lost, nothing of the module's is left in its host, and every key is free for the next program.

use guest::{Guest, KeyOptions, Terminal};
use pam_tests::{enrol, passkey_only};

const AUTH_ERR: u8 = 7;
const AUTHINFO_UNAVAIL: u8 = 9;
const MAXTRIES: u8 = 11;

/// `pam-host` on a terminal: one process that signs in again and again.
struct Host<'g> {
    guest: &'g Guest,
    terminal: Terminal,
    /// How much of what it has written has been read.
    read: usize,
    /// Bytes of heap in use after each sign-in.
    heap: Vec<u64>,
}

impl<'g> Host<'g> {
    fn start(guest: &'g Guest, user: &str) -> Self {
        // What libc keeps of memory that was given back, to have it at hand, it would count as used.
        let mut terminal = guest.terminal(user, "GLIBC_TUNABLES=glibc.malloc.tcache_count=0 pam-host");
        terminal.expect("ready");
        Self { guest, terminal, read: 0, heap: Vec::new() }
    }

    /// One sign-in, and what the person does meanwhile; libpam's code. Nothing may have been seen or left, the host's own handler has
    /// not heard of any Ctrl-C, and every key that is plugged in can be used at once.
    #[track_caller]
    fn sign_in(&mut self, line: &str, meanwhile: impl FnOnce(&Guest, &mut Terminal)) -> (u8, String) {
        self.terminal.type_line(line);
        meanwhile(self.guest, &mut self.terminal);
        self.terminal.expect("done.");
        let transcript = self.terminal.transcript();
        let said = transcript[self.read..].to_owned();
        self.read = transcript.len();
        let changed = |line: &str| line.starts_with("left ") || line.starts_with("during");
        assert!(!said.lines().any(changed), "{line}: {said}");
        // The terminal shows a Ctrl-C in front of it.
        let (_, result) = said.split_once("result ").expect("a result");
        let numbers: Vec<u64> = result
            .lines()
            .next()
            .unwrap_or_default()
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let [code, interrupts, heap] = numbers[..] else { panic!("{result}") };
        assert_eq!(interrupts, 0, "{line}: the host was interrupted");
        self.heap.push(heap);
        assert_free(self.guest, line);
        (u8::try_from(code).unwrap(), said)
    }
}

/// No lock is held on any key, and another program can talk to each.
#[track_caller]
fn assert_free(guest: &Guest, after: &str) {
    let used = guest.root(
        "for key in /dev/hidraw*; do [ -c $key ] || continue; flock -n $key true || echo \"$key is locked\"
         timeout 10 fido2-token -I $key >/dev/null || echo \"$key cannot be used\"; done",
    );
    assert_eq!(used.ok(), "", "after {after}");
}

/// Every file where a program may write, with its time: what is new or changed shows.
fn files(guest: &Guest) -> Vec<String> {
    let listed = guest.root(
        "find /etc /home /root /run /srv /tmp /usr/local /var /dev/shm -xdev \\( -type f -o -type d -o -type s -o -type p -o -type l \\) \
         -printf '%p %y %T@\\n' | sort",
    );
    listed.ok().lines().map(str::to_owned).collect()
}

/// What programs write that are no business of the module's, or what the module documents.
fn is_expected(line: &str) -> bool {
    ["/var/log ", "/var/log/", "/var/lib/passkey", "/run/virtual-key.sock", "/root/.", "/dev/shm "]
        .iter()
        .any(|path| line.starts_with(path))
}

#[test]
fn nothing_is_left_whatever_comes_of_it() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_pam-host")).unwrap();
    let guest = Guest::debian12()
        .user("alice", "secret")
        .file_with_mode("/usr/local/bin/pam-host", program, 0o755)
        .file("/etc/pam.d/touch", passkey_only("timeout=2 wait_for_key=0"))
        .file("/etc/pam.d/patient", passkey_only("timeout=20 wait_for_key=0"))
        .file("/etc/pam.d/pin", passkey_only("timeout=20 wait_for_key=0 verification=required"))
        .key("blue", KeyOptions::default())
        .key("green", KeyOptions::default().pin("1234"))
        .boot();
    enrol(&guest, "blue", None);
    enrol(&guest, "green", Some("1234"));
    let (blue, green) = (guest.key("blue"), guest.key("green"));
    let before = files(&guest);
    let mut host = Host::start(&guest, "root");

    // Success, by touch and by PIN.
    let (code, said) = host.sign_in("patient alice", |guest, terminal| {
        terminal.expect("Touch your security key");
        guest.key("blue").touch();
    });
    assert_eq!(code, 0, "{said}");
    green.touch_always(50);
    assert_eq!(host.sign_in("pin alice 1234", |_, _| {}).0, 0);

    // The PIN wrong three times, which locks the key; once more; right again.
    let (code, said) = host.sign_in("pin alice 9999 9998 9997", |_, _| {});
    assert_eq!(code, MAXTRIES, "{said}");
    assert_eq!(green.retries(), 5);
    green.unplug();
    green.plug();
    let (code, said) = host.sign_in("pin alice 9999 1234", |_, _| {});
    assert_eq!(code, 0, "{said}");

    // No answer, an empty one, a conversation that fails.
    for answer in ["-", "_", "!"] {
        let (code, said) = host.sign_in(&format!("pin alice {answer}"), |_, _| {});
        assert_eq!(code, AUTHINFO_UNAVAIL, "{answer}: {said}");
    }
    green.touch_never();
    green.unplug();

    // Nobody touches the key; the person gives up; the key is pulled out.
    assert_eq!(host.sign_in("touch alice", |_, _| {}).0, AUTH_ERR);
    let (code, said) = host.sign_in("patient alice", |guest, terminal| {
        terminal.expect("Touch your security key");
        guest.key("blue").wait_blinking();
        terminal.ctrl_c();
    });
    assert_eq!(code, AUTHINFO_UNAVAIL, "{said}");
    assert!(!blue.blinking());
    let (code, said) = host.sign_in("patient alice", |guest, terminal| {
        terminal.expect("Touch your security key");
        guest.key("blue").wait_blinking();
        guest.key("blue").unplug();
    });
    assert_eq!(code, AUTHINFO_UNAVAIL, "{said}");

    // No key at all, again and again: nor does the heap grow.
    for _ in 0..10 {
        assert_eq!(host.sign_in("touch alice", |_, _| {}).0, AUTHINFO_UNAVAIL);
    }
    let [.., first, _, _, _, _, _, _, last] = host.heap[..] else { panic!("more than eight sign-ins") };
    println!("heap of a host in use, in bytes: {:?}", host.heap);
    assert!(last <= first + 1024, "the heap grows: {:?}", host.heap);

    // A key that has lost its mind.
    blue.plug();
    for how in ["mute", "keepalives", "oversized", "nested"] {
        blue.misbehave(how);
        let (code, said) = host.sign_in("touch alice", |guest, terminal| {
            // So that the next program finds it in its right mind.
            terminal.expect("result");
            guest.key("blue").misbehave("none");
        });
        assert!([AUTH_ERR, AUTHINFO_UNAVAIL].contains(&code), "{how}: {said}");
    }

    // A program that runs as the person, as lockers do.
    let mut locker = Host::start(&guest, "alice");
    let touch = |guest: &Guest, terminal: &mut Terminal| {
        terminal.expect("Touch your security key");
        guest.key("blue").touch();
    };
    assert_eq!(locker.sign_in("patient alice", touch).0, 0);
    assert_eq!(locker.sign_in("touch alice", |_, _| {}).0, AUTH_ERR);

    let after = files(&guest);
    let new: Vec<&String> =
        after.iter().filter(|line| !before.contains(line) && !is_expected(line)).collect();
    assert!(new.is_empty(), "{new:?}");
}
