//! What documents say that people read is what they read.

use std::collections::BTreeSet;

use super::tree::{Tree, table};

/// Every sentence of the module, in English, as its table gives them to translators.
pub(crate) fn sentences(tree: &Tree) -> BTreeSet<String> {
    let template = tree.text("po/pam_passkey.pot");
    let mut sentences = BTreeSet::new();
    for entry in template.split("\nmsgid").skip(1) {
        for text in entry.split("\nmsgid_plural").map(|part| part.split("\nmsgstr").next().unwrap()) {
            let lines = text.lines().filter_map(|line| Some(line.split_once('"')?.1.rsplit_once('"')?.0));
            sentences.insert(lines.collect::<String>().replace("\\\"", "\""));
        }
    }
    assert!(sentences.len() > 80, "{sentences:?}");
    sentences
}

/// The table that people come to with a sentence on their screen.
#[test]
fn the_readme_explains_sentences_that_there_are() {
    let tree = Tree::read();
    let (readme, sentences) = (tree.text("README.md"), sentences(&tree));
    let rows = table(&readme, "## When something is wrong");
    let mut told = 0;
    // A situation begins with a small letter.
    for cell in rows.iter().map(|row| row[0]).filter(|cell| cell.starts_with(char::is_uppercase)) {
        let is_told = sentences.iter().any(|sentence| {
            sentence.strip_prefix(cell).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        assert!(is_told && cell.ends_with('.'), "the module says {cell:?} to nobody");
        told += 1;
    }
    assert!(told > 5, "{rows:?}");
}

/// In quotation marks, a whole sentence about keys, PINs and touches is one of the module's.
#[test]
fn sentences_in_quotation_marks_are_told() {
    const ABOUT: [&str; 6] = [
        "Touch your ",
        "Plug in your ",
        "Type the PIN ",
        "No security key ",
        "If asked again",
        "The security key ",
    ];
    let tree = Tree::read();
    let sentences = sentences(&tree);
    let mut told = 0;
    let documents =
        ["docs/desktop.md", "docs/hosts.md", "docs/administration.md", "docs/keyring.md", "README.md"];
    for document in documents {
        let text = tree.text(document);
        for quoted in text.split('"').filter(|part| ABOUT.iter().any(|begin| part.starts_with(begin))) {
            assert!(sentences.contains(quoted), "{document}: {quoted:?}");
            told += 1;
        }
    }
    assert!(told > 3, "{told}");
}
