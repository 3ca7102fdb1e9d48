//! Settings that stand in documents are understood.

use std::path::Path;

use jiff::civil::date;
use passkey_core::config::{Arguments, Config};

use super::tree::{Tree, quoted};

/// All that `/etc/passkey/tpm.toml` knows, which is no business of this configuration.
const OF_THE_TPM: &str = "fingerprint = true";

/// The documents, and the manual pages with backticks in the place of bold.
fn texts() -> Vec<(String, String)> {
    let tree = Tree::read();
    let documents = tree.documents().map(|(name, text)| (name.clone(), text));
    let pages = documents::all(date(2026, 1, 1)).into_iter().filter(|page| page.path.starts_with("man/"));
    let pages = pages.map(|page| {
        (page.path.to_owned(), page.text.replace("\\fB", "`").replace("\\fR", "`").replace("\\-", "-"))
    });
    documents.chain(pages).collect()
}

/// `mode=passwordless` and the like, alone or behind the module in a line for PAM.
#[test]
fn each_argument_is_understood() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (document, text) in texts() {
        for code in quoted(&text).filter(|code| !code.contains('\n')) {
            let arguments = match code.split_once("pam_passkey.so ") {
                Some((_, arguments)) => arguments,
                None if code.contains('=') && !code.contains([' ', '/', '"', '$', '{']) => code,
                None => continue,
            };
            // In the synopsis, and where any value is meant.
            if arguments.contains(['…', '[']) || arguments.chars().any(char::is_uppercase) {
                continue;
            }
            match Arguments::parse(arguments.split_whitespace().map(str::as_bytes)) {
                Ok(_) => count += 1,
                // Another program's.
                Err(error) if !code.contains("pam_passkey.so") && error.to_string().contains(": unknown") => {
                }
                Err(error) => wrong.push(format!("{document}: {code}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 40, "{count}");
}

#[test]
fn each_piece_of_configuration_is_understood() {
    let mut count = 0;
    for (document, text) in texts() {
        for block in text.split("\n```toml\n").skip(1) {
            let block = block.split("\n```").next().unwrap();
            let lines: Vec<&str> =
                block.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
            if lines != [OF_THE_TPM] {
                let config = Config::parse(Path::new("passkey.toml"), block);
                let config = config.unwrap_or_else(|error| panic!("{document}: {error}\n{block}"));
                // What concerns enrolling alone is looked at when it is needed.
                let attestation = config.attestation.read();
                assert!(attestation.is_ok(), "{document}: {}\n{block}", attestation.unwrap_err());
            }
            count += 1;
        }
    }
    assert!(count > 1, "{count}");
}
