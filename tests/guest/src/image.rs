//! What a guest boots from: made by `image/build`, kept in the cache.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::architecture::Architecture;

/// The root file system of a guest.
#[derive(Debug, Clone)]
pub enum Root {
    /// A clean Debian of this suite (`bookworm`, `trixie`, `sid`), or Ubuntu (`noble`), with these packages beyond the usual ones.
    Debian {
        /// As the archive calls it.
        suite: String,
        /// Names of packages.
        packages: Vec<String>,
    },
    /// A squashfs image of one's own; it must hold `/usr/bin/busybox` (Debian's `busybox-static`), `setpriv` and `env`.
    Image(PathBuf),
}

/// Who is process 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Init {
    /// Nothing runs but what the test starts: up in a few seconds.
    Busybox,
    /// The services that a person's machine runs; `image/init` knows the word on the kernel's command line.
    Systemd,
}

impl Init {
    /// What it adds to the kernel's command line.
    pub(crate) fn kernel_words(self) -> &'static str {
        match self {
            Self::Busybox => "",
            Self::Systemd => {
                " guest.systemd systemd.unit=multi-user.target systemd.wants=guest-agent.service \
                 systemd.getty_auto=0 systemd.show_status=no"
            }
        }
    }

    /// Packages that it is made of, and that make it a machine that people sign in to.
    pub(crate) fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Busybox => &[],
            Self::Systemd => &["dbus", "libpam-systemd", "systemd-sysv"],
        }
    }

    /// Files of `image/` and where they go.
    pub(crate) fn files(self) -> &'static [(&'static str, &'static str, u32)] {
        match self {
            Self::Busybox => &[("inittab", "/etc/inittab", 0o644), ("start", "/guest/start", 0o755)],
            Self::Systemd => &[
                ("guest-agent.service", "/etc/systemd/system/guest-agent.service", 0o644),
                // Without one, systemd takes the machine for new and asks itself what to enable.
                ("machine-id", "/etc/machine-id", 0o444),
            ],
        }
    }
}

/// Files to start QEMU with.
#[derive(Debug, Clone)]
pub(crate) struct BootFiles {
    pub(crate) kernel: PathBuf,
    pub(crate) initrd: PathBuf,
    pub(crate) root: PathBuf,
}

/// The folder that holds everything a guest is made of besides the programs under test.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("image")
}

/// Where what is made for guests is kept; as in `image/build`.
pub(crate) fn cache() -> PathBuf {
    let base = env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/tmp".into())).join(".cache"),
        PathBuf::from,
    );
    base.join("pam_passkey")
}

/// Builds what the cache lacks: about a minute the first time.
pub(crate) fn boot_files(root: &Root, display: bool) -> Result<BootFiles, String> {
    let mut build = Command::new(folder().join("build"));
    build.args(["--architecture", Architecture::own().name]);
    if display {
        build.arg("--display");
    }
    if let Root::Debian { suite, packages } = root {
        build.args(["--suite", suite]);
        if !packages.is_empty() {
            build.args(["--include", &packages.join(",")]);
        }
    }
    let output = build
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start {}: {error}", folder().join("build").display()))?;
    if !output.status.success() {
        return Err(
            "the guest's image could not be built, see above; './check' installs what that needs".to_owned()
        );
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let path = |key: &str| value(key).map(PathBuf::from).ok_or_else(|| format!("image/build names no {key}"));
    if let (Root::Debian { suite, .. }, Some(date)) = (root, value("dated")) {
        println!("guest: Debian {suite} as it was on {date}");
    }
    let mut files = BootFiles { kernel: path("kernel")?, initrd: path("initrd")?, root: path("root")? };
    if let Root::Image(image) = root {
        files.root.clone_from(image);
    }
    Ok(files)
}

/// A file of a clean Debian of this suite, by its path without the first slash: what one release of a program does can be compared with another
/// in a single guest.
///
/// # Panics
/// When there is no such file, or no image can be made.
pub fn file_of_debian(suite: &str, path: &str) -> Vec<u8> {
    let root = Root::Debian { suite: suite.to_owned(), packages: Vec::new() };
    let image = boot_files(&root, false).unwrap_or_else(|reason| panic!("{reason}")).root;
    // Of squashfs-tools-ng, which also makes the image.
    let output = Command::new("rdsquashfs")
        .args(["--cat", path])
        .arg(&image)
        .output()
        .unwrap_or_else(|error| panic!("rdsquashfs: {error}; './check' installs it"));
    assert!(output.status.success(), "{path} of {suite}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
