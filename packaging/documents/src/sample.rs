//! `config/passkey.toml`, which explains every setting.

/// The file itself.
pub const TEXT: &str = include_str!("../../../config/passkey.toml");

/// Its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The description of the file as a whole.
    pub about: Vec<Block>,
    /// The tables in order; first, without a name, the settings outside any table.
    pub tables: Vec<Table>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The name in brackets; empty outside any table.
    pub name: String,
    /// Its description.
    pub about: Vec<Block>,
    /// Its settings, in order.
    pub settings: Vec<Setting>,
}

/// Settings that are explained together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Each key with its value.
    pub keys: Vec<(String, String)>,
    /// Their description.
    pub about: Vec<Block>,
}

/// A piece of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// An example line.
    Example(String),
}

impl Sample {
    /// Reads `text`. A description is right above its subject, and that of the file above an empty line.
    pub fn parse(text: &str) -> Self {
        let mut sample = Self { about: Vec::new(), tables: vec![Table::default()] };
        let mut about: Vec<Block> = Vec::new();
        // Whether the previous line was a setting; another one with the same explanation may follow.
        let mut follows = false;
        for line in text.lines() {
            let active = line.strip_prefix('#').unwrap_or(line);
            let tables = &mut sample.tables;
            if let Some(name) = active.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                tables.push(Table {
                    name: name.to_owned(),
                    about: std::mem::take(&mut about),
                    settings: Vec::new(),
                });
                follows = false;
            } else if let (Some(key), Some(table)) = (key_and_value(active), tables.last_mut()) {
                match table.settings.last_mut() {
                    Some(setting) if follows => setting.keys.push(key),
                    _ => table.settings.push(Setting { keys: vec![key], about: std::mem::take(&mut about) }),
                }
                follows = true;
            } else if let Some(comment) = line.strip_prefix('#') {
                add(&mut about, comment);
                follows = false;
            } else {
                if tables.len() == 1 {
                    sample.about.append(&mut about);
                }
                follows = false;
            }
        }
        sample
    }

    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

impl Table {
    /// Every key in it.
    pub fn keys(&self) -> Vec<&str> {
        self.settings.iter().flat_map(|setting| &setting.keys).map(|(key, _)| key.as_str()).collect()
    }
}

/// Adds a line of a comment, without its `#`.
fn add(about: &mut Vec<Block>, comment: &str) {
    let line = comment.strip_prefix(' ').unwrap_or(comment);
    if let Some(example) = line.strip_prefix("  ") {
        about.push(Block::Example(example.to_owned()));
    } else if line.is_empty() {
        about.push(Block::Text(String::new()));
    } else {
        match about.last_mut() {
            Some(Block::Text(text)) if text.is_empty() => text.push_str(line),
            Some(Block::Text(text)) => text.extend([" ", line]),
            Some(Block::Example(_)) | None => about.push(Block::Text(line.to_owned())),
        }
    }
}

/// `key = value`
fn key_and_value(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once(" = ")?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_key.then(|| (key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_above_its_subject() {
        let text = |text: &str| Block::Text(text.to_owned());
        let setting = |keys: &[(&str, &str)], about: Vec<Block>| Setting {
            keys: keys.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            about,
        };
        let sample = Sample::parse(
            "# The file,\n# all of it.\n#\n# And more.\n\n# First.\n#   a = \"b\"\n#a = \"c\"\n\n# Both.\n#b = 1\n#c = 2\n\n\
             # A table.\n[t]\n\n# Third.\n#d = true\n\n# Another.\n#[s.x]\n#d = false\n",
        );
        assert_eq!(sample.about, [text("The file, all of it."), text("And more.")]);
        let expected = [
            Table {
                name: String::new(),
                about: Vec::new(),
                settings: vec![
                    setting(&[("a", "\"c\"")], vec![text("First."), Block::Example("a = \"b\"".to_owned())]),
                    setting(&[("b", "1"), ("c", "2")], vec![text("Both.")]),
                ],
            },
            Table {
                name: "t".to_owned(),
                about: vec![text("A table.")],
                settings: vec![setting(&[("d", "true")], vec![text("Third.")])],
            },
            Table {
                name: "s.x".to_owned(),
                about: vec![text("Another.")],
                settings: vec![setting(&[("d", "false")], Vec::new())],
            },
        ];
        assert_eq!(sample.tables, expected);
        assert_eq!(sample.table("").unwrap().keys(), ["a", "b", "c"]);
    }
}
