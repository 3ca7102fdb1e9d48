//! The name of the host program.

use std::fs::File;
use std::io::Read as _;

/// Where the kernel has it.
const COMM: &str = "/proc/self/comm";
/// More than the kernel keeps (`TASK_COMM_LEN`).
const MAX_LEN: u64 = 64;

/// The name, cut at 15 bytes; `None` where it cannot be read. A program can choose its own.
pub(crate) fn program() -> Option<String> {
    let mut name = Vec::new();
    File::open(COMM).ok()?.take(MAX_LEN).read_to_end(&mut name).ok()?;
    Some(String::from_utf8_lossy(&name).trim_end_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_program_has_a_name_of_at_most_fifteen_bytes() {
        let name = super::program().unwrap();
        assert!((1..=15).contains(&name.len()) && !name.contains('\n'), "{name:?}");
    }
}
