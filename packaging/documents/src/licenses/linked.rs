use std::collections::BTreeSet;
use std::env;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use super::error::LicensesError;

/// A crate that is linked into a program and is not of this tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Linked {
    pub(super) name: String,
    pub(super) version: String,
    /// SPDX's expression, as its Cargo.toml has it.
    pub(super) expression: String,
    /// Where its files are.
    pub(super) folder: PathBuf,
    pub(super) authors: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: PathBuf,
    authors: Vec<String>,
    /// `None` where it is a path.
    source: Option<String>,
}

/// The crates that programs are made of.
const PROGRAMS: [&str; 3] = ["pam_passkey", "passkey-enroll", "passkey-tpm"];

/// The crates that are linked into each program, by name. What only builds or tests it, or runs in the compiler, is not: cargo's own
/// tree knows, with the features that each program is built with.
pub(super) fn linked() -> Result<Vec<(&'static str, Vec<Linked>)>, LicensesError> {
    let packages = packages()?;
    PROGRAMS.into_iter().map(|program| Ok((program, of_program(program, &packages)?))).collect()
}

fn of_program(program: &str, packages: &[Package]) -> Result<Vec<Linked>, LicensesError> {
    let arguments = [
        "tree",
        "--locked",
        "--package",
        program,
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{p}",
    ];
    let unexpected =
        |part: String| LicensesError::Answer { command: spelled(&arguments), part: format!("`{part}`") };
    let mut all = BTreeSet::new();
    for line in cargo(&arguments)?.lines() {
        // `name v1.2.3 (…)`
        let mut words = line.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next().and_then(|it| it.strip_prefix('v')))
        else {
            return Err(unexpected(line.to_owned()));
        };
        let package = packages
            .iter()
            .find(|package| package.name == name && package.version == version)
            .ok_or_else(|| unexpected(line.to_owned()))?;
        if package.source.is_some() {
            all.insert(Linked {
                name: name.to_owned(),
                version: version.to_owned(),
                expression: package.license.clone().unwrap_or_default(),
                folder: package.manifest_path.parent().unwrap_or(&package.manifest_path).to_owned(),
                authors: package.authors.clone(),
            });
        }
    }
    Ok(all.into_iter().collect())
}

/// All packages that are built for this platform.
fn packages() -> Result<Vec<Package>, LicensesError> {
    let platform = match env::var("CARGO_BUILD_TARGET") {
        Ok(target) => target,
        Err(_) => host()?,
    };
    let arguments = ["metadata", "--locked", "--format-version", "1", "--filter-platform", &platform];
    let answer = cargo(&arguments)?;
    let metadata: Metadata = serde_json::from_str(&answer)
        .map_err(|error| LicensesError::Answer { command: spelled(&arguments), part: error.to_string() })?;
    Ok(metadata.packages)
}

/// The platform that cargo builds for unless told.
fn host() -> Result<String, LicensesError> {
    let arguments = ["--version", "--verbose"];
    let answer = cargo(&arguments)?;
    let host = answer.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| LicensesError::Answer { command: spelled(&arguments), part: answer.clone() })
}

fn cargo(arguments: &[&str]) -> Result<String, LicensesError> {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .map_err(LicensesError::Run)?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(LicensesError::Cargo { command: spelled(arguments), stderr });
    }
    String::from_utf8(output.stdout)
        .map_err(|error| LicensesError::Answer { command: spelled(arguments), part: error.to_string() })
}

fn spelled(arguments: &[&str]) -> String {
    format!("cargo {}", arguments.join(" "))
}
