//! The machine as the module sees it: folders of this process alone, in place of the machine's own.
#![allow(unsafe_code, reason = "namespaces are the kernel's")]

use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::ptr;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};

use super::scenario::FileEdit;

/// Where services listen.
pub const SOCKETS: &str = "/run/passkey/authenticators";
/// Where the service file is.
pub const PAM_FOLDER: &str = "/run/pam.d";
/// The files that an input can change.
pub const FILES: [&str; 4] = [
    "/etc/passkey/passkey.toml",
    "/etc/passkey/credentials/alice.toml",
    "/etc/passkey/credentials/bob.toml",
    "/var/lib/passkey/state/alice.toml",
];
/// Where the module is, for its path to have no blanks in it.
pub const MODULE: &str = "/run/pam_passkey.so";
/// What is replaced. Nothing of the machine is changed, or told anything.
const REPLACED: [&CStr; 3] = [c"/etc", c"/run", c"/var/lib"];
/// Where devices are made, before they replace the machine's.
const DEVICES: &CStr = c"/run/dev";
/// Devices that programs need, and their minor numbers.
const NEEDED: [(&CStr, u32); 4] =
    [(c"/run/dev/null", 3), (c"/run/dev/zero", 5), (c"/run/dev/random", 8), (c"/run/dev/urandom", 9)];
const USERS: &str = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n\
    bob:x:1001:1001::/home/bob:/bin/sh\ncarol:x:1002:1002::/home/carol:/bin/sh\n";
const GROUPS: &str = "root:x:0:\nalice:x:1000:\nbob:x:1001:\ncarol:x:1002:\n";

/// Gives this thread, and those that it starts, folders of their own, with `module` in them. Gives the system log.
///
/// # Errors
/// Whatever keeps it from that: as a rule that this is not root.
pub fn enter(module: &Path) -> io::Result<OwnedFd> {
    let linker_cache = fs::read("/etc/ld.so.cache")?;
    // SAFETY: nothing in the process depends on which mounts this thread sees.
    checked(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
    mount(c"none", c"/", c"none", libc::MS_REC | libc::MS_PRIVATE)?;
    for folder in REPLACED {
        mount(c"tmpfs", folder, c"tmpfs", libc::MS_NOSUID)?;
        let folder = Path::new(std::ffi::OsStr::from_bytes(folder.to_bytes()));
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    for (path, bytes) in [
        ("/etc/ld.so.cache", linker_cache.as_slice()),
        ("/etc/nsswitch.conf", b"passwd: files\ngroup: files\nshadow: files\n"),
        ("/etc/passwd", USERS.as_bytes()),
        ("/etc/group", GROUPS.as_bytes()),
        ("/etc/hostname", b"fuzz.example\n"),
    ] {
        fs::write(path, bytes)?;
    }
    fs::copy(module, MODULE)?;
    system_log()
}

/// Replaces the machine's devices, so that no key which is plugged in has a part in it, and listens for the system log.
fn system_log() -> io::Result<OwnedFd> {
    fs::create_dir(Path::new("/run/dev"))?;
    for (path, minor) in NEEDED {
        // SAFETY: the path ends with a zero.
        checked(unsafe { libc::mknod(path.as_ptr(), libc::S_IFCHR | 0o666, libc::makedev(1, minor)) })?;
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let log = socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
    bind(&log, &SocketAddrUnix::new("/run/dev/log")?)?;
    mount(DEVICES, c"/dev", c"none", libc::MS_BIND)?;
    // libc keeps its connection to the log.
    // SAFETY: a text that ends with a zero, without anything to be replaced in it.
    unsafe { libc::syslog(libc::LOG_DEBUG, c"hello".as_ptr()) };
    Ok(log)
}

/// The files of one sign-in, as the fixture has them but for these edits.
///
/// # Errors
/// Whatever keeps them from being written.
pub fn prepare(files: &[(&str, String)], edits: &[FileEdit], service: &str, line: &[u8]) -> io::Result<()> {
    for folder in ["/etc/passkey", "/var/lib/passkey", "/run/passkey", PAM_FOLDER] {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for folder in ["/etc/passkey/credentials", "/var/lib/passkey/state", SOCKETS, PAM_FOLDER] {
        fs::create_dir_all(folder)?;
    }
    for (number, path) in FILES.iter().enumerate() {
        let text = files.iter().find(|(name, _)| name == path).map(|(_, text)| text.clone());
        let edits: Vec<&FileEdit> =
            edits.iter().filter(|edit| usize::from(edit.file) % FILES.len() == number).collect();
        if text.is_none() && edits.is_empty() {
            continue;
        }
        let mut bytes = text.unwrap_or_default().into_bytes();
        for edit in edits {
            let start = usize::from(edit.at).min(bytes.len());
            let end = start.saturating_add(edit.deleted.into()).min(bytes.len());
            bytes.splice(start..end, edit.inserted.iter().copied());
        }
        fs::write(path, bytes)?;
    }
    fs::write(Path::new(PAM_FOLDER).join(service), line)
}

fn mount(source: &CStr, target: &CStr, kind: &CStr, flags: libc::c_ulong) -> io::Result<()> {
    let options = CString::default();
    // SAFETY: all are texts that end with a zero.
    let failed = unsafe {
        libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, options.as_ptr().cast())
    };
    checked(failed)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", target.to_string_lossy())))
}

fn checked(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The thread that the module runs on.
#[derive(Clone, Copy, Debug)]
pub struct ModuleThread {
    thread: libc::pthread_t,
    id: libc::pid_t,
}

impl ModuleThread {
    /// This one.
    pub fn current() -> Self {
        // SAFETY: neither can fail.
        unsafe { Self { thread: libc::pthread_self(), id: libc::gettid() } }
    }

    /// Whether it waits for something in `poll`.
    pub fn is_waiting(&self) -> bool {
        let path = format!("/proc/self/task/{}/syscall", self.id);
        // A thread that is about to run says so.
        let call = fs::read_to_string(path).unwrap_or_default();
        let number = call.split(' ').next().and_then(|number| number.parse().ok());
        number.is_some_and(|number: libc::c_long| POLLS.contains(&number))
    }

    /// Presses Ctrl-C.
    pub fn interrupt(&self) {
        // SAFETY: the thread waits for the one that calls this; the signal has a handler.
        unsafe { libc::pthread_kill(self.thread, libc::SIGINT) };
    }
}

#[cfg(target_arch = "x86_64")]
const POLLS: [libc::c_long; 2] = [libc::SYS_poll, libc::SYS_ppoll];
#[cfg(not(target_arch = "x86_64"))]
const POLLS: [libc::c_long; 1] = [libc::SYS_ppoll];

/// What of the process a module could leave changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint {
    descriptors: usize,
    blocked: Vec<bool>,
    handlers: Vec<libc::sighandler_t>,
    environment: Vec<(std::ffi::OsString, std::ffi::OsString)>,
}

impl Footprint {
    /// As it is now.
    pub fn take() -> Self {
        let signals = 1..=31;
        let mut mask = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: nothing is changed; the set is filled.
        let mask = unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), mask.as_mut_ptr());
            mask.assume_init()
        };
        let handler = |signal| {
            let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
            // SAFETY: nothing is changed; zeroed bytes are an action for the signals that cannot be asked about.
            unsafe {
                libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
                action.assume_init().sa_sigaction
            }
        };
        Self {
            descriptors: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            // SAFETY: the set is one, and these are signals.
            blocked: signals
                .clone()
                .map(|signal| unsafe { libc::sigismember(&raw const mask, signal) } == 1)
                .collect(),
            handlers: signals.map(handler).collect(),
            #[expect(clippy::disallowed_methods, reason = "it is compared, not heeded")]
            environment: std::env::vars_os().collect(),
        }
    }
}

/// Ctrl-C that the module has not taken reaches this process, and does nothing to it.
pub fn survive_interrupts() {
    extern "C" fn nothing(_signal: libc::c_int) {}
    // SAFETY: the handler does nothing.
    unsafe { libc::signal(libc::SIGINT, nothing as *const () as libc::sighandler_t) };
}
