//! The process that talks to the key, through `ctap-hid-fido2`.
//!
//! That crate waits for ever for a key that is silent, panics on some malformed replies, prints to stdout, and takes any number
//! that a key says for true. Here it may: this process serves one request only, has nothing of value, and is
//! killed when it takes too long. What it knows of the PIN goes with it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ctap_hid_fido2::{FidoKeyHid, FidoKeyHidFactory, HidParam, LibCfg};
use ctaphid_socket::Folder;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior, set_parent_process_death_signal,
    setrlimit,
};
use zeroize::Zeroizing;

use super::link::{Found, Link};
use super::protocol::{Event, Failure, Operation, Outcome, Request};
use super::{config, fingerprints, passkeys};
use crate::key::identity::Identity;
use crate::report::Exit;

/// More than any request has, in bytes.
const MAX_REQUEST_LEN: usize = 16 * 1024;
/// Memory for all that a key may have to say, in bytes: an endless list ends here.
const MEMORY: u64 = 1 << 30;
/// How often to try for the lock of a key that another program uses, and how many times.
const LOCK_RETRY: Duration = Duration::from_millis(50);
const LOCK_TRIES: usize = 200;
/// After so many tries the person should know.
const BUSY_TRIES: usize = 20;

/// Does what the other end of stdin asks for, and answers there.
pub(crate) fn main() -> ExitCode {
    // The message of a panic could contain secrets.
    set_hook(Box::new(|_| {}));
    if confine().is_err() {
        return Exit::Failed.into();
    }
    let Ok(mut channel) = Channel::open() else { return Exit::Usage.into() };
    let Ok(request) = channel.request() else { return Exit::Usage.into() };
    let event = match catch_unwind(AssertUnwindSafe(|| work(request, &Folder::default(), &mut channel))) {
        Ok(Ok(outcome)) => Event::Done(outcome),
        Ok(Err(failure)) => Event::Failed(failure),
        Err(_) => Event::Failed(Failure::Garbled),
    };
    channel.send(&event);
    Exit::Done.into()
}

/// Ends with the command, leaves no core file with a PIN in it, and takes no more than its share of memory.
fn confine() -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::As, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) })?;
    Ok(())
}

/// The command at the other end of stdin.
pub(super) struct Channel {
    input: BufReader<File>,
    output: File,
}

impl Channel {
    fn open() -> io::Result<Self> {
        let stdin = io::stdin();
        let open = || Ok::<_, io::Error>(File::from(stdin.as_fd().try_clone_to_owned()?));
        Ok(Self { input: BufReader::with_capacity(MAX_REQUEST_LEN, open()?), output: open()? })
    }

    fn request(&mut self) -> io::Result<Request> {
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_REQUEST_LEN));
        let limit = u64::try_from(MAX_REQUEST_LEN).unwrap_or(u64::MAX);
        (&mut self.input).take(limit).read_until(b'\n', &mut line)?;
        Ok(serde_json::from_slice(&line)?)
    }

    /// Tells the command something. That it is gone is noticed otherwise.
    pub(super) fn send(&mut self, event: &Event) {
        if let Ok(mut line) = serde_json::to_vec(event) {
            line.push(b'\n');
            let _ = self.output.write_all(&line).and_then(|()| self.output.flush());
        }
    }

    /// Has the key stop waiting for a person as soon as the command hangs up.
    fn cancel_on_hang_up(&self, key: &Arc<FidoKeyHid>) -> io::Result<()> {
        let mut input = self.input.get_ref().try_clone()?;
        let key = Arc::clone(key);
        thread::Builder::new().spawn(move || {
            let _ = input.read(&mut [0]);
            // Whatever it is called: it sends CTAPHID_CANCEL.
            let _ = key.cancel_selection();
        })?;
        Ok(())
    }
}

/// `folder`: where services listen.
fn work(request: Request, folder: &Folder, channel: &mut Channel) -> Result<Outcome, Failure> {
    let (link, key) = open(&request, folder, channel)?;
    channel.cancel_on_hang_up(&key).map_err(|_| Failure::CannotOpen)?;
    match request.operation {
        Operation::SetPin { new } => classify_error(key.set_new_pin(new.as_str())).map(|()| Outcome::Done),
        Operation::ChangePin { old, new } => {
            classify_error(key.change_pin(old.as_str(), new.as_str())).map(|()| Outcome::Done)
        }
        Operation::VerifyPin { pin } => {
            classify_error(key.get_pin_token(pin.as_str())).map(|_| Outcome::Done)
        }
        Operation::Configure { pin, setting } => {
            config::set(&link, request.protocol, &pin, setting).map(|()| Outcome::Done)
        }
        Operation::Fingerprints { pin } => fingerprints::list(&key, &pin).map(Outcome::Fingerprints),
        Operation::AddFingerprint { pin, name, sample_timeout_ms } => {
            fingerprints::add(&key, &pin, &name, sample_timeout_ms, channel)
        }
        Operation::RenameFingerprint { pin, id, name } => {
            fingerprints::rename(&key, &pin, &id, &name).map(|()| Outcome::Done)
        }
        Operation::RemoveFingerprint { pin, id } => {
            fingerprints::remove(&key, &pin, &id).map(|()| Outcome::Done)
        }
        Operation::Passkeys { pin } => passkeys::list(&key, &pin).map(Outcome::Passkeys),
        Operation::RemovePasskey { pin, id } => passkeys::remove(&key, &pin, id).map(|()| Outcome::Done),
    }
}

/// The key that is asked for and no other, under its advisory lock, which the crate does not take.
fn open(
    request: &Request,
    folder: &Folder,
    channel: &mut Channel,
) -> Result<(Link, Arc<FidoKeyHid>), Failure> {
    let found = Found::look(&request.of, folder)?;
    let link = found.open()?;
    lock(&link, channel)?;
    let path = found.path().to_str().ok_or(Failure::CannotOpen)?.to_owned();
    if let Identity::Service { account, .. } = request.of {
        hidapi::services(folder.clone(), account);
    }
    let settings = LibCfg {
        enable_log: false,
        use_pre_bio_enrollment: request.preview,
        use_pre_credential_management: request.preview,
        enable_keep_alive_msg: false,
        keep_alive_msg: String::new(),
        keep_alive_msg_to_stderr: false,
    };
    let key = classify_error(FidoKeyHidFactory::create_by_params(&[HidParam::Path(path)], &settings))?;
    // The node may have got another key between the two: then the first is gone.
    Found::look(&request.of, folder)?;
    Ok((link, Arc::new(key.with_pin_protocol_version(request.protocol))))
}

fn lock(link: &Link, channel: &mut Channel) -> Result<(), Failure> {
    for attempt in 0..LOCK_TRIES {
        if link.try_lock() {
            return Ok(());
        }
        if attempt == BUSY_TRIES {
            channel.send(&Event::Busy);
        }
        thread::sleep(LOCK_RETRY);
    }
    Err(Failure::Busy)
}

/// The crate's result, its error as a [`Failure`]. The crate has only sentences for errors, so its version is pinned exactly.
pub(super) fn classify_error<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<T, Failure> {
    result.map_err(|error| failure(&error.to_string()))
}

fn failure(words: &str) -> Failure {
    if let Some(status) = words.strip_prefix("response_status err = 0x") {
        let digits = status.split(' ').next().unwrap_or_default();
        return u8::from_str_radix(digits, 16).map_or(Failure::Garbled, Failure::Status);
    }
    match words {
        "Failed to open device." => Failure::CannotOpen,
        "write error" | "read error" => Failure::Gone,
        words if words.starts_with("read err = ") => Failure::Gone,
        _ => Failure::Garbled,
    }
}

#[cfg(test)]
#[path = "child_tests.rs"]
mod tests;
