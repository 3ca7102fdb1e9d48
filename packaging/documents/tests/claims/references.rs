//! What the documents refer to in this tree is there: files by link or by name, and the tests that are named for a claim.

use std::path::{Path, PathBuf};

use super::tree::{Tree, attributes, quoted};

fn is_of(code: &str, characters: &str) -> bool {
    !code.is_empty()
        && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || characters.contains(c))
}

fn is_source(code: &str) -> bool {
    Path::new(code).extension().is_some_and(|extension| extension == "rs") && is_of(code, "_-/.")
}

/// A link from a document to another place in this tree.
struct Link {
    from: String,
    target: PathBuf,
    /// Of the target's headings, as an anchor.
    part: Option<String>,
}

fn links(tree: &Tree) -> Vec<Link> {
    let mut links = Vec::new();
    for (document, text) in tree.documents() {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let (file, part) =
                target.split_once('#').map_or((target, None), |(file, part)| (file, Some(part)));
            let source = tree.root.join(document);
            links.push(Link {
                from: document.clone(),
                target: if file.is_empty() { source } else { source.parent().unwrap().join(file) },
                part: part.map(str::to_owned),
            });
        }
    }
    links
}

#[test]
fn links_lead_somewhere() {
    let mut count = 0;
    for Link { from, target, .. } in links(&Tree::read()) {
        assert!(target.exists(), "{from}: {}", target.display());
        // A document leads to itself in any case.
        count += usize::from(!target.ends_with(&from));
    }
    assert!(count > 50, "{count}");
}

#[test]
fn files_of_source_are_called_by_their_names() {
    let tree = Tree::read();
    let mut count = 0;
    for (document, text) in tree.documents() {
        for code in quoted(&text).filter(|code| is_source(code)) {
            assert!(tree.called(code).next().is_some(), "{document}: there is no {code}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

/// The test that a function is, or that calls it as one of its parts.
fn test_with<'s>(source: &'s str, function: &'s str) -> &'s str {
    let (mut inside, call) = ("", format!("{function}("));
    for line in source.lines() {
        if let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next()) {
            inside = name;
        } else if line.trim_start().starts_with(&call) {
            return inside;
        }
    }
    function
}

/// In a row of its table, a test stands behind the file that it is in. Each row has one, and it is run each time.
#[test]
fn tests_of_known_flaws_are_there_and_run() {
    let tree = Tree::read();
    let text = tree.text("docs/cve.md");
    let mut count = 0;
    for row in text.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cell = row.rsplit('|').nth(1).expect("a row ends with a bar");
        let (mut inside, mut has_tests) = (Vec::new(), false);
        for code in quoted(cell) {
            if is_source(code) {
                inside = tree.called(code).map(|file| tree.text(file)).collect();
                has_tests |= inside.iter().any(|source| source.contains("#[test]"));
            } else if code.contains('_') && is_of(code, "_") {
                let attributes = inside.iter().find_map(|source| attributes(source, test_with(source, code)));
                let attributes = attributes.unwrap_or_else(|| panic!("{code} is not there: {row}"));
                assert!(attributes.contains(&"#[test]"), "{code} is no test: {row}");
                assert!(!attributes.iter().any(|it| it.starts_with("#[ignore")), "{code} is not run: {row}");
                count += 1;
            }
        }
        assert!(has_tests, "no test: {row}");
    }
    assert!(count > 15, "{count}");
}

/// The anchor that a heading gets on the web: lower case, hyphens for spaces, without other signs.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn anchors(text: &str) -> Vec<String> {
    let mut is_fenced = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        is_fenced ^= line.trim_start().starts_with("```");
        if let (false, Some(heading)) = (is_fenced, line.strip_prefix('#')) {
            anchors.push(anchor(heading.trim_start_matches('#').trim()));
        }
    }
    anchors
}

#[test]
fn links_to_a_part_of_a_document_find_its_heading() {
    let mut count = 0;
    for Link { from, target, part } in links(&Tree::read()) {
        let Some(part) = part else { continue };
        let text = std::fs::read_to_string(&target).unwrap();
        assert!(anchors(&text).contains(&part), "{from}: {} has no heading {part}", target.display());
        count += 1;
    }
    assert!(count > 10, "{count}");
}
