//! The machines of `tests/stacks`.

use crate::pam::edit::stacks_tests;
use crate::pam::parse::ServiceFiles;

/// What Debian's services include, and the files of `tests/stacks` leave out: it has no say in who gets in.
const LEFT_OUT: [&str; 3] = ["common-password", "common-session", "common-session-noninteractive"];

/// A machine.
pub(super) struct Machine {
    pub(super) name: &'static str,
    pub(super) files: ServiceFiles,
    _root: tempfile::TempDir,
}

impl Machine {
    /// The one of this name.
    pub(super) fn named(name: &'static str) -> Self {
        let (root, mut files) = stacks_tests::machine(name);
        if files.dialect().at_include {
            for left_out in LEFT_OUT {
                if files.read(left_out).is_err() {
                    files = files.with(left_out, Vec::new());
                }
            }
        }
        Self { name, files, _root: root }
    }

    /// All of them.
    pub(super) fn all() -> Vec<Self> {
        stacks_tests::STACKS.iter().map(|(name, _)| Self::named(name)).collect()
    }

    /// Whether it runs this distribution, by the name that administrators know it by.
    pub(super) fn runs(&self, distribution: &str) -> bool {
        let family = match distribution {
            "Debian" | "debian" => "debian",
            "Ubuntu" | "ubuntu" => "ubuntu",
            // Both have their files from authselect.
            "Fedora" | "RHEL" | "fedora" => "fedora",
            "Arch" | "arch" => "arch",
            "openSUSE" | "opensuse" => "opensuse",
            "Gentoo" | "gentoo" => "gentoo",
            "Void" | "void" => "void",
            "any distribution" => "",
            other => panic!("there is no stack of {other} in tests/stacks"),
        };
        self.name.starts_with(family)
    }
}
