use spdx::{Expression, Licensee, ParseMode};

/// A licence that linked crates may be used under. Each asks that its text goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum License {
    Mit,
    Bsd2Clause,
    Bsd3Clause,
    Isc,
    Unicode3,
    BlueOak,
    Apache2,
}

/// Of a choice, the first is taken: the shorter ones come first.
pub(super) const ACCEPTED: [License; 7] = [
    License::Mit,
    License::Bsd2Clause,
    License::Bsd3Clause,
    License::Isc,
    License::Unicode3,
    License::BlueOak,
    License::Apache2,
];

impl License {
    /// What SPDX calls it.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Mit => "MIT",
            Self::Bsd2Clause => "BSD-2-Clause",
            Self::Bsd3Clause => "BSD-3-Clause",
            Self::Isc => "ISC",
            Self::Unicode3 => "Unicode-3.0",
            Self::BlueOak => "BlueOak-1.0.0",
            Self::Apache2 => "Apache-2.0",
        }
    }

    /// Whether `words`, with single spaces between them, hold its text.
    fn is_in(self, words: &str) -> bool {
        const BSD: &str = "Redistributions in binary form must reproduce the above copyright notice";
        const ENDORSE: &str = "endorse or promote products derived from";
        match self {
            Self::Mit => {
                words.contains("Permission is hereby granted, free of charge, to any person obtaining")
            }
            Self::Bsd2Clause => words.contains(BSD) && !words.contains(ENDORSE),
            Self::Bsd3Clause => words.contains(BSD) && words.contains(ENDORSE),
            Self::Isc => words
                .contains("Permission to use, copy, modify, and/or distribute this software for any purpose"),
            Self::Unicode3 => words.contains("UNICODE LICENSE V3"),
            Self::BlueOak => words.contains("Blue Oak Model License"),
            Self::Apache2 => words.contains("Apache License Version 2.0, January 2004"),
        }
    }

    /// Those whose text `text` holds.
    pub(super) fn found_in(text: &str) -> Vec<Self> {
        // Some are written as a comment.
        let words: Vec<&str> =
            text.split_whitespace().filter(|word| !matches!(*word, "//" | "#" | "*")).collect();
        let words = words.join(" ");
        ACCEPTED.into_iter().filter(|license| license.is_in(&words)).collect()
    }

    /// Those that a crate under `expression` is used under: as few as fulfil it. `None` if what is accepted does not.
    pub(super) fn chosen(expression: &str) -> Option<Vec<Self>> {
        let parsed = Expression::parse_mode(expression, ParseMode::LAX).ok()?;
        let accepted: Vec<Licensee> =
            ACCEPTED.iter().map(|license| Licensee::parse(license.id())).collect::<Result<_, _>>().ok()?;
        let needed = parsed.minimized_requirements(&accepted).ok()?;
        needed
            .iter()
            .map(|needed| ACCEPTED.into_iter().find(|license| license.id() == needed.to_string()))
            .collect()
    }
}
