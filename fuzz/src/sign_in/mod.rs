//! A whole sign-in: the built module under the real libpam of this machine, with files, arguments, a conversation and several devices
//! behind sockets, all of the input.
//!
//! - [`scenario`]: what the input stands for. [`fixture`]: keys that hold passkeys. [`machine`]: folders of this process alone, which is
//!   why it takes root.
//! - [`application`]: what calls libpam. [`devices`]: what sits at the sockets, and when the person gives up.
//! - [`wire`] and [`cbor`]: what went over the sockets. [`oracle`]: what must hold of it.
//!
//! Clocks are real. Where the module would only wait, the person presses Ctrl-C; some inputs let the time-out run instead.

pub mod application;
pub mod cbor;
pub mod devices;
pub mod fixture;
pub mod machine;
pub mod oracle;
pub mod scenario;
pub mod wire;

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use ctap::cose::PublicKey;
use p256::ecdsa::VerifyingKey;

use devices::Devices;
use fixture::{Enrolled, Fixture, RP_ID};
use machine::{Footprint, ModuleThread};
use oracle::{Expected, KnownPasskey, Observed, judge, sha256};
use scenario::{Argument, Scenario};

/// `PAM_SUCCESS`
const SUCCESS: i32 = 0;
/// The longest time-out of an input, and the longest time before Ctrl-C.
const LIMIT: Duration = Duration::from_secs(3);
/// Where the module is that is tried.
pub static MODULE_PATH: OnceLock<PathBuf> = OnceLock::new();

/// What is made once.
struct Machine {
    fixture: Fixture,
    passkeys: Vec<KnownPasskey>,
    log: OwnedFd,
}

/// The first thread that asks is the one with these folders, so one thread alone may run sign-ins.
static MACHINE: LazyLock<Machine> = LazyLock::new(|| {
    let log = machine::enter(module()).expect("root, and namespaces of its own");
    // It stays loaded: the fuzzer keeps counters in it.
    pam_client::module::load(machine::MODULE.as_ref()).expect("it is the module");
    machine::survive_interrupts();
    let fixture = Fixture::new();
    let passkeys = fixture.keys.iter().map(known).collect();
    Machine { fixture, passkeys, log }
});

/// Whether the person is let in.
///
/// # Panics
/// Where something does not hold that must.
pub fn run(data: &[u8]) -> bool {
    let scenario = Scenario::of(data);
    let observed = observe(&scenario);
    if let Err(violation) = judge(&MACHINE.passkeys, &expected(&scenario), &observed) {
        panic!("{violation}\n{scenario:#?}\n{observed:#?}");
    }
    observed.code == SUCCESS
}

/// Signs in, and looks on.
///
/// # Panics
/// Where the machine cannot be had.
pub fn observe(scenario: &Scenario) -> Observed {
    let Machine { fixture, log, .. } = &*MACHINE;
    let line = scenario.line(machine::MODULE);
    machine::prepare(&fixture.files(), &scenario.edits, scenario.service, &line)
        .expect("the folders are ours");
    let before = Footprint::take();
    let devices = Devices::new(scenario, fixture);
    let module = ModuleThread::current();
    let is_over = AtomicBool::new(false);
    let start = Instant::now();
    let (ended, end, seen) = thread::scope(|scope| {
        let seen = scope.spawn(|| devices.serve(scenario.patience, module, log, &is_over));
        let ended = application::sign_in(scenario);
        let end = Instant::now();
        is_over.store(true, Ordering::SeqCst);
        (ended, end, seen.join())
    });
    let seen = seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let after = Footprint::take();
    Observed {
        code: ended.code,
        user: ended.user,
        messages: wire::messages(&seen.exchanged),
        log: seen.log,
        took: end.saturating_duration_since(start),
        interrupted_for: seen.interrupted.map(|press| end.saturating_duration_since(press)),
        left_behind: (before != after).then(|| format!("{before:?} became {after:?}")),
    }
}

/// What the module should make of the files and arguments of the fixture.
fn expected(scenario: &Scenario) -> Expected {
    let is_known = |argument: &Argument| matches!(argument, Argument::Known(_));
    let is_policy_known = scenario.has_files_of_fixture() && scenario.arguments.iter().all(is_known);
    let says = |verification: &str| scenario.has(&format!("verification={verification}"));
    let is_passwordless = scenario.has("mode=passwordless");
    let verification = says("required") || is_passwordless && !says("preferred") && !says("discouraged");
    Expected { user: scenario.user, is_policy_known, verification, limit: LIMIT }
}

/// The part of a key of the fixture that the oracle needs.
fn known(key: &Enrolled) -> KnownPasskey {
    let PublicKey::Es256 { x, y } = &key.credential.public_key else { panic!("{key:?} is of another kind") };
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    KnownPasskey {
        user: key.user,
        is_enabled: key.is_enabled,
        rp_id_hash: sha256(RP_ID.as_bytes()),
        public_key: VerifyingKey::from_sec1_bytes(&point).expect("it is a point"),
    }
}

/// The built module: beside this program, unless [`MODULE_PATH`] is set.
fn module() -> &'static Path {
    MODULE_PATH.get_or_init(|| {
        let program = std::env::current_exe().expect("a program has a path");
        program.with_file_name("libpam_passkey.so")
    })
}
