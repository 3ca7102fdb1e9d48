//! Thousands of sign-ins in one process, and many processes at one key.

use std::time::{Duration, Instant};

use guest::{Guest, KeyOptions, PATIENCE};
use pam_tests::{enrol, passkey_only};

const SUCCESS: u32 = 0;
const AUTH_ERR: u32 = 7;
const AUTHINFO_UNAVAIL: u32 = 9;
const TIMES: usize = 40;
const MANY_TIMES: usize = 10_000;
/// How long a crowd tries.
const TIMEOUT: Duration = Duration::from_secs(20);
/// What fifty processes that start and end at once may take besides, on a machine that has other things to do.
const SLACK: Duration = Duration::from_secs(60);

fn guest() -> Guest {
    let program = std::fs::read(env!("CARGO_BIN_EXE_pam-host")).unwrap();
    let guest = Guest::debian12()
        .file_with_mode("/usr/local/bin/pam-host", program, 0o755)
        .user("alice", "secret")
        .file("/etc/pam.d/touch", passkey_only(&format!("timeout={} wait_for_key=0", TIMEOUT.as_secs())))
        .key("blue", KeyOptions::default())
        .boot();
    enrol(&guest, "blue", None);
    guest
}

/// The codes of libpam, and the bytes of heap in use after each sign-in.
fn results(said: &str) -> Vec<(u32, u64)> {
    let numbers = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, code, "interrupts", "0", "heap", heap] = words[..] else { panic!("{line}") };
        (code.parse().unwrap(), heap.parse().unwrap())
    };
    said.lines().filter(|line| line.starts_with("result ")).map(numbers).collect()
}

/// Each is won and leaves nothing in the host, and none takes more of the heap than the first ones did.
#[test]
fn a_host_signs_in_again_and_again() {
    let guest = guest();
    guest.key("blue").touch_always(0);
    // What libc keeps of memory that was given back, to have it at hand, it would count as used.
    let script = format!(
        "yes 'touch alice' | head -n {TIMES} | GLIBC_TUNABLES=glibc.malloc.tcache_count=0 pam-host | grep -E '^(result|left)'"
    );
    let said = guest.run("root", &script, b"", PATIENCE * 4).ok();
    assert!(!said.contains("left"), "{said}");
    let results = results(&said);
    assert_eq!(results.len(), TIMES);
    assert!(results.iter().all(|(code, _)| *code == SUCCESS), "{results:?}");
    let (Some((_, first)), Some((_, last))) = (results.get(9), results.last()) else { panic!("{said}") };
    assert!(*last <= first + 1024, "the heap grows from {first} to {last} bytes");
}

/// By someone else's host, which ends at the first that is not won: no more descriptors, no more memory, and each has its line in the log.
#[test]
#[ignore = "takes long: ./check guest-full"]
fn a_host_signs_in_ten_thousand_times() {
    let guest = guest();
    guest.key("blue").touch_always(0);
    let begun = Instant::now();
    let start = format!(
        "pamtester touch alice $(yes authenticate | head -n {MANY_TIMES}) </dev/null >/root/said 2>&1 & echo $! >/root/pid"
    );
    guest.root(&start).ok();
    // Descriptors, and kilobytes of memory that is its own.
    let after = |times: usize| {
        let script = format!(
            "until [ $(grep -c 'successfully authenticated' /root/said) -ge {times} ]; do sleep 0.2; kill -0 $(cat /root/pid) || break; done
             kill -STOP $(cat /root/pid); ls /proc/$(cat /root/pid)/fd | wc -l; sed -n 's/^VmData:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$(cat /root/pid)/status
             kill -CONT $(cat /root/pid)"
        );
        let said = guest.run("root", &script, b"", PATIENCE * 120).ok();
        let numbers: Vec<u64> = said.lines().map(|line| line.parse().expect("a number")).collect();
        let [descriptors, kilobytes] = numbers[..] else {
            panic!("{said}: {}", guest.root("tail /root/said").ok())
        };
        (descriptors, kilobytes)
    };
    let (first, last) = (after(100), after(MANY_TIMES - 100));
    guest.root("while kill -0 $(cat /root/pid) 2>/dev/null; do sleep 0.2; done").ok();
    let won = guest.root("grep -c 'successfully authenticated' /root/said").ok();
    let won = won.trim();
    println!(
        "{won} sign-ins in one process within {:?}; descriptors and KiB of data {first:?}, later {last:?}",
        begun.elapsed()
    );
    assert_eq!(won, MANY_TIMES.to_string());
    // A transaction that is under way has some of its own.
    assert!(last.0 <= first.0 + 5 && last.1 <= first.1 + 1024, "{first:?} {last:?}");
    let logged = guest.syslog().lines().filter(|line| line.contains("result=success")).count();
    assert_eq!(logged, MANY_TIMES);
}

/// Whoever gets the key's one touch wins; the others find it busy, and end in time.
#[test]
fn of_fifty_services_at_one_key_one_wins() {
    let guest = guest();
    let count = 50;
    let script =
        format!("for n in $(seq {count}); do echo 'touch alice' | pam-host >/root/said.$n & done; wait");
    let mut crowd = guest.terminal("root", &script);
    guest.key("blue").wait_blinking();
    let begun = Instant::now();
    guest.key("blue").touch();
    let exit = crowd.wait();
    let took = begun.elapsed();
    let results = results(&guest.root("cat /root/said.*").ok());
    println!("{count} services at one key end within {took:?} of its touch");
    assert_eq!(results.len(), count, "{}", exit.screen);
    assert_eq!(results.iter().filter(|(code, _)| *code == SUCCESS).count(), 1, "{results:?}");
    assert!(
        results.iter().all(|(code, _)| [SUCCESS, AUTH_ERR, AUTHINFO_UNAVAIL].contains(code)),
        "{results:?}"
    );
    assert!(took < TIMEOUT + SLACK, "{took:?}");
}
