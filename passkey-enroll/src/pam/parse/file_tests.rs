use super::super::rule::IncludeKind;
use super::*;

/// The number and what it asks for, of lines that ask for something.
fn asked(text: &str) -> Vec<(usize, String)> {
    let file = ServiceFile::parse(text.as_bytes(), &Dialect::default());
    assert_eq!(file.to_bytes(), text.as_bytes());
    let asked = file.lines().iter().filter_map(|line| {
        let what = match &line.content {
            Content::Nothing => return None,
            Content::Rule(rule) => format!("{} {}", rule.module, rule.arguments.join(" ")).trim().to_owned(),
            Content::Include(Include { kind: IncludeKind::AtInclude, target, .. }) => format!("@{target}"),
            Content::Include(include) => format!("include {}", include.target),
            Content::Flawed { flaw, .. } => format!("{flaw:?}"),
        };
        Some((line.number, what))
    });
    asked.collect()
}

#[test]
fn a_service_file_of_debians() {
    let text = "\
#%PAM-1.0
# auth required pam_deny.so

session    required   pam_env.so readenv=1
@include common-auth
auth\tsufficient \tpam_passkey.so mode=passwordless \\
    timeout=60 # the whole time
-auth optional pam_gnome_keyring.so
auth required \\
  # not a part of it
account include system-auth";
    let expected = [
        (4, "pam_env.so readenv=1"),
        (5, "@common-auth"),
        (6, "pam_passkey.so mode=passwordless timeout=60"),
        (8, "pam_gnome_keyring.so"),
        (9, "NoModule"),
        (11, "include system-auth"),
    ];
    assert_eq!(asked(text), expected.map(|(line, what)| (line, what.to_owned())));
}

#[test]
fn a_backslash_goes_on_only_at_the_end() {
    for (text, expected) in [
        ("auth required a.so x\\y\n", &[(1, "a.so x\\y")][..]),
        ("auth required a.so \\ \t\n x\n", &[(1, "a.so x")]),
        ("auth required a.so \\ # x\n x\n", &[(1, "a.so \\"), (2, "UnknownFacility(\"x\")")]),
        ("auth \\\nrequired \\\na.so\nauth required b.so", &[(1, "a.so"), (4, "b.so")]),
        ("auth required a.so \\\n", &[(1, "Unfinished")]),
        ("auth required a.so \\", &[(1, "Unfinished")]),
        ("\\\n\\", &[(1, "Unfinished")]),
        ("auth required a.so\r\n", &[(1, "a.so")]),
        ("auth required a.so q\0uiet\nauth required b.so\n", &[(1, "Zero"), (2, "b.so")]),
    ] {
        let asked = asked(text);
        let asked: Vec<(usize, &str)> = asked.iter().map(|(line, what)| (*line, what.trim_end())).collect();
        assert_eq!(asked, expected, "{text:?}");
    }
}

#[test]
fn any_bytes_are_a_file_and_come_back_as_they_were() {
    let mut bytes: Vec<u8> = b"auth required pam_x.so name=M\xfcller # caf\xe9\n\xff\xfe\\\n".to_vec();
    // Every cut, and every byte in the place of another.
    for end in 0..bytes.len() {
        assert_eq!(ServiceFile::parse(&bytes[..end], &Dialect::default()).to_bytes(), &bytes[..end]);
    }
    for at in 0..bytes.len() {
        for byte in [0, b'\n', b'\\', b'[', b']', b'#', 0x80, 0xff] {
            let before = std::mem::replace(&mut bytes[at], byte);
            assert_eq!(ServiceFile::parse(&bytes, &Dialect::default()).to_bytes(), bytes);
            bytes[at] = before;
        }
    }
}

/// It is cut by the bytes of the file, comments and the blanks of continued lines among them.
#[test]
fn the_old_reader_takes_lines_of_so_many_bytes() {
    let is_cut = |text: &str, reader| {
        let file = ServiceFile::parse(text.as_bytes(), &Dialect { reader, ..Dialect::default() });
        file.lines().iter().any(|line| matches!(line.content, Content::Flawed { flaw: Flaw::TooLong, .. }))
    };
    let blanks = |count| " ".repeat(count);
    for text in [
        format!("auth required a.so{}\n", blanks(1004)),
        format!("auth required a.so{}", blanks(1005)),
        format!("# {}\n", blanks(1020)),
        format!("auth required \\\n{}a.so\n", blanks(1003)),
        // What follows the backslash counts for its own line only; a comment between for none.
        format!("auth required \\{}\na.so{}\n", blanks(1007), blanks(1003)),
        format!("auth required \\\n#{}\na.so{}\n", blanks(1006), blanks(1003)),
    ] {
        assert!(!is_cut(&text, Reader::Old), "{text}");
        let longer = text.replacen("  ", "   ", 1);
        assert!(is_cut(&longer, Reader::Old), "{longer}");
        assert!(!is_cut(&longer, Reader::New), "{longer}");
    }
}
