//! Keeps panics away from the host.
//!
//! None is expected. One that happens all the same unwinds to the entry point, becomes an error of the module, and
//! leaves nothing on the host's stderr: polkit's agents and some greeters take a line there for a failure, and a
//! terminal's owner for an attack.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Mutex, Once, PoisonError};

// The unwinder. Rust's standard library takes it from `libgcc_s.so.1`; a PAM module should bring nothing into its host but
// libc and libpam, so the static half of the same library is linked first. The linker then finds nothing left to take from
// the shared one and drops it (rustc links `--as-needed`). `tests/artefact` checks the result.
//
// `+whole-archive`: it stands on the command line before anything that refers to it. `-bundle`: it is the compiler's own,
// found by the linker.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[link(name = "gcc_eh", kind = "static", modifiers = "+whole-archive,-bundle")]
unsafe extern "C" {}

/// Longer descriptions are cut.
const MAX_PLACE: usize = 256;

/// Where the last panic happened, kept from the hook until it is caught: its length, and the text. Not on the heap, since what a thread has
/// allocated in a call is the call's (`memory.rs`), and another thread could take this.
static LAST: Mutex<(usize, [u8; MAX_PLACE])> = Mutex::new((0, [0; MAX_PLACE]));

/// Makes panics silent in this copy of Rust's standard library.
///
/// The copy is the module's own, linked statically: a host or another module that is written in Rust has its own
/// hook and keeps it.
pub(crate) fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let place = describe(info);
            let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
            last.0 = last.1.iter_mut().zip(place.bytes()).map(|(to, byte)| *to = byte).count();
        }));
    });
}

/// Place and words of a panic. Words that were put together while running are left out: they could quote anything,
/// secrets included.
fn describe(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    match info.payload().downcast_ref::<&'static str>() {
        Some(words) => format!("{place}: {words}"),
        None => place,
    }
}

/// A panic that was caught; where it happened, if the hook is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panic(String);

impl Panic {
    /// Source file, line and fixed words of the panic.
    pub(crate) fn place(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn at(place: &str) -> Self {
        Self(place.to_owned())
    }
}

/// Runs `work`; a panic inside ends here.
///
/// # Errors
/// [`Panic`] if `work` panicked.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload: Box<dyn Any + Send>| {
        // Dropping what was thrown could panic again.
        std::mem::forget(payload);
        let (len, text) = {
            let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut last.0), last.1)
        };
        match text.get(..len) {
            None | Some([]) => Panic("an unknown place".to_owned()),
            Some(place) => Panic(String::from_utf8_lossy(place).into_owned()),
        }
    })
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
