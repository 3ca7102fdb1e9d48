//! What there is of a process besides its memory.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fmt;
use std::fs::{self, File};
use std::io::Read as _;
use std::mem::MaybeUninit;
use std::os::fd::FromRawFd as _;
use std::ptr;

/// The argument with which the program tells only of itself.
pub(crate) const LOOK: &str = "--look";

/// Lines of `/proc/thread-self/status` that something in the process can change.
const STATUS: [&str; 20] = [
    "Umask",
    "Uid",
    "Gid",
    "Groups",
    "Threads",
    "SigPnd",
    "ShdPnd",
    "SigBlk",
    "SigIgn",
    "SigCgt",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "NoNewPrivs",
    "Seccomp",
    "Cpus_allowed",
    "Mems_allowed",
    "THP_enabled",
];

/// Files of `/proc/self` with settings.
const SETTINGS: [&str; 5] = ["limits", "oom_score_adj", "personality", "coredump_filter", "timerslack_ns"];

/// Everything of a process, by name, that something in it could leave changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Footprint(BTreeMap<String, String>);

impl Footprint {
    /// That of this process and thread.
    pub(crate) fn take() -> Self {
        let mut facts = BTreeMap::new();
        facts.extend(descriptors());
        facts.extend(std::env::vars_os().map(|(name, value)| {
            (format!("environment {}", name.to_string_lossy()), value.to_string_lossy().into_owned())
        }));
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        facts.extend(status.lines().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            STATUS.contains(&name).then(|| (name.to_owned(), value.trim().to_owned()))
        }));
        for name in SETTINGS {
            let text = fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
            facts.insert(name.to_owned(), text.trim().replace('\n', "; "));
        }
        for name in ["cwd", "root"] {
            let target = fs::read_link(format!("/proc/self/{name}")).unwrap();
            facts.insert(name.to_owned(), target.display().to_string());
        }
        let children = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        facts.insert("children".to_owned(), children);
        facts.insert("locks".to_owned(), locks());
        facts.extend(handlers());
        facts.extend(from_libc());
        Self(facts)
    }

    /// What this process has from the one that started it: handlers are its own, and lie elsewhere in memory at each run.
    pub(crate) fn inherited() -> Self {
        let mut all = Self::take();
        all.0.retain(|name, value| !(name.starts_with("handler") && value.starts_with("0x")));
        all
    }

    /// That of a program that this process starts now, as C does it: no signal is put right for it first.
    pub(crate) fn from_child() -> Self {
        let mut pipe = [0; 2];
        // SAFETY: room for two descriptors.
        assert_eq!(unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
        let words = [c"/proc/self/exe".as_ptr(), c"--look".as_ptr(), ptr::null()];
        // SAFETY: the child calls nothing but what a signal handler may call, and becomes another program or ends; the words are
        // literals with a null behind them.
        let child = unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::dup2(pipe[1], 1);
                libc::execv(words[0], words.as_ptr());
                libc::_exit(1);
            }
            libc::close(pipe[1]);
            child
        };
        assert!(child > 0, "no other process can be started");
        let mut text = String::new();
        // SAFETY: the descriptor is ours, and nobody else closes it.
        unsafe { File::from_raw_fd(pipe[0]) }.read_to_string(&mut text).unwrap();
        let mut status = 0;
        // SAFETY: room for a status.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        let facts = text.lines().map(|line| {
            let (name, value) = line.split_once('\t').expect("a name and a value");
            (name.to_owned(), value.to_owned())
        });
        Self(facts.collect())
    }

    /// What is not as it was.
    pub(crate) fn differences(&self, before: &Self) -> Vec<Difference> {
        let mut names: Vec<&String> = self.0.keys().chain(before.0.keys()).collect();
        names.sort();
        names.dedup();
        let of = |facts: &Self, name: &String| facts.0.get(name).cloned();
        names
            .into_iter()
            .map(|name| Difference { name: name.clone(), was: of(before, name), is: of(self, name) })
            .filter(|difference| difference.was != difference.is)
            .collect()
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, value)| writeln!(f, "{name}\t{value}"))
    }
}

/// One thing that has changed.
pub(crate) struct Difference {
    name: String,
    was: Option<String>,
    is: Option<String>,
}

impl Difference {
    /// Whether it is a descriptor that a sign-in needs while it goes on, and that no other program gets to see.
    pub(crate) fn is_needed_descriptor(&self) -> bool {
        let ours = |is: &str| {
            ["/dev/hidraw", "inotify", "[signalfd]"].iter().any(|kind| is.contains(kind))
                && is.ends_with(CLOSES_ITSELF)
        };
        self.name.starts_with("descriptor") && self.was.is_none() && self.is.as_deref().is_some_and(ours)
    }

    /// Whether it is about locks on files.
    pub(crate) fn is_lock(&self) -> bool {
        self.name == "locks"
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}, was {:?}", self.name, self.is, self.was)
    }
}

const CLOSES_ITSELF: &str = "closed at exec";

fn descriptors() -> Vec<(String, String)> {
    let entries = fs::read_dir("/proc/self/fd").unwrap();
    let numbers = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let described = numbers.filter_map(|number| {
        let target = fs::read_link(format!("/proc/self/fd/{number}")).ok()?.display().to_string();
        // The folder that is being read is gone by now, and its number may be another's.
        if target.ends_with("/fd") {
            return None;
        }
        // The pipe to whoever started this program is a new one each time.
        let target = if target.starts_with("pipe:") { "a pipe".to_owned() } else { target };
        // SAFETY: asks for flags.
        let flags = unsafe { libc::fcntl(number.parse().unwrap(), libc::F_GETFD) };
        let fate = if flags & libc::FD_CLOEXEC == 0 { "inherited" } else { CLOSES_ITSELF };
        Some((format!("descriptor {number}"), format!("{target} {fate}")))
    });
    described.collect()
}

/// Locks on files that this process holds.
fn locks() -> String {
    let own = std::process::id().to_string();
    let all = fs::read_to_string("/proc/locks").unwrap_or_default();
    let held = all.lines().filter(|line| line.split_whitespace().any(|word| word == own));
    held.filter_map(|line| line.split_once(' ')).map(|(_, lock)| lock.trim()).collect::<Vec<_>>().join("; ")
}

fn handlers() -> Vec<(String, String)> {
    let known = (1..=64).filter_map(|signal| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: asks only; signals that nobody may ask about are refused.
        let (refused, action) =
            unsafe { (libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) != 0, action.assume_init()) };
        let handler = match action.sa_sigaction {
            libc::SIG_DFL => "default".to_owned(),
            libc::SIG_IGN => "ignored".to_owned(),
            handler => format!("{handler:#x}"),
        };
        (!refused).then(|| (format!("handler {signal}"), format!("{handler} {:#x}", action.sa_flags)))
    });
    known.collect()
}

fn from_libc() -> Vec<(String, String)> {
    let mut facts = Vec::new();
    // SAFETY: each call asks only, and is given room for its answer.
    unsafe {
        facts.push(("dumpable", libc::prctl(libc::PR_GET_DUMPABLE).to_string()));
        facts.push(("parent death", {
            let mut signal = 0;
            libc::prctl(libc::PR_GET_PDEATHSIG, &raw mut signal);
            signal.to_string()
        }));
        facts.push(("nice", libc::getpriority(0, 0).to_string()));
        for (name, timer) in [("real timer", 0), ("virtual timer", 1), ("profiler", 2)] {
            let mut is = MaybeUninit::<libc::itimerval>::zeroed();
            libc::getitimer(timer, is.as_mut_ptr());
            let is = is.assume_init();
            facts.push((name, format!("{} {}", is.it_value.tv_sec, is.it_interval.tv_sec)));
        }
        let locale = libc::setlocale(libc::LC_ALL, ptr::null());
        if !locale.is_null() {
            facts.push(("locale", CStr::from_ptr(locale).to_string_lossy().into_owned()));
        }
        let mut stack = MaybeUninit::<libc::stack_t>::zeroed();
        libc::sigaltstack(ptr::null(), stack.as_mut_ptr());
        let stack = stack.assume_init();
        facts.push(("signal stack", format!("{} bytes, flags {:#x}", stack.ss_size, stack.ss_flags)));
    }
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Bytes of heap in use.
pub(crate) fn heap() -> usize {
    // SAFETY: asks only.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks.saturating_add(info.hblkhd)
}
