use super::*;
use std::collections::{BTreeMap, HashMap};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, compose};

fn normalized(text: &str) -> String {
    nfc(text).iter().collect()
}

fn check(text: &str) {
    assert_eq!(normalized(text), text.nfc().collect::<String>(), "{text:?}");
}

/// Every code point that is a character.
fn all() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}

/// Code points that decompose, apart from Hangul, and what to.
fn wholes() -> BTreeMap<char, String> {
    let decompositions = all().map(|whole| (whole, String::from(whole).nfd().collect::<String>()));
    decompositions
        .filter(|(whole, parts)| *parts != String::from(*whole) && !('가'..='힣').contains(whole))
        .collect()
}

#[test]
fn the_tables_hold_what_the_crate_has() {
    let packed: Vec<char> = mappings().map(|mapping| mapping.whole).collect();
    assert!(packed.iter().eq(wholes().keys()), "{} mappings", packed.len());
    let mut seen = HashMap::new();
    for mapping in mappings() {
        assert!(mapping.whole >= FIRST_WHOLE);
        if let Some(second) = mapping.second {
            assert!(second >= FIRST_MARK);
            assert_eq!(mapping.composes, compose(mapping.first, second) == Some(mapping.whole));
            assert!(!mapping.composes || seen.insert((mapping.first, second), mapping.whole).is_none());
        }
    }
    // All that composes at all.
    let composing = wholes().keys().filter(|whole| String::from(**whole).nfc().eq([**whole])).count();
    assert_eq!(seen.len(), composing);
    for mark in all().filter(|character| canonical_combining_class(*character) != 0) {
        assert_eq!(combining_class(mark), canonical_combining_class(mark), "{mark:?}");
        // The neighbours of each run are not in it.
        for neighbour in [u32::from(mark) - 1, u32::from(mark) + 1].into_iter().filter_map(char::from_u32) {
            assert_eq!(combining_class(neighbour), canonical_combining_class(neighbour), "{neighbour:?}");
        }
    }
}

#[test]
fn what_decomposes_is_composed_or_replaced_as_the_crate_does_it() {
    for (whole, parts) in wholes() {
        check(&String::from(whole));
        check(&parts);
    }
    for syllable in ('가'..='힣').step_by(25) {
        check(&String::from(syllable));
        check(&String::from(syllable).nfd().collect::<String>());
    }
    for text in ["", "1234", "\0", "\u{10ffff}\u{e000}", "\u{1160}\u{11a7}\u{1113}\u{1176}\u{11c3}"] {
        check(text);
    }
}

/// Letters, marks of all classes, starters that compose with what is before them, jamo: in pairs and, drawn, in eights.
#[test]
fn marks_are_ordered_and_blocked_as_the_crate_does_it() {
    let mut classes: Vec<char> = all().filter(|c| canonical_combining_class(*c) != 0).collect();
    classes.sort_by_key(|c| canonical_combining_class(*c));
    classes.dedup_by_key(|c| canonical_combining_class(*c));
    let letters = "1aAσ\u{301}\u{302}\u{308}\u{323}\u{345}\u{34f}\u{1e69}\u{1f82}\u{9c7}\u{9be}\u{9d7}\u{dd9}\u{dcf}\u{dca}";
    let hangul = "\u{1100}\u{1161}\u{11a7}\u{11a8}가각\u{1d157}\u{1d165}";
    let alphabet: Vec<char> = letters.chars().chain(hangul.chars()).chain(classes).collect();
    for (first, second) in
        alphabet.iter().flat_map(|first| alphabet.iter().map(move |second| (first, second)))
    {
        check(&String::from_iter([first, second]));
    }
    let mut state: u64 = 1;
    for _ in 0..500 {
        let text: String = (0..8)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                alphabet[usize::try_from(state >> 33).unwrap() % alphabet.len()]
            })
            .collect();
        check(&text);
    }
}

/// What the bounds of the buffers rest on, in this version of Unicode.
#[test]
fn nothing_that_is_typed_outgrows_its_buffer() {
    let mut longest: HashMap<char, usize> = HashMap::new();
    let decompositions: Vec<(char, Vec<char>)> =
        all().map(|character| (character, String::from(character).nfd().collect())).collect();
    for (character, parts) in &decompositions {
        assert!(parts.len() <= MAX_DECOMPOSITION, "{character:?}");
        if let [part] = parts[..] {
            let length = longest.entry(part).or_default();
            *length = character.len_utf8().max(*length);
        }
    }
    // However a character of the normal form is written, a quarter of its bytes or more are left: `MAX_TYPED_LEN` of PINs.
    for (character, parts) in &decompositions {
        let typed: usize = parts.iter().map(|part| longest[part]).sum();
        assert!(typed <= 4 * character.len_utf8(), "{character:?}: {typed}");
    }
}
