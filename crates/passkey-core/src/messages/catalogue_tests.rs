//! `po/pam_passkey.pot` is written from the table, and the translations are held against it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::mod_tests::{assert_no_two_questions_are_the_same, prompts, sentences};
use super::phrase::names;
use super::table::ALL;
use super::{Language, Message, Phrase};

/// Languages that lack nothing; others may, and are then English in part.
const COMPLETE: [&str; 1] = ["de"];
/// When set, the template is written anew.
const UPDATE: &str = "PASSKEY_UPDATE_POT";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../po")
}

fn read(name: &str) -> String {
    let path = folder().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn languages() -> Vec<String> {
    read("LINGUAS").lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// The template, as translators get it.
fn template() -> String {
    let mut text = "\
# Sentences of pam_passkey for a person, to be translated.
# Written from crates/passkey-core/src/messages/table.rs; CONTRIBUTING.md says how.
msgid \"\"
msgstr \"\"
\"Project-Id-Version: pam_passkey\\n\"
\"Report-Msgid-Bugs-To: \\n\"
\"PO-Revision-Date: YEAR-MO-DA HO:MI+ZONE\\n\"
\"Last-Translator: FULL NAME <EMAIL@ADDRESS>\\n\"
\"Language-Team: LANGUAGE <LL@li.org>\\n\"
\"Language: \\n\"
\"MIME-Version: 1.0\\n\"
\"Content-Type: text/plain; charset=UTF-8\\n\"
\"Content-Transfer-Encoding: 8bit\\n\"
\"Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\\n\"
"
    .to_owned();
    for (message, comment) in ALL {
        text.push('\n');
        for line in *comment {
            writeln!(text, "#.{line}").unwrap();
        }
        if !names(message.text).is_empty() {
            text.push_str("#, python-brace-format\n");
        }
        writeln!(text, "msgid {:?}", message.text).unwrap();
        match message.plural {
            None => text.push_str("msgstr \"\"\n"),
            Some(plural) => {
                write!(text, "msgid_plural {plural:?}\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n").unwrap();
            }
        }
    }
    text
}

/// A catalogue as it is written: the forms of each text.
#[derive(Default)]
struct Catalogue(BTreeMap<String, Entry>);

#[derive(Default)]
struct Entry {
    plural: Option<String>,
    forms: Vec<String>,
}

impl Catalogue {
    fn load(language: &str) -> Self {
        let name = format!("{language}.po");
        let text = read(&name);
        assert!(!text.contains("#~"), "{name} has entries that nobody uses any more");
        let mut entries = BTreeMap::new();
        for block in text.split("\n\n") {
            assert!(
                !block.lines().any(|line| line.starts_with("#,") && line.contains("fuzzy")),
                "{name}: {block}"
            );
            let (id, entry) = Self::entry(block);
            assert!(entries.insert(id, entry).is_none(), "{name}: {block}");
        }
        assert!(entries.remove("").is_some(), "{name} has no header");
        Self(entries)
    }

    /// One entry: keywords with texts in quotation marks, which may go on over lines.
    fn entry(block: &str) -> (String, Entry) {
        let (mut id, mut entry) = (String::new(), Entry::default());
        let mut keyword = "";
        for line in block.lines().filter(|line| !line.starts_with('#')) {
            let (word, text) = line.split_at(line.find('"').unwrap_or_else(|| panic!("{line}")));
            if !word.is_empty() {
                keyword = word.trim_end();
                match keyword {
                    "msgid" => {}
                    "msgid_plural" => entry.plural = Some(String::new()),
                    _ => entry.forms.push(String::new()),
                }
            }
            let text = text.trim_matches('"').replace("\\n", "\n").replace("\\\"", "\"");
            match keyword {
                "msgid" => id.push_str(&text),
                "msgid_plural" => entry.plural.as_mut().unwrap().push_str(&text),
                _ => entry.forms.last_mut().unwrap().push_str(&text),
            }
        }
        (id, entry)
    }

    fn form(&self, text: &str, index: usize) -> Option<String> {
        let forms = &self.0.get(text)?.forms;
        forms.get(index).or(forms.last()).filter(|form| !form.is_empty()).cloned()
    }
}

/// With the plurals of Germanic languages, which is enough to look at the sentences.
impl Language for Catalogue {
    fn singular(&self, text: &'static str) -> Cow<'static, str> {
        self.form(text, 0).map_or(text.into(), Cow::Owned)
    }

    fn plural(&self, one: &'static str, many: &'static str, number: u32) -> Cow<'static, str> {
        let index = usize::from(number != 1);
        self.form(one, index).map_or(if number == 1 { one } else { many }.into(), Cow::Owned)
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the person who works on it chooses")]
fn the_template_is_written_from_the_table() {
    if std::env::var_os(UPDATE).is_some() {
        fs::write(folder().join("pam_passkey.pot"), template()).unwrap();
    }
    assert!(
        read("pam_passkey.pot") == template(),
        "po/pam_passkey.pot is not what the table says; {UPDATE}=1 in the environment of this test writes it anew"
    );
}

#[test]
fn no_two_entries_are_the_same() {
    let texts: Vec<&str> = ALL.iter().map(|(message, _)| message.text).collect();
    for (index, text) in texts.iter().enumerate() {
        assert!(!texts[..index].contains(text), "{text}");
    }
    for (Message { text, plural }, _) in ALL {
        assert!(plural.is_none_or(|plural| names(plural) == names(text) && names(text).len() == 1), "{text}");
    }
}

#[test]
fn every_catalogue_fits_the_table() {
    assert!(COMPLETE.iter().all(|complete| languages().iter().any(|language| language == complete)));
    for language in languages() {
        let catalogue = Catalogue::load(&language);
        for (Message { text, plural }, _) in ALL {
            let Some(entry) = catalogue.0.get(*text) else {
                assert!(!COMPLETE.contains(&language.as_str()), "{language} lacks: {text}");
                continue;
            };
            assert_eq!(entry.plural.as_deref(), *plural, "{language}: {text}");
            for form in &entry.forms {
                assert!(!form.is_empty() || !COMPLETE.contains(&language.as_str()), "{language}: {text}");
                assert!(form.is_empty() || names(form) == names(text), "{language}: {form}");
                assert_eq!(
                    form.ends_with(' '),
                    text.ends_with(' ') && !form.is_empty(),
                    "{language}: {form:?}"
                );
                assert!(!form.chars().any(crate::escape::is_dangerous), "{language}: {form:?}");
            }
        }
        for text in catalogue.0.keys() {
            assert!(
                ALL.iter().any(|(message, _)| message.text == *text),
                "{language} has, and nobody says: {text}"
            );
        }
    }
}

#[test]
fn in_every_language_prompts_differ_and_messages_are_short() {
    for language in languages() {
        let catalogue = Catalogue::load(&language);
        assert_no_two_questions_are_the_same(&catalogue);
        for text in sentences().iter().chain(&prompts()).map(|phrase: &Phrase| phrase.in_language(&catalogue))
        {
            // Libpam's PAM_MAX_MSG_SIZE is 512 bytes, and a greeter has less room than that.
            assert!(text.len() < 300, "{language}: {text}");
            assert!(!text.contains(['{', '}']), "{language}: {text}");
        }
    }
}
