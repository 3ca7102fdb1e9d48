//! The recipes that stand in documents, in fences that say what they are:
//!
//! - ```` ```pam DISTRIBUTION[,DISTRIBUTION] WAY ````: a whole service file for these distributions, in lower case.
//! - ```` ```pam MACHINE MODULE… ````: one in place of the password on a machine of `tests/stacks`, after which these modules have the
//!   password that the passkey brings.

use std::fs;
use std::path::{Path, PathBuf};

use super::machine::Machine;
use super::{Asks, faults};
use crate::pam::parse::{Content, Dialect, Facility, ServiceFile, ServiceFiles};
use crate::pam::simulate::{self, ServiceAccess};
use passkey_core::config::{Arguments, Config};

/// The service that a recipe is for, where it does not say.
const SERVICE: &str = "sudo";
/// Debian's, which the stacks that are kept leave out.
const COMMON_PASSWORD: &str = "password [success=1 default=ignore] pam_unix.so obscure yescrypt\npassword requisite pam_deny.so\n\
     password required pam_permit.so\n";

/// A fenced block.
struct Fence {
    /// The document, and what stands behind the fence.
    what: String,
    info: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Each document and its text.
fn documents() -> Vec<(String, String)> {
    let entries = [root(), root().join("docs")].map(|folder| fs::read_dir(folder).unwrap());
    let paths = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
    let documents = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let documents: Vec<_> = documents
        .map(|path| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
        })
        .collect();
    assert!(documents.len() > 10);
    documents
}

fn fences() -> Vec<Fence> {
    let mut fences = Vec::new();
    for (document, text) in documents() {
        for block in text.split("\n```").skip(1).step_by(2) {
            let (info, text) = block.split_once('\n').unwrap();
            let what = format!("{document}, ```{info}");
            fences.push(Fence { what, info: info.to_owned(), text: format!("{text}\n") });
        }
    }
    fences
}

/// Every line of ours in the text, with its arguments.
fn calls(text: &str) -> Vec<Vec<String>> {
    let file = ServiceFile::parse(text.as_bytes(), &Dialect::default());
    let rules = file.lines().iter().filter_map(|line| match &line.content {
        Content::Rule(rule) => Some(rule),
        Content::Nothing | Content::Include(_) | Content::Flawed { .. } => None,
    });
    rules.filter(|rule| rule.module_name() == simulate::MODULE).map(|rule| rule.arguments.clone()).collect()
}

#[test]
fn each_recipe_does_what_its_fence_says() {
    let all = Machine::all();
    let (mut wrong, mut tried, mut with_modules) = (Vec::new(), 0, 0);
    for Fence { what, info, text } in fences() {
        let Some(head) = info.strip_prefix("pam ") else {
            assert_eq!(calls(&text), [[""; 0]; 0], "{what}: it does not say what it is for");
            continue;
        };
        let (place, rest) = head.split_once(' ').unwrap_or_else(|| panic!("{what}: for what?"));
        let is_machine = all.iter().any(|machine| machine.name == place);
        let asks = if is_machine { Asks::Passwordless } else { Asks::named(rest) };
        let is_for = |machine: &&Machine| {
            machine.name == place
                || !is_machine && place.split(',').any(|distribution| machine.runs(distribution))
        };
        for Machine { name, files, .. } in all.iter().filter(is_for) {
            let after = files.clone().with(SERVICE, text.clone().into_bytes());
            tried += 1;
            let faults = faults(Some(files), &after, SERVICE, asks);
            wrong.extend(faults.into_iter().map(|fault| format!("{what}, {name}: {fault}\n{text}")));
            if is_machine {
                with_modules += 1;
                opens(files, rest, &text);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 30 && with_modules > 3, "{tried}, {with_modules}");
}

/// The password that a passkey brings comes to these modules, and a changed one is heard of where it can be.
fn opens(files: &ServiceFiles, modules: &str, text: &str) {
    let files = files.clone().with("common-password", COMMON_PASSWORD.into());
    let files = files.with(SERVICE, text.to_owned().into_bytes());
    let access = ServiceAccess::of(&files, SERVICE, &Config::default()).unwrap();
    assert_eq!(access.passed_by(&access, &files).unwrap(), [], "{text}");
    let served = access.served_by_passkey(&files).unwrap();
    let served: Vec<&str> = served.iter().map(|line| line.rule.module_name()).collect();
    let expected: Vec<String> = modules.split(' ').map(|module| format!("pam_{module}.so")).collect();
    assert_eq!(served, expected, "{text}");
    let has_line = text.lines().any(|line| line == "password optional pam_passkey.so");
    assert_eq!(simulate::hears_of_changes(&files, SERVICE), has_line, "{text}");
    if has_line {
        assert_eq!(simulate::misplaced(&files.stack(SERVICE, Facility::Password).unwrap()), [], "{text}");
    }
}

/// In the midst of a sentence, too, nothing is told that the module would refuse.
#[test]
fn each_line_in_a_sentence_is_understood() {
    let mut count = 0;
    for (document, text) in documents() {
        for code in text.split('`').skip(1).step_by(2).filter(|code| !code.contains('\n')) {
            let Some((_, arguments)) = code.split_once(&format!("{} ", simulate::MODULE)) else { continue };
            let arguments = arguments.split_whitespace();
            let parsed = Arguments::parse(arguments.map(str::as_bytes));
            assert!(parsed.is_ok(), "{document}: {code}: {}", parsed.unwrap_err());
            count += 1;
        }
    }
    println!("{count} lines in sentences");
}
