//! What a guest of this machine's architecture is like: it runs the programs that were built here.

use std::env::consts::ARCH;

/// What differs from one to another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Architecture {
    /// As Debian calls it.
    pub(crate) name: &'static str,
    /// Where Debian keeps its libraries, below `/usr/lib`.
    pub(crate) libraries: &'static str,
    /// QEMU's program.
    pub(crate) emulator: &'static str,
    /// The plainest machine that has a PCI bus.
    pub(crate) machine: &'static str,
    /// The plainest processor that Debian's programs make use of: what newer ones can do besides is slower when it is emulated. It has an
    /// instruction for random numbers.
    pub(crate) processor: &'static str,
    /// For the kernel's command line: its name of the first serial port.
    pub(crate) kernel_words: &'static str,
    /// The plainest graphics card that Linux has a driver of its own for; `image/recipe` has the driver loaded.
    pub(crate) card: &'static str,
    /// The interface of a TPM whose driver is part of Debian's kernel.
    pub(crate) tpm: &'static str,
    /// For the command line of a kernel that has a TPM.
    pub(crate) tpm_words: &'static str,
    /// Whether the machine can tell its kernel that it goes on from a saved state, so that its random numbers are its own (`vmgenid`). Without
    /// that, every guest is switched on.
    pub(crate) has_generation_id: bool,
}

const KNOWN: [(&str, Architecture); 2] = [
    (
        "x86_64",
        Architecture {
            name: "amd64",
            libraries: "x86_64-linux-gnu",
            emulator: "qemu-system-x86_64",
            machine: "q35",
            processor: "Nehalem,+rdrand",
            kernel_words: "console=ttyS0",
            card: "VGA",
            tpm: "tpm-tis",
            // The firmware lays the ACPI tables behind the TPM's log, lower than QEMU expects, and a kernel that is not compressed has its
            // initrd copied over them. What the kernel reads there instead can hang it, so it is to read nothing, and to look for the TPM itself.
            tpm_words: " acpi=off tpm_tis.force=1 tpm_tis.interrupts=0",
            has_generation_id: true,
        },
    ),
    (
        "aarch64",
        Architecture {
            name: "arm64",
            libraries: "aarch64-linux-gnu",
            emulator: "qemu-system-aarch64",
            machine: "virt",
            // Signed pointers in a cipher of QEMU's own rather than in the specification's, which takes most of the time.
            processor: "max,pauth-impdef=on",
            kernel_words: "console=ttyAMA0",
            card: "virtio-gpu-pci",
            tpm: "tpm-tis-device",
            tpm_words: "",
            has_generation_id: false,
        },
    ),
];

impl Architecture {
    /// This machine's.
    ///
    /// # Panics
    /// When there are no guests for it.
    pub(crate) fn own() -> &'static Self {
        Self::of(ARCH).unwrap_or_else(|| panic!("no guest is known for {ARCH}; {}:{}", file!(), line!()))
    }

    /// By Rust's name of it.
    fn of(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|(known, _)| *known == name).map(|(_, architecture)| architecture)
    }
}

/// What Debian calls the architecture of this machine and its guests: `amd64`.
pub fn debian_architecture() -> &'static str {
    Architecture::own().name
}

/// Where a guest keeps its libraries: `/usr/lib/x86_64-linux-gnu`.
pub fn libraries() -> String {
    format!("/usr/lib/{}", Architecture::own().libraries)
}

#[cfg(test)]
mod tests {
    use super::{Architecture, KNOWN};
    use std::process::Command;

    /// The one that this program was built for is the one whose packages are installed here.
    #[test]
    fn it_is_the_one_that_debian_names() {
        let said = Command::new("dpkg").arg("--print-architecture").output().expect("dpkg").stdout;
        assert_eq!(String::from_utf8_lossy(&said).trim(), Architecture::own().name);
        let folder = format!("/usr/lib/{}", Architecture::own().libraries);
        assert!(std::path::Path::new(&folder).join("libc.so.6").exists(), "{folder}");
    }

    #[test]
    fn arm64_is_emulated_as_arm64() {
        let arm = Architecture::of("aarch64").expect("it is known");
        assert_eq!((arm.name, arm.libraries), ("arm64", "aarch64-linux-gnu"));
        assert_eq!((arm.emulator, arm.machine), ("qemu-system-aarch64", "virt"));
        assert_eq!(arm.kernel_words, "console=ttyAMA0");
        assert_eq!(Architecture::of("sparc64"), None);
    }

    /// What makes images and what installs packages know the same architectures.
    #[test]
    fn the_scripts_know_each() {
        for (_, architecture) in &KNOWN {
            for script in ["recipe", "prerequisites"] {
                let path = crate::image::folder().join(script);
                let text = std::fs::read_to_string(path).expect("a script");
                let case = format!("    {}) ", architecture.name);
                assert!(text.contains(&case), "{script} has no case {}", architecture.name);
            }
        }
    }
}
