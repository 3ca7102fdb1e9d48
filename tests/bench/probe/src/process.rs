//! What the kernel knows of this process.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use bench_probe::Library;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use rustix::time::{ClockId, clock_gettime};

/// `CLOCK_MONOTONIC` in nanoseconds.
pub(crate) fn now() -> u64 {
    let now: Duration = clock_gettime(ClockId::Monotonic).try_into().expect("it begins with zero");
    u64::try_from(now.as_nanos()).expect("five hundred years")
}

/// Processor time of this process and of its children that have ended, in the kernel and outside, in nanoseconds.
pub(crate) fn cpu() -> u64 {
    let ns =
        |time: TimeVal| time.tv_sec().unsigned_abs() * 1_000_000_000 + time.tv_usec().unsigned_abs() * 1_000;
    [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN]
        .into_iter()
        .map(|who| getrusage(who).expect("it may be asked"))
        .map(|usage| ns(usage.user_time()) + ns(usage.system_time()))
        .sum()
}

/// The highest resident set of a child, in KiB.
pub(crate) fn peak_of_children_kib() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("it may be asked");
    usage.max_rss().unsigned_abs()
}

/// Figures of `/proc/self`.
pub(crate) struct Memory {
    pub(crate) peak_kib: u64,
    pub(crate) mapped_kib: u64,
    pub(crate) anonymous_kib: u64,
    pub(crate) libraries: Vec<Library>,
}

impl Memory {
    pub(crate) fn of_this_process() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("proc is mounted");
        let rollup = fs::read_to_string("/proc/self/smaps_rollup").expect("proc is mounted");
        let maps = fs::read_to_string("/proc/self/maps").expect("proc is mounted");
        let mapped = mapped(&maps);
        let libraries = mapped.keys().filter(|path| path.contains(".so")).map(|path| Library {
            path: (*path).to_owned(),
            bytes: fs::metadata(path).map_or(0, |file| file.len()),
        });
        Self {
            peak_kib: kib(&status, "VmHWM:"),
            mapped_kib: mapped.values().sum::<u64>() >> 10,
            anonymous_kib: kib(&rollup, "Anonymous:"),
            libraries: libraries.collect(),
        }
    }
}

/// The value of a line `NAME: 123 kB`.
fn kib(text: &str, name: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no {name} in {text}"))
}

/// Bytes of address space by file.
fn mapped(maps: &str) -> BTreeMap<&str, u64> {
    let mut files = BTreeMap::new();
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let range = fields.next().and_then(|range| range.split_once('-'));
        let address = |text: &str| u64::from_str_radix(text, 16).ok();
        if let (Some((from, to)), Some(path)) = (range, fields.nth(4))
            && let (Some(from), Some(to)) = (address(from), address(to))
            && path.starts_with('/')
        {
            *files.entry(path).or_default() += to - from;
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::{Memory, cpu, kib, mapped, now};

    #[test]
    fn mappings_are_summed_by_file() {
        let maps = "1000-3000 r-xp 00000000 fe:00 12    /usr/lib/libc.so.6\n\
                    3000-3800 rw-p 00002000 fe:00 12    /usr/lib/libc.so.6\n\
                    4000-5000 rw-p 00000000 00:00 0\n\
                    6000-7000 rw-p 00000000 00:00 0     [heap]\n";
        assert_eq!(mapped(maps).into_iter().collect::<Vec<_>>(), [("/usr/lib/libc.so.6", 0x2800)]);
        assert_eq!(kib("VmPeak:\t 9 kB\nVmHWM:\t  1234 kB\n", "VmHWM:"), 1234);
    }

    #[test]
    fn this_process_has_figures() {
        let (before, start) = (cpu(), now());
        while cpu() < before + 20_000_000 {}
        assert!(now() >= start + 10_000_000, "two processors at most work for one thread");
        let memory = Memory::of_this_process();
        assert!(memory.peak_kib > 100 && memory.mapped_kib > 100 && memory.anonymous_kib > 0);
        assert!(memory.libraries.iter().any(|library| library.path.contains("libc.so") && library.bytes > 0));
    }
}
