//! The module in a host that has next to no memory left.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{AUTHINFO_UNAVAIL, Application, module};

/// `PAM_BUF_ERR`.
const BUF_ERR: i32 = 5;
const MIB: u64 = 1024 * 1024;
/// Set in the process that this test starts of itself: a limit is for all of its threads.
const ALONE: &str = "PASSKEY_TEST_MEMORY";

/// The size of the address space of this process in bytes.
fn address_space() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.strip_suffix("kB")).unwrap();
    size.trim().parse::<u64>().unwrap().checked_mul(1024).unwrap()
}

#[test]
fn a_lack_of_memory_is_an_answer_and_not_the_end_of_the_host() {
    if std::env::var_os(ALONE).is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "host::memory::a_lack_of_memory_is_an_answer_and_not_the_end_of_the_host",
                "--nocapture",
            ])
            .env(ALONE, "")
            // Another thread's heap would be part of the address space before it is used.
            .env("MALLOC_ARENA_MAX", "1")
            .env("PASSKEY_RELEASE_DIR", module().parent().unwrap())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{}: {text}", output.status);
        return;
    }
    let application = Application::nobody("auth required @\n");
    // The first time, libpam connects to the system log and keeps the connection.
    assert_eq!(application.authenticate(0), AUTHINFO_UNAVAIL);
    let heard = application.heard();
    let before = getrlimit(Resource::As);
    let each_within = |bytes: u64, times: usize| {
        let limit = Rlimit { current: address_space().checked_add(bytes), maximum: before.maximum };
        setrlimit(Resource::As, limit).unwrap();
        let codes: Vec<i32> = (0..times).map(|_| application.authenticate(0)).collect();
        setrlimit(Resource::As, before).unwrap();
        codes
    };
    let within = |bytes: u64| each_within(bytes, 1)[0];
    // Sixteen are asked for.
    for bytes in [0, MIB / 4, 8 * MIB, 15 * MIB] {
        assert_eq!(within(bytes), BUF_ERR, "{bytes} bytes");
    }
    assert_eq!(application.heard(), heard, "not a word, which would take memory");
    assert_eq!(within(64 * MIB), AUTHINFO_UNAVAIL);
    // It is given back each time.
    assert_eq!(each_within(64 * MIB, 8), [AUTHINFO_UNAVAIL; 8]);
}
