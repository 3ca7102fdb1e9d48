//! Packs Unicode's tables for Normalization Form C, as `src/nfc.rs` reads them: the module carries 10 KB of them rather than 50.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "it runs at build time only, which fails with it, and cargo listens to its stdout"
)]

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs, iter};

use unicode_normalization::char::{canonical_combining_class, compose, decompose_canonical};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let (mappings, seconds) = mappings()?;
    let classes = classes()?;
    let tables = format!(
        "const MAPPINGS: &[u8] = &{mappings:?};\nconst SECONDS: &[char] = &{seconds:?};\nconst CLASSES: &[u8] = &{classes:?};\n"
    );
    fs::write(Path::new(&env::var("OUT_DIR")?).join("nfc_tables.rs"), tables)?;
    Ok(())
}

/// What decomposes, apart from Hangul: `whole` into `first` and, mostly, a second code point that does not decompose any further.
struct Mapping {
    whole: char,
    first: char,
    second: Option<char>,
    /// Whether the two compose to it again.
    composes: bool,
}

/// For each mapping: its code point after the one before it; its first part after the one before that, zigzag; and twice the place
/// of the second in the list, counted from 1, with 1 added where the two compose. 0 where there is no second.
fn mappings() -> Result<(Vec<u8>, Vec<char>), Box<dyn Error>> {
    let decompositions: Vec<(char, Vec<char>)> = ('\0'..=char::MAX)
        .filter(|character| !('\u{ac00}'..='\u{d7a3}').contains(character))
        .map(|character| (character, decomposed(character)))
        .filter(|(character, parts)| parts.as_slice() != [*character])
        .collect();
    // Of several wholes with the same parts, the one that they compose to: it is the first.
    let mut wholes: HashMap<&[char], char> = HashMap::new();
    for (whole, parts) in &decompositions {
        wholes.entry(parts).or_insert(*whole);
    }
    let mut mappings = Vec::new();
    for (whole, parts) in &decompositions {
        let (first, second) = match parts.as_slice() {
            [] => return Err("a character decomposes to nothing".into()),
            [only] => (*only, None),
            [first, second] => (*first, Some(*second)),
            [before @ .., last] => (*wholes.get(before).ok_or("a part has no name")?, Some(*last)),
        };
        let composes = second.is_some_and(|second| compose(first, second) == Some(*whole));
        mappings.push(Mapping { whole: *whole, first, second, composes });
    }
    let mut uses: HashMap<char, usize> = HashMap::new();
    for second in mappings.iter().filter_map(|mapping| mapping.second) {
        *uses.entry(second).or_default() += 1;
    }
    // The most frequent ones have the shortest numbers.
    let mut seconds: Vec<char> = uses.keys().copied().collect();
    seconds.sort_by_key(|second| (usize::MAX - uses[second], *second));
    let mut packed = Vec::new();
    let (mut whole, mut first) = (0, 0);
    for mapping in &mappings {
        let next = i64::from(u32::from(mapping.first));
        push(&mut packed, u32::from(mapping.whole) - whole);
        push(&mut packed, u32::try_from(((next - first) << 1) ^ ((next - first) >> 63))?);
        let place = seconds.iter().position(|second| mapping.second == Some(*second));
        let place = place.map_or(0, |place| place + 1);
        push(&mut packed, u32::try_from(2 * place + usize::from(mapping.composes))?);
        (whole, first) = (mapping.whole.into(), next);
    }
    Ok((packed, seconds))
}

/// Runs of code points of one class other than 0: how many there are between it and the run before, how many are in it, the class.
fn classes() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut packed = Vec::new();
    let mut end = 0;
    let mut marks = ('\0'..=char::MAX)
        .map(|character| (u32::from(character), canonical_combining_class(character)))
        .filter(|(_, class)| *class != 0)
        .peekable();
    while let Some((start, class)) = marks.next() {
        let mut last = start;
        while let Some((next, _)) =
            marks.next_if(|(next, its_class)| (*next, *its_class) == (last + 1, class))
        {
            last = next;
        }
        push(&mut packed, start.checked_sub(end).ok_or("the runs overlap")?);
        push(&mut packed, last + 1 - start);
        packed.push(class);
        end = last + 1;
    }
    Ok(packed)
}

fn decomposed(character: char) -> Vec<char> {
    let mut parts = Vec::new();
    decompose_canonical(character, |part| parts.push(part));
    parts
}

/// Seven bits a byte, the lowest first, the highest bit set on all but the last.
fn push(packed: &mut Vec<u8>, number: u32) {
    let sevens = iter::successors(Some(number), |rest| Some(rest >> 7).filter(|rest| *rest > 0));
    packed.extend(
        sevens.map(|rest| u8::try_from(rest & 0x7f).unwrap_or_default() | if rest > 0x7f { 0x80 } else { 0 }),
    );
}
