use std::fs;
use std::path::{Path, PathBuf};

use super::{AUTHINFO_UNAVAIL, Application, SUCCESS};

/// Folders and documents in which an administrator finds lines of ours.
const SOURCES: [&str; 6] = [
    "config/pam.d",
    "packaging/debian/pam-configs",
    "packaging/redhat/authselect",
    "docs",
    "README.md",
    "CONTRIBUTING.md",
];

fn files(path: PathBuf, all: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            files(entry.unwrap().path(), all);
        }
    } else if path.extension().is_none_or(|extension| extension == "md") {
        all.push(path);
    }
}

/// What stands behind the module in a line for `auth`, also in a profile, where it has no `auth` before it.
fn arguments(line: &str) -> Option<&str> {
    let (before, arguments) = line.trim().split_once("pam_passkey.so")?;
    let is_line = ["auth", "required", "["].iter().any(|word| before.starts_with(word));
    // What authselect decides by stands behind it, in braces.
    is_line.then(|| arguments.split('{').next().unwrap().trim())
}

/// To the module itself each line means what the tests of who gets in take it for: somebody without a passkey is refused or passed by,
/// and nothing is misspelt.
#[test]
fn each_line_that_is_given_to_administrators_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = Vec::new();
    for source in SOURCES {
        files(root.join(source), &mut all);
    }
    let (mut refused, mut passed) = (0, 0);
    for file in all {
        let text = fs::read_to_string(&file).unwrap();
        for arguments in text.lines().filter_map(arguments) {
            let stack = format!("auth required @ {arguments}\nauth required pam_permit.so\n");
            let code = Application::nobody(&stack).authenticate(0);
            let is_passed = arguments.contains("unenrolled=ignore");
            let expected = if is_passed { SUCCESS } else { AUTHINFO_UNAVAIL };
            assert_eq!(code, expected, "{}: {arguments}", file.display());
            *if is_passed { &mut passed } else { &mut refused } += 1;
        }
    }
    assert!(refused > 20 && passed > 10, "{refused} refused, {passed} passed by");
}
