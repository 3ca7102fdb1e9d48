//! Manual pages (man(7)).

use jiff::civil::Date;

/// A manual page in the making. In its texts, `` `code` `` is set in bold.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    /// Whether the last heading has no text yet: the first paragraph below a heading needs no mark.
    is_fresh: bool,
}

impl Page {
    /// `about`: the text after the name.
    pub(crate) fn new(name: &str, section: u8, about: &str, date: Date) -> Self {
        let mut page = Self { text: String::new(), is_fresh: false };
        let version = env!("CARGO_PKG_VERSION");
        page.line(&format!(
            ".TH {} {section} {date} \"pam_passkey {version}\" \"\"",
            escaped(&name.to_uppercase(), Hyphens::AsTyped)
        ));
        page.heading("NAME");
        page.line(&format!("{} \\- {}", escaped(name, Hyphens::AsTyped), inline(about)));
        page
    }

    /// A section.
    pub(crate) fn heading(&mut self, title: &str) {
        self.line(&format!(".SH {}", quoted(title)));
        self.is_fresh = true;
    }

    /// A subsection.
    pub(crate) fn subheading(&mut self, title: &str) {
        self.line(&format!(".SS {}", quoted(title)));
        self.is_fresh = true;
    }

    /// Whether there is a section of this title.
    pub(crate) fn has(&self, title: &str) -> bool {
        self.text.contains(&format!(".SH {}\n", quoted(title)))
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        self.begin();
        self.line(&inline(text));
    }

    /// A term and its description, in paragraphs.
    pub(crate) fn item(&mut self, term: &str, paragraphs: &[impl AsRef<str>]) {
        self.line(".TP");
        self.line(&inline(term));
        for (number, paragraph) in paragraphs.iter().enumerate() {
            if number > 0 {
                self.line(".IP");
            }
            self.line(&inline(paragraph.as_ref()));
        }
    }

    /// Lines as they are typed.
    pub(crate) fn example(&mut self, lines: &[impl AsRef<str>]) {
        self.begin();
        self.line(".RS 4");
        self.line(".nf");
        for line in lines {
            self.line(&escaped(line.as_ref(), Hyphens::AsTyped));
        }
        self.line(".fi");
        self.line(".RE");
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn begin(&mut self) {
        if !self.is_fresh {
            self.line(".PP");
        }
    }

    fn line(&mut self, line: &str) {
        self.text.extend([line, "\n"]);
        self.is_fresh = false;
    }
}

/// How a `-` is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hyphens {
    /// As a person types it, such as that of an option.
    AsTyped,
    /// It joins words.
    OfProse,
}

/// Text with its `` `code` `` in bold.
fn inline(text: &str) -> String {
    let pieces = text.split('`').enumerate().map(|(number, piece)| match (number % 2, piece) {
        (_, "") => String::new(),
        (0, prose) => escaped(prose, Hyphens::OfProse),
        (_, code) => format!("\\fB{}\\fR", escaped(code, Hyphens::AsTyped)),
    });
    let line: String = pieces.collect();
    at_line_start(&line)
}

/// Text without a meaning to roff.
fn escaped(text: &str, hyphens: Hyphens) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => line.push_str("\\e"),
            '-' if hyphens == Hyphens::AsTyped => line.push_str("\\-"),
            '\'' => line.push_str("\\(aq"),
            '^' => line.push_str("\\(ha"),
            '~' => line.push_str("\\(ti"),
            '`' => line.push_str("\\(ga"),
            '\n' => line.push(' '),
            c if c.is_ascii() => line.push(c),
            c => line.extend(["\\[u", &format!("{:04X}", u32::from(c)), "]"]),
        }
    }
    at_line_start(&line)
}

/// A point at the beginning of a line would be a request.
fn at_line_start(line: &str) -> String {
    if line.starts_with('.') { format!("\\&{line}") } else { line.to_owned() }
}

/// The argument of a request.
fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text, Hyphens::AsTyped).replace('"', "\\(dq"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut page = Page::new("x-y", 1, "about", jiff::civil::date(2026, 11, 27));
        page.heading("H");
        page.paragraph("first");
        page.paragraph(".SH `--code` of half-prose, “quoted”\\n");
        page.item("`a`", &["one", "two"]);
        page.example(&["'x' .y", ".z"]);
        page.subheading("say \"no\"");
        let text = page.finish();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "x\\-y \\- about",
                ".SH \"H\"",
                "first",
                ".PP",
                "\\&.SH \\fB\\-\\-code\\fR of half-prose, \\[u201C]quoted\\[u201D]\\en",
                ".TP",
                "\\fBa\\fR",
                "one",
                ".IP",
                "two",
                ".PP",
                ".RS 4",
                ".nf",
                "\\(aqx\\(aq .y",
                "\\&.z",
                ".fi",
                ".RE",
                ".SS \"say \\(dqno\\(dq\"",
            ]
        );
    }
}
