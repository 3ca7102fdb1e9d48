//! Random controls.

use fastrand::Rng;
use passkey_enroll::pam::parse::ReturnValue;

use crate::generate::{chance, one_of};

const WORDS: [&str; 4] = ["required", "requisite", "sufficient", "optional"];
const ACTIONS: [&str; 6] = ["ignore", "ok", "done", "bad", "die", "reset"];
/// Those that real stacks name, or that libpam treats in a way of their own.
const COMMON: [ReturnValue; 9] = [
    ReturnValue::Success,
    ReturnValue::AuthErr,
    ReturnValue::Ignore,
    ReturnValue::NewAuthtokReqd,
    ReturnValue::AuthinfoUnavail,
    ReturnValue::UserUnknown,
    ReturnValue::PermDenied,
    ReturnValue::ModuleUnknown,
    ReturnValue::Maxtries,
];

/// An answer of a module.
pub(crate) fn answer(rng: &mut Rng) -> ReturnValue {
    match rng.u8(..10) {
        0..3 => ReturnValue::Success,
        3..9 => one_of(rng, &COMMON),
        _ => one_of(rng, ReturnValue::ALL),
    }
}

/// The second word of a line, with its brackets.
pub(crate) fn control(rng: &mut Rng) -> String {
    match rng.u8(..100) {
        0..45 => {
            let word = one_of(rng, &WORDS);
            any_case(rng, word)
        }
        45..90 => format!("[{}]", list(rng)),
        // Without a blank in it it needs no brackets, and a word may stand in them.
        90..93 => list(rng).replace([' ', '\t'], ""),
        93..95 => format!("[{}]", one_of(rng, &WORDS)),
        95..96 => "[]".to_owned(),
        96..97 => "nonsense".to_owned(),
        _ => broken_list(rng),
    }
}

/// The word with some of its letters in upper case.
pub(crate) fn any_case(rng: &mut Rng, word: &str) -> String {
    if !chance(rng, 15) {
        return word.to_owned();
    }
    word.chars().map(|c| if rng.bool() { c.to_ascii_uppercase() } else { c }).collect()
}

fn list(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..rng.u8(1..6) {
        if !text.is_empty() {
            text.push_str(one_of(rng, &[" ", " ", " ", "  ", "\t", ""]));
        }
        let subject = match rng.u8(..3) {
            0 => "default",
            1 => "success",
            _ => answer(rng).name(),
        };
        let equals = one_of(rng, &["=", "=", "=", "=", " =", "= ", " = "]);
        text.extend([subject, equals, &action(rng)]);
    }
    text
}

fn action(rng: &mut Rng) -> String {
    match rng.u8(..100) {
        0..60 => one_of(rng, &ACTIONS).to_owned(),
        60..96 => rng.u8(1..5).to_string(),
        96..98 => rng.u8(5..20).to_string(),
        98 => "007".to_owned(),
        // Larger than an int: 2³² + 1, 2³¹ - 1, and what is no number of any machine.
        _ => one_of(rng, &["4294967297", "2147483647", "99999999999999999999"]).to_owned(),
    }
}

/// A list with something in it that no list has.
fn broken_list(rng: &mut Rng) -> String {
    let nonsense = one_of(
        rng,
        &[
            "success=0",
            "success=",
            "success",
            "=ok",
            "sucess=ok",
            "success=oK",
            "Success=ok",
            "success=-1",
            "success=ok,",
            "success==ok",
            "success=ok default",
            "default=ignore]success=ok",
        ],
    );
    match rng.u8(..3) {
        0 => format!("[{nonsense}]"),
        1 => format!("[{} {nonsense}]", list(rng)),
        _ => format!("[{nonsense} {}]", list(rng)),
    }
}
