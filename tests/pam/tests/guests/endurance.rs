//! Thousands of sign-ins in one process, and many processes at one key.

use std::time::{Duration, Instant};

use guest::{Guest, KeyOptions, PATIENCE};
use pam_tests::{enrol, passkey_only};

const SUCCESS: u32 = 0;
const AUTH_ERR: u32 = 7;
const AUTHINFO_UNAVAIL: u32 = 9;
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

/// Each is won, leaves nothing in the host and a line in the log, and none takes more of the heap than the first ones did.
fn again_and_again(times: usize) {
    let guest = guest();
    guest.key("blue").touch_always(0);
    let begun = Instant::now();
    // What libc keeps of memory that was given back, to have it at hand, it would count as used.
    let script = format!(
        "yes 'touch alice' | head -n {times} | GLIBC_TUNABLES=glibc.malloc.tcache_count=0 pam-host | grep -E '^(result|left)'"
    );
    let said = guest.run("root", &script, b"", PATIENCE * 40).ok();
    let took = begun.elapsed();
    assert!(!said.contains("left"), "{}", said.lines().find(|line| line.starts_with("left")).unwrap());
    let results = results(&said);
    assert_eq!(results.len(), times);
    assert!(results.iter().all(|(code, _)| *code == SUCCESS), "{results:?}");
    let heap = |number: usize| results.get(number).expect("that many").1;
    let (first, last) = (heap(9), heap(times - 1));
    println!(
        "{times} sign-ins in one process, {took:?}: {first} bytes of heap after the tenth, {last} after the last"
    );
    assert!(last <= first + 1024, "the heap grows from {first} to {last} bytes");
    let logged = guest.syslog().lines().filter(|line| line.contains("result=success")).count();
    assert_eq!(logged, times);
}

#[test]
fn a_host_signs_in_a_hundred_times() {
    again_and_again(100);
}

#[test]
#[ignore = "takes long: ./check guest-full"]
fn a_host_signs_in_ten_thousand_times() {
    again_and_again(10_000);
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
