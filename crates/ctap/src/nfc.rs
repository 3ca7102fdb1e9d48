//! Normalization Form C (Unicode Standard Annex #15) of what was typed, in memory that is wiped.
//!
//! `build.rs` packs the tables of the crate `unicode-normalization`, which has everything twice for speed. A PIN is normalized once
//! and its few letters are looked up by going through a table.

use zeroize::Zeroizing;

include!(concat!(env!("OUT_DIR"), "/nfc_tables.rs"));

/// Code points in the longest canonical decomposition of one.
const MAX_DECOMPOSITION: usize = 4;
/// No code point before this one decomposes, and none before the second one composes with what is before it.
const FIRST_WHOLE: char = '\u{c0}';
const FIRST_MARK: char = '\u{300}';

/// Hangul syllables are computed (Unicode Standard §3.12): a leading consonant, a vowel and, mostly, a trailing consonant.
mod hangul {
    pub(super) const SYLLABLES: u32 = 0xac00;
    pub(super) const LEADING: u32 = 0x1100;
    pub(super) const VOWELS: u32 = 0x1161;
    /// One before the first of them: no trailing consonant.
    pub(super) const TRAILING: u32 = 0x11a7;
    pub(super) const LEADING_COUNT: u32 = 19;
    pub(super) const VOWEL_COUNT: u32 = 21;
    pub(super) const TRAILING_COUNT: u32 = 28;
    pub(super) const COUNT: u32 = LEADING_COUNT * VOWEL_COUNT * TRAILING_COUNT;
}

/// The code points of the normal form.
pub(crate) fn nfc(text: &str) -> Zeroizing<Vec<char>> {
    // As large as it can get: it never grows, so that no copy is left behind.
    let mut decomposed = Zeroizing::new(Vec::with_capacity(text.len().saturating_mul(MAX_DECOMPOSITION)));
    text.chars().for_each(|character| decompose(character, &mut decomposed));
    recomposed(&decomposed)
}

/// Adds the canonical decomposition of a code point.
fn decompose(character: char, to: &mut Vec<char>) {
    match parts(character) {
        Some((first, second)) => {
            decompose(first, to);
            if let Some(second) = second {
                put_in_order(to, second);
            }
        }
        None => put_in_order(to, character),
    }
}

/// Adds a code point of a decomposition: combining marks in the order of their classes, those of one class as they come.
fn put_in_order(decomposed: &mut Vec<char>, added: char) {
    let class = combining_class(added);
    let later = |before: &&char| class != 0 && combining_class(**before) > class;
    let place = decomposed.len().saturating_sub(decomposed.iter().rev().take_while(later).count());
    decomposed.insert(place, added);
}

/// Composes each code point with the last starter before it, unless what stands between the two blocks it.
fn recomposed(decomposed: &[char]) -> Zeroizing<Vec<char>> {
    let mut characters: Zeroizing<Vec<char>> = Zeroizing::new(Vec::with_capacity(decomposed.len()));
    // The place of the last starter, and the class of the code point before this one, unless that is the starter itself.
    let (mut starter, mut between) = (None, None);
    for &character in decomposed {
        let class = combining_class(character);
        let blocked = between.is_some_and(|between| between >= class);
        let target = starter.filter(|_| !blocked).and_then(|place: usize| characters.get_mut(place));
        if let Some((target, whole)) =
            target.and_then(|target| whole(*target, character).map(|whole| (target, whole)))
        {
            *target = whole;
            continue;
        }
        if class == 0 {
            starter = Some(characters.len());
        }
        between = (class != 0).then_some(class);
        characters.push(character);
    }
    characters
}

/// What a code point decomposes to, by one step.
fn parts(character: char) -> Option<(char, Option<char>)> {
    if character < FIRST_WHOLE {
        return None;
    }
    let index = u32::from(character).wrapping_sub(hangul::SYLLABLES);
    if index < hangul::COUNT {
        let (first, second) = match index % hangul::TRAILING_COUNT {
            0 => {
                let vowel = index / hangul::TRAILING_COUNT % hangul::VOWEL_COUNT;
                let leading = index / hangul::TRAILING_COUNT / hangul::VOWEL_COUNT;
                (hangul::LEADING.checked_add(leading)?, hangul::VOWELS.checked_add(vowel)?)
            }
            trailing => {
                (u32::from(character).checked_sub(trailing)?, hangul::TRAILING.checked_add(trailing)?)
            }
        };
        return Some((char::from_u32(first)?, char::from_u32(second)));
    }
    let mapping = mappings().find(|mapping| mapping.whole >= character)?;
    (mapping.whole == character).then_some((mapping.first, mapping.second))
}

/// What two code points compose to.
fn whole(first: char, second: char) -> Option<char> {
    if second < FIRST_MARK {
        return None;
    }
    let offset = |character: char, base: u32| u32::from(character).wrapping_sub(base);
    let (leading, vowel) = (offset(first, hangul::LEADING), offset(second, hangul::VOWELS));
    if leading < hangul::LEADING_COUNT && vowel < hangul::VOWEL_COUNT {
        let pair = leading.checked_mul(hangul::VOWEL_COUNT)?.checked_add(vowel)?;
        return char::from_u32(pair.checked_mul(hangul::TRAILING_COUNT)?.checked_add(hangul::SYLLABLES)?);
    }
    let (syllable, trailing) = (offset(first, hangul::SYLLABLES), offset(second, hangul::TRAILING));
    if syllable < hangul::COUNT
        && syllable % hangul::TRAILING_COUNT == 0
        && (1..hangul::TRAILING_COUNT).contains(&trailing)
    {
        return char::from_u32(u32::from(first).checked_add(trailing)?);
    }
    let mut composing = mappings().filter(|mapping| mapping.composes);
    composing
        .find(|mapping| (mapping.first, mapping.second) == (first, Some(second)))
        .map(|mapping| mapping.whole)
}

/// The canonical combining class of a code point.
fn combining_class(character: char) -> u8 {
    if character < FIRST_MARK {
        return 0;
    }
    let mut packed = CLASSES.iter();
    let mut end: u32 = 0;
    while let (Some(gap), Some(count), Some(class)) =
        (number(&mut packed), number(&mut packed), packed.next())
    {
        let start = end.saturating_add(gap);
        end = start.saturating_add(count);
        if (start..end).contains(&character.into()) {
            return *class;
        }
    }
    0
}

/// A code point that decomposes.
struct Mapping {
    whole: char,
    first: char,
    second: Option<char>,
    /// Whether the two compose to it again.
    composes: bool,
}

fn mappings() -> impl Iterator<Item = Mapping> {
    let mut packed = MAPPINGS.iter();
    let (mut whole, mut first): (u32, u32) = (0, 0);
    std::iter::from_fn(move || {
        whole = whole.wrapping_add(number(&mut packed)?);
        let zigzag = number(&mut packed)?;
        first = first.wrapping_add((zigzag >> 1) ^ (zigzag & 1).wrapping_neg());
        let second = usize::try_from(number(&mut packed)?).ok()?;
        Some(Mapping {
            whole: char::from_u32(whole)?,
            first: char::from_u32(first)?,
            second: (second >> 1).checked_sub(1).and_then(|place| SECONDS.get(place).copied()),
            composes: second & 1 == 1,
        })
    })
}

/// The next number of a table: seven bits a byte, the lowest first.
fn number(packed: &mut std::slice::Iter<'_, u8>) -> Option<u32> {
    let mut number = 0;
    for shift in [0_u32, 7, 14, 21] {
        let byte = packed.next()?;
        number |= u32::from(byte & 0x7f).wrapping_shl(shift);
        if *byte <= 0x7f {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
#[path = "nfc_tests.rs"]
mod tests;
