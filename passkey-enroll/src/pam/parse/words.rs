//! The words of a line.

/// What stands between words.
const BLANKS: [char; 3] = [' ', '\t', '\n'];

/// The words of a logical line. What stands in brackets is one word without them; in it `\]` is a bracket.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start_matches(BLANKS);
    while !rest.is_empty() {
        let (word, after) = if let Some(inner) = rest.strip_prefix('[') {
            bracketed(inner)
        } else {
            let (word, after) = rest.split_at(rest.find(BLANKS).unwrap_or(rest.len()));
            (word.to_owned(), after)
        };
        words.push(word);
        rest = after.trim_start_matches(BLANKS);
    }
    words
}

/// What stands before the closing bracket, or the end, and what follows it.
fn bracketed(text: &str) -> (String, &str) {
    let mut word = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ']' => break,
            '\\' if chars.as_str().starts_with(']') => word.extend(chars.next()),
            _ => word.push(c),
        }
    }
    (word, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_at_blanks_and_brackets() {
        for (line, expected) in [
            ("", &[][..]),
            (" \t\n", &[]),
            ("auth required pam_x.so", &["auth", "required", "pam_x.so"]),
            (
                "\tauth\t[success=1 default=ignore]  pam_x.so \n",
                &["auth", "success=1 default=ignore", "pam_x.so"],
            ),
            ("a [b [c\\] d] e", &["a", "b [c] d", "e"]),
            ("[a]b", &["a", "b"]),
            ("a[b c]", &["a[b", "c]"]),
            ("[] x", &["", "x"]),
            ("x [open \\] end", &["x", "open ] end"]),
            // Neither of these is a blank to libpam.
            ("a\u{b}b c\r\n", &["a\u{b}b", "c\r"]),
        ] {
            assert_eq!(words(line), expected, "{line:?}");
        }
    }
}
