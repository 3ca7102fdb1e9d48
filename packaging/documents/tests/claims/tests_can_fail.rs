//! Kinds of tests that pass whatever happens, looked for in the sources of all tests.

use std::collections::BTreeSet;

use super::tree::Tree;

/// What tests look for in vain, on purpose, and that nothing of ours spells: words of other programs.
const SPELT_BY_OTHERS: [&str; 6] = [".symtab", ".debug_info", "TEXTREL", "RPATH", "RUNPATH", "told Touch"];

/// Where a test may end before it has begun: it cannot be done here (`tests/shared/machine.rs`, which fails in `./check`), it is the
/// process that another test starts, or it rewrites what it else compares.
const MAY_RETURN: [&str; 5] =
    ["machine::has(", "can_run()", "env::var_os(", "place_of_work()", "behind_a_link("];

/// A string as a source spells it, up to its closing quote.
fn literal(text: &str) -> &str {
    let mut is_escaped = false;
    let end = text.find(|c| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    &text[..end.unwrap_or(text.len())]
}

/// Whether a `!` stands before the expression that ends here.
fn is_negated(before: &str) -> bool {
    let mut depth = 0_i32;
    let mut chars = before.chars().rev().peekable();
    while let Some(c) = chars.next() {
        match c {
            ')' | ']' => depth += 1,
            '(' | '[' if depth > 0 => depth -= 1,
            _ if depth > 0 || c.is_alphanumeric() || "_.:?&".contains(c) => {}
            // Not that of a macro, `assert!(`.
            '!' => return !chars.peek().is_some_and(|c| c.is_alphanumeric() || *c == '_'),
            _ => return false,
        }
    }
    false
}

/// `assert!(!text.contains("…"))` holds for ever where the text is spelt differently.
#[test]
fn what_must_not_be_said_is_spelt_as_it_would_be() {
    let tree = Tree::read();
    // Not what is long and says nothing: locked versions, test vectors.
    let files = tree.files.iter().filter(|file| !file.contains(".lock") && !file.contains("vectors/"));
    let texts: Vec<String> =
        files.filter_map(|file| std::fs::read_to_string(tree.root.join(file)).ok()).collect();
    let transcripts = ["files", "keys", "this-computer"].iter().flat_map(|folder| {
        let folder = tree.root.join("passkey-enroll/tests/transcripts").join(folder);
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
    });
    let texts: Vec<String> = texts.into_iter().chain(transcripts).collect();
    let (mut count, mut wrong) = (0, Vec::new());
    for (file, text) in tree.tests() {
        for (place, _) in text.match_indices(".contains(\"") {
            if !is_negated(&text[..place]) {
                continue;
            }
            count += 1;
            let spelt = literal(&text[place + ".contains(\"".len()..]);
            // In another string, or as it is printed.
            let meant = spelt.replace("\\\"", "\"").replace("\\n", "\n");
            let found = |words: &str| -> usize { texts.iter().map(|text| text.matches(words).count()).sum() };
            let others = if meant == spelt { 0 } else { found(&meant) };
            if !SPELT_BY_OTHERS.contains(&spelt) && found(spelt) + others < 2 {
                wrong.push(format!("{file}: {spelt:?} is spelt nowhere else"));
            }
            if spelt.contains("\\\":") {
                wrong.push(format!("{file}: {spelt:?} is JSON, whose spaces are not ours: parse it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 50, "{count}");
}

/// One word of two is a net with wide meshes: the second is mostly there for another reason.
#[test]
fn one_thing_is_looked_for_at_a_time() {
    let mut wrong = Vec::new();
    for (file, text) in Tree::read().tests() {
        for line in text.lines().filter(|line| line.trim_start().starts_with("assert!(")) {
            let sides: Vec<&str> = line.split(" || ").collect();
            let is_looked_for = |side: &&&str| side.contains(".contains(\"") && !side.contains('!');
            let first = sides.first().map(|side| side.replace("assert!(", "")).unwrap_or_default();
            let rest = sides.iter().skip(1).filter(is_looked_for).count();
            if rest > 0 && first.contains(".contains(") && !first.contains('!') {
                wrong.push(format!("{file}: {}", line.trim()));
            }
            let all_or_nothing = sides.windows(2).any(|two| {
                let of = |side: &str, end: &str| side.split(end).next().unwrap().replace("assert!(", "");
                two[0].contains(".is_ok()")
                    && two[1].contains(".is_err()")
                    && of(two[0], ".is_ok()").trim() == of(two[1], ".is_err()").trim()
            });
            if all_or_nothing {
                wrong.push(format!("{file}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a tool, a file or a right is missing, a test that ends early is one that passes unseen.
#[test]
fn no_test_ends_before_it_has_begun() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (file, text) in Tree::read().tests() {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            // Deeper in, it is the end of a loop, or of a thread.
            let indent = line.len() - line.trim_start().len();
            let is_return = line.trim() == "return;" || line.ends_with("else { return };");
            if !is_return || indent > 8 || is_helper(&lines[..number]) {
                continue;
            }
            count += 1;
            // The condition, over a few lines.
            let condition = lines[number.saturating_sub(16)..=number].join(" ");
            if !MAY_RETURN.iter().any(|reason| condition.contains(reason)) {
                wrong.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 10, "{count}");
}

/// Whether the function that these lines end in is no test.
fn is_helper(lines: &[&str]) -> bool {
    let start =
        lines.iter().rposition(|line| line.trim_start().trim_start_matches("pub ").starts_with("fn "));
    start.is_none_or(|start| {
        let attributes = lines[..start].iter().rev().take_while(|line| line.trim_start().starts_with("#["));
        !attributes.into_iter().any(|line| line.trim() == "#[test]")
    })
}

/// What is left out of each run is named by the step that runs it, or is the process that another test starts.
#[test]
fn what_is_ignored_is_run_by_a_step_that_is_named() {
    let tree = Tree::read();
    let check = tree.text("check");
    let steps: BTreeSet<&str> = check.lines().filter_map(|line| line.strip_suffix("() {")).collect();
    let mut count = 0;
    for (file, text) in tree.tests() {
        for line in text.lines().map(str::trim).filter(|line| line.starts_with("#[ignore")) {
            count += 1;
            let reason = line.strip_prefix("#[ignore = \"").unwrap_or_else(|| panic!("{file}: {line}: why?"));
            if reason.starts_with("a process of its own") {
                assert!(text.contains("\"--ignored\""), "{file}: nothing starts it");
                continue;
            }
            let (_, step) =
                reason.split_once("./check ").unwrap_or_else(|| panic!("{file}: {line}: which step?"));
            let step = step.split(['"', ' ', ':', ';', ',']).next().unwrap();
            assert!(steps.contains(step), "{file}: ./check has no step {step}");
            let (_, body) = check.split_once(&format!("\n{step}() {{\n")).unwrap();
            let body = body.split("\n}\n").next().unwrap();
            let target = target(file);
            let is_run = body.contains("ignored") && body.split([' ', '\n']).any(|word| word == target);
            assert!(is_run, "{file}: ./check {step} does not run {target} with what is ignored");
        }
    }
    assert!(count > 10, "{count}");
}

/// The name of the test program that a source belongs to: its file, or its folder, below `tests`.
fn target(file: &str) -> &str {
    let (_, below) = file.rsplit_once("tests/").unwrap_or_else(|| panic!("{file}: not below tests"));
    below.split('/').next().unwrap().trim_end_matches(".rs")
}
