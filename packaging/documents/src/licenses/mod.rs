//! What the licences of linked crates ask for: that their notices go along with the programs. Cargo says what is linked, and each crate
//! brings its text; nothing is looked up anywhere else, so that a build without a network, in a distribution, makes the same.

use std::collections::{BTreeMap, BTreeSet};

mod error;
mod license;
mod linked;
mod texts;

pub use error::LicensesError;
use license::License;
use linked::{Linked, linked};
use texts::texts;

/// What is linked into every program, whichever compiler made it.
const STANDARD_LIBRARY: &str = include_str!("../../licenses/rust-standard-library");

/// What is said of the programs themselves, in Debian's notation.
const OURS: &str = include_str!("../../../debian/copyright");

/// A package with programs in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    /// The module and the command, where they are one package.
    Passkey,
    /// The module, on Debian.
    LibpamPasskey,
    /// The command, on Debian.
    PasskeyEnroll,
    /// The authenticator on this computer's TPM.
    PasskeyTpm,
}

impl Package {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Passkey, Self::LibpamPasskey, Self::PasskeyEnroll, Self::PasskeyTpm];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::LibpamPasskey => "libpam-passkey",
            Self::PasskeyEnroll => "passkey-enroll",
            Self::PasskeyTpm => "passkey-tpm",
        }
    }

    /// The crates that its programs are made of.
    const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Passkey => &["pam_passkey", "passkey-enroll"],
            Self::LibpamPasskey => &["pam_passkey"],
            Self::PasskeyEnroll => &["passkey-enroll"],
            Self::PasskeyTpm => &["passkey-tpm"],
        }
    }
}

/// Crates that bring the same texts.
#[derive(Debug)]
struct Group {
    texts: Vec<String>,
    crates: Vec<(Linked, Vec<License>)>,
}

/// The notices of a package.
#[derive(Debug)]
pub struct Notices {
    package: Package,
    groups: Vec<Group>,
}

impl Notices {
    /// Those of every package.
    ///
    /// # Errors
    /// Cargo fails, or a crate comes without a licence that is accepted, or without its text.
    pub fn all() -> Result<Vec<Self>, LicensesError> {
        let mut programs = BTreeMap::new();
        for (program, crates) in linked()? {
            let with_texts = |linked: Linked| texts(&linked).map(|(chosen, texts)| (linked, chosen, texts));
            programs.insert(program, crates.into_iter().map(with_texts).collect::<Result<Vec<_>, _>>()?);
        }
        let of = |package: Package| {
            let crates = package.programs().iter().filter_map(|program| programs.get(program)).flatten();
            let mut groups: Vec<Group> = Vec::new();
            // By name and version, once each.
            for (linked, chosen, texts) in crates.collect::<BTreeSet<_>>() {
                let one = (linked.clone(), chosen.clone());
                match groups.iter_mut().find(|group| group.texts == *texts) {
                    Some(group) => group.crates.push(one),
                    None => groups.push(Group { texts: texts.clone(), crates: vec![one] }),
                }
            }
            Self { package, groups }
        };
        Ok(Package::ALL.into_iter().map(of).collect())
    }

    /// Whose they are.
    pub const fn package(&self) -> Package {
        self.package
    }

    /// To be read.
    pub fn text(&self) -> String {
        let rule = "-".repeat(72);
        let mut parts = vec![format!(
            "The programs of the package {} contain, in binary form, the libraries named\nbelow. Each comes with its licence and its authors' notice.\n",
            self.package.name()
        )];
        for group in &self.groups {
            let named: Vec<String> = group
                .crates
                .iter()
                .map(|(linked, chosen)| {
                    format!("{} {} ({})", linked.name, linked.version, ids(chosen, " AND "))
                })
                .collect();
            parts.push(format!("{rule}\n{}\n\n{}\n", named.join("\n"), group.texts.join("\n\n")));
        }
        parts.push(format!("{rule}\n{STANDARD_LIBRARY}"));
        parts.join("\n")
    }

    /// As Debian has it below `/usr/share/doc`: <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>. The crates
    /// are where `cargo vendor --versioned-dirs` puts them.
    pub fn debian_copyright(&self) -> String {
        // The first paragraph is about all.
        let (head, ours) = OURS.split_once("\n\n").unwrap_or((OURS, ""));
        let standard_library = indented(STANDARD_LIBRARY);
        let mut paragraphs = vec![
            format!("{head}\nComment:\n The programs contain, besides:\n .\n{standard_library}\n"),
            ours.to_owned(),
        ];
        for group in &self.groups {
            let files: Vec<String> = group
                .crates
                .iter()
                .map(|(linked, _)| format!(" vendor/{}-{}/*", linked.name, linked.version))
                .collect();
            let mut licenses: Vec<License> =
                group.crates.iter().flat_map(|(_, chosen)| chosen.iter().copied()).collect();
            licenses.sort_unstable();
            licenses.dedup();
            let texts: Vec<String> = group.texts.iter().map(|text| indented(text)).collect();
            paragraphs.push(format!(
                "Files:\n{}\nCopyright:\n {}\nLicense: {}\n{}\n",
                files.join("\n"),
                holders(group).join("\n "),
                ids(&licenses, " and "),
                texts.join("\n .\n")
            ));
        }
        paragraphs.join("\n")
    }
}

fn ids(licenses: &[License], and: &str) -> String {
    licenses.iter().map(|license| license.id()).collect::<Vec<_>>().join(and)
}

/// Who holds the copyright: what the texts say of it, else who wrote the crate.
fn holders(group: &Group) -> Vec<String> {
    let mut holders: Vec<String> = Vec::new();
    for line in group.texts.iter().flat_map(|text| text.lines()).map(str::trim) {
        let is_one = line.starts_with("Copyright ") && line.contains(|letter: char| letter.is_ascii_digit());
        if is_one || line.starts_with("Copyright (c) ") {
            holders.push(line.trim_start_matches("Copyright ").to_owned());
        }
    }
    if holders.is_empty() {
        holders = group.crates.iter().flat_map(|(linked, _)| linked.authors.clone()).collect();
    }
    if holders.is_empty() {
        holders = group.crates.iter().map(|(linked, _)| format!("the authors of {}", linked.name)).collect();
    }
    holders.dedup();
    holders
}

/// Where Debian has the text of this one, once for all packages.
const APACHE: &str = "On Debian systems the text of the Apache License, Version 2.0, is in\n/usr/share/common-licenses/Apache-2.0.";

/// As a field goes on.
fn indented(text: &str) -> String {
    const END: &str = "END OF TERMS AND CONDITIONS";
    let mut lines: Vec<&str> = Vec::new();
    let mut is_apache = false;
    if License::found_in(text) == [License::Apache2] {
        lines.extend(APACHE.lines());
    } else {
        for line in text.lines() {
            if line.trim() == "Apache License" && text.contains(END) {
                is_apache = true;
                lines.extend(APACHE.lines());
            }
            if !is_apache {
                lines.push(line);
            } else if line.trim() == END {
                is_apache = false;
            }
        }
    }
    let lines =
        lines.into_iter().map(|line| if line.is_empty() { " .".to_owned() } else { format!(" {line}") });
    lines.collect::<Vec<_>>().join("\n")
}
