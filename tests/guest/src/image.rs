//! What a guest boots from: made by `image/build`, kept in the cache.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root file system of a guest.
#[derive(Debug, Clone)]
pub enum Root {
    /// A clean Debian of this suite (`bookworm`, `trixie`, `sid`) with these packages beyond the usual ones.
    Debian {
        /// As the archive calls it.
        suite: String,
        /// Names of packages.
        packages: Vec<String>,
    },
    /// A squashfs image of one's own; it must hold `/usr/bin/busybox` (Debian's `busybox-static`), `setpriv` and `env`.
    Image(PathBuf),
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

/// Builds what the cache lacks: about a minute the first time.
pub(crate) fn boot_files(root: &Root) -> Result<BootFiles, String> {
    let mut build = Command::new(folder().join("build"));
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
    let path = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(PathBuf::from)
            .ok_or_else(|| format!("image/build names no {key}"))
    };
    let mut files = BootFiles { kernel: path("kernel")?, initrd: path("initrd")?, root: path("root")? };
    if let Root::Image(image) = root {
        files.root.clone_from(image);
    }
    Ok(files)
}
