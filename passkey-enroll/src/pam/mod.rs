//! PAM service files, read to say what they amount to. Nothing here changes them.

mod line;
mod stack;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use line::Line;
pub(crate) use line::Rule;
pub(crate) use stack::{Answer, Step, opens};

/// Where service files are; a file of an earlier folder hides one of the same name in a later one.
const FOLDERS: [&str; 3] = ["/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"];
/// The longest service file, in bytes.
const MAX_LEN: u64 = 64 * 1024;
/// The most service files that are looked at.
const MAX_FILES: usize = 1024;
/// How deep files may include each other.
const MAX_DEPTH: usize = 8;
/// The most steps of one stack: files that include each other over and over grow fast.
const MAX_STEPS: usize = 1024;
/// Behind the names of files that package managers and editors leave lying about.
const LEFTOVERS: [&str; 8] =
    ["~", ".bak", ".orig", ".dpkg-dist", ".dpkg-old", ".dpkg-new", ".rpmsave", ".rpmnew"];

/// The service files of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    folders: Vec<PathBuf>,
}

impl Services {
    /// This machine's.
    pub(crate) fn of_machine() -> Self {
        Self { folders: FOLDERS.iter().map(PathBuf::from).collect() }
    }

    #[cfg(test)]
    pub(crate) fn in_folders(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// The names of all service files, in order.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let entries = self.folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten();
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !LEFTOVERS.iter().any(|ending| name.ends_with(ending)))
            .take(MAX_FILES)
            .collect()
    }

    /// The modules that `service` calls to sign somebody in, those of the files it includes in their place.
    ///
    /// # Errors
    /// When the service's own file cannot be read. An included one that cannot be read holds nothing.
    pub(crate) fn stack(&self, service: &str) -> io::Result<Vec<Step>> {
        let text = self.read(service)?;
        let mut stack = Vec::new();
        self.expand(&text, 0, &mut stack);
        Ok(stack)
    }

    /// The files that `service` includes itself.
    pub(crate) fn included(&self, service: &str) -> Vec<String> {
        let lines = self.read(service).map(|text| line::parse(&text)).unwrap_or_default();
        let included = lines.into_iter().filter_map(|line| match line {
            Line::Include { file, .. } => Some(file),
            Line::Module(_) => None,
        });
        included.collect()
    }

    /// All calls of a module, in whichever file they stand.
    pub(crate) fn calls(&self, module: &str) -> Vec<Rule> {
        let texts = self.names().into_iter().filter_map(|name| self.read(&name).ok());
        let rules = texts.flat_map(|text| line::parse(&text)).filter_map(|line| match line {
            Line::Module(rule) if rule.module == module => Some(rule),
            Line::Module(_) | Line::Include { .. } => None,
        });
        rules.collect()
    }

    fn expand(&self, text: &str, depth: usize, stack: &mut Vec<Step>) {
        for line in line::parse(text) {
            if stack.len() >= MAX_STEPS {
                return;
            }
            match line {
                Line::Module(rule) => stack.push(Step::Module(rule)),
                Line::Include { .. } if depth >= MAX_DEPTH => {}
                Line::Include { file, substack } => {
                    let text = self.read(&file).unwrap_or_default();
                    if substack {
                        let mut own = Vec::new();
                        self.expand(&text, depth.saturating_add(1), &mut own);
                        stack.push(Step::Substack(own));
                    } else {
                        self.expand(&text, depth.saturating_add(1), stack);
                    }
                }
            }
        }
    }

    /// The text of a service file: a name in the folders, or a path.
    fn read(&self, name: &str) -> io::Result<String> {
        let mut result = Err(io::ErrorKind::NotFound.into());
        for folder in &self.folders {
            // A path stays the path that it is.
            result = read(&folder.join(name));
            match &result {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                _ => break,
            }
        }
        result
    }
}

fn read(path: &Path) -> io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_LEN).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
