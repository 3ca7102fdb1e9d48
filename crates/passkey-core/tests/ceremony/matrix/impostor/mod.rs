//! Devices that were never enrolled: whatever they claim and answer, they get a touch at the most, and cost the honest key nothing.
//!
//! The one exception, a passkey that is on record as not answering silently, is in `standing.rs`.

mod device;
mod stage;

use super::bench::{CHOICE_GRACE, GRACE};
use super::sign_in::word;
use super::table::{Table, documented_word, is_documented};
use device::{Claims, answers};
use passkey_core::config::UserVerification;
use passkey_core::messages::{self, English};
use stage::{OnRecord, Place, Seen, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use virtual_key::{Answer, Asked};

/// Ways to sign in, with what the document calls them.
const POLICIES: [(&str, UserVerification, OnRecord); 4] = [
    ("second factor", UserVerification::Discouraged, OnRecord::AllAnswer),
    ("preferred", UserVerification::Preferred, OnRecord::AllAnswer),
    ("passwordless", UserVerification::Required, OnRecord::AllAnswer),
    ("passwordless with an imported passkey", UserVerification::Required, OnRecord::OneUnknown),
];

/// What it says where it could sign, in the order in which it is asked.
const KINDS: [Asked; 4] = [Asked::SilentAssertion, Asked::Assertion, Asked::U2fCheck, Asked::U2fSign];

/// The promise: a device that has proved nothing is asked for no PIN, no finger and no choice.
fn assert_nothing_is_entrusted(seen: &Seen, what: &str) {
    for device in &seen.devices {
        let claims = &device.claims;
        for asked in
            [Asked::PinRetries, Asked::KeyAgreement, Asked::PinToken, Asked::UvToken, Asked::Selection]
        {
            assert_eq!(device.record.count(asked), 0, "{asked:?} of {claims:?} that answers {what}");
        }
        assert!(!device.asked_for_uv, "an assertion with uv of {claims:?} that answers {what}");
    }
    assert!(!seen.asked_by.iter().any(|name| name == "impostor"), "a PIN for what answers {what}");
}

/// What came of everything that was tried.
#[derive(Default)]
struct Outcomes {
    /// The words, by what the device was last asked, its answer, and the way to sign in.
    words: BTreeMap<(Asked, String, &'static str), BTreeSet<&'static str>>,
    /// What the person was told by the end, the reason last.
    told: BTreeMap<&'static str, BTreeSet<Vec<String>>>,
    sign_ins: usize,
}

impl Outcomes {
    fn add(&mut self, asked: Asked, answer: &str, way: &'static str, seen: &Seen) {
        let word = word(&seen.attempt);
        assert_ne!(word, "signs in", "with {answer} to {asked:?}, {way}");
        assert_nothing_is_entrusted(seen, answer);
        self.words.entry((asked, answer.to_owned(), way)).or_default().insert(word);
        let mut told: Vec<String> =
            seen.told.iter().map(|notice| messages::notice(notice).in_language(&English)).collect();
        let error = seen.attempt.result.as_ref().unwrap_err();
        told.push(messages::sign_in_error(error).expect("a reason").in_language(&English));
        self.told.entry(word).or_default().insert(told);
        self.sign_ins += 1;
    }

    /// The words for each answer to what was asked.
    fn table(&self, asked: Asked) -> String {
        let names = || answers(asked).into_iter().map(|(name, _)| name);
        let mut table = Table::new(names());
        for (way, ..) in POLICIES {
            let cells = names().map(|name| {
                let words = self.words.get(&(asked, name, way));
                words.map_or_else(
                    || "–".to_owned(),
                    |words| words.iter().copied().collect::<Vec<&str>>().join(", "),
                )
            });
            table.add(way, cells.collect());
        }
        table.markdown()
    }

    /// What belongs to each word.
    fn meaning(&self) -> String {
        let mut text =
            INTRODUCTION.to_owned() + "| word | PAM code | what the person is told |\n| --- | --- | --- |\n";
        for (word, told) in &self.told {
            let [code, _] = documented_word(word);
            let told: Vec<String> = told.iter().map(|sentences| sentences.join(" ")).collect();
            text += &["| ", word, " | ", &code, " | ", &told.join(" / "), " |\n"].concat();
        }
        text
    }
}

/// What stands above the tables.
const INTRODUCTION: &str = "\
They claim any model, any option and any version, and answer anything. The tables have the result if no other key is plugged in, over all
claims; an answer that leads to another question is in the table of that question. *waits* is a device that blinks and is never touched,
*once touched* one that answers as if it had been. None is ever asked for a PIN, a fingerprint or to be chosen, and beside each of them the
honest key signs in as if it were alone. A device can get further only with the model of a passkey that is on record as not answering
without a touch, or that has no such record yet, and only if it is the only one plugged in or the person has chosen it by touch.

";

#[test]
fn alone_it_gets_a_touch_at_most_and_ends_as_documented() {
    let mut outcomes = Outcomes::default();
    let silent = answers(Asked::SilentAssertion);
    // Without a touch, all were tried with all claims before: these stand for yes, no, neither and silence.
    let kinds = KINDS.map(|asked| {
        let mut all = answers(asked);
        if asked == Asked::SilentAssertion {
            all.retain(|(name, _)| ["nonsense", "0x2e", "0x36", "nothing"].contains(&name.as_str()));
        }
        (asked, all)
    });
    for (way, policy, on_record) in POLICIES {
        let mut stage = Stage::new(policy, on_record, 1);
        for claims in Claims::all() {
            for (name, answer) in &silent {
                let given = [(Asked::SilentAssertion, answer.clone())];
                let seen = stage.sign_in(Place::Alone, &[claims], &given);
                // One that was asked for a touch first is waiting for it.
                if seen.count(Asked::SilentAssertion) > 0 {
                    outcomes.add(Asked::SilentAssertion, name, way, &seen);
                }
            }
        }
        for claims in Claims::kinds() {
            stage.explore(Place::Alone, claims, &kinds, &mut |names, seen| match names.last() {
                Some((asked, name)) => outcomes.add(*asked, name, way, seen),
                None => panic!("{claims:?} is asked nothing"),
            });
        }
    }
    println!("{} sign-ins", outcomes.sign_ins);
    let tables = [
        ("Asked without a touch whether it holds a passkey:", Asked::SilentAssertion),
        ("Asked for an assertion with a touch:", Asked::Assertion),
        ("Asked by U2F whether a key handle is its own:", Asked::U2fCheck),
        ("Asked by U2F to sign:", Asked::U2fSign),
    ];
    let mut text = outcomes.meaning();
    for (caption, asked) in tables {
        text += &["\n", caption, "\n\n", &outcomes.table(asked)].concat();
    }
    is_documented("Devices that were never enrolled", &text);
}

/// How much later than without it the honest key may sign in.
fn grace(policy: UserVerification, answer: &str) -> Duration {
    // Where a PIN is asked for, a key that says that it is at work is waited for: it could be meant.
    if policy != UserVerification::Discouraged && answer == "waits" { CHOICE_GRACE } else { GRACE }
}

fn assert_undisturbed(seen: &Seen, undisturbed: &Seen, grace: Duration, what: &str) {
    assert_eq!(word(&seen.attempt), "signs in", "beside {what}");
    assert_nothing_is_entrusted(seen, what);
    assert_eq!(seen.asked_by, undisturbed.asked_by, "beside {what}");
    assert!(seen.taken <= undisturbed.taken + grace, "{:?} beside {what}", seen.taken);
}

const PLACES: [Place; 3] = [Place::Before, Place::After, Place::Late];

#[test]
fn beside_one_the_honest_key_signs_in_as_if_it_were_alone() {
    let mut sign_ins = 0;
    for (way, policy, on_record) in POLICIES {
        let mut stage = Stage::new(policy, on_record, 1);
        let undisturbed = stage.undisturbed();
        assert_eq!(word(&undisturbed.attempt), "signs in");
        for claims in Claims::kinds() {
            for asked in [Asked::SilentAssertion, Asked::U2fCheck] {
                for (name, answer) in answers(asked) {
                    for place in PLACES {
                        let seen = stage.sign_in(place, &[claims], &[(asked, answer.clone())]);
                        let what = format!("{claims:?} {place:?} that answers {name}, {way}");
                        assert_undisturbed(&seen, &undisturbed, grace(policy, &name), &what);
                        sign_ins += 1;
                    }
                }
            }
        }
    }
    println!("{sign_ins} sign-ins");
}

/// The touch is asked for where the silent question was answered with neither yes nor no.
#[test]
fn beside_one_that_blinks_the_honest_key_is_the_one_that_signs_in() {
    let mut touched = 0;
    for (way, policy, on_record) in POLICIES {
        let mut stage = Stage::new(policy, on_record, 1);
        let undisturbed = stage.undisturbed();
        for claims in Claims::kinds() {
            for asked in [Asked::Assertion, Asked::U2fSign] {
                for (name, answer) in answers(asked) {
                    for place in PLACES {
                        let given = [
                            (Asked::SilentAssertion, Answer::Status(0x36)),
                            (Asked::U2fCheck, Answer::StatusWord(0x6985)),
                            (asked, answer.clone()),
                        ];
                        let seen = stage.sign_in(place, &[claims], &given);
                        let what = format!("{claims:?} {place:?} that answers {name} to a touch, {way}");
                        assert_undisturbed(&seen, &undisturbed, GRACE, &what);
                        touched += seen.count(asked);
                        if seen.count(asked) == 0 {
                            // Nor would it be with any other answer.
                            break;
                        }
                    }
                }
            }
        }
    }
    assert!(touched > 1000, "{touched}");
}

/// All that claim the same version and model at once, by turns on either side of the honest key.
#[test]
fn amid_a_crowd_of_them_the_honest_key_signs_in_as_if_it_were_alone() {
    let mut crowds: BTreeMap<String, Vec<Claims>> = BTreeMap::new();
    for claims in Claims::all() {
        crowds.entry(format!("{:?} {:?}", claims.speaks, claims.model)).or_default().push(claims);
    }
    for (way, policy, on_record) in [POLICIES[0], POLICIES[1], POLICIES[3]] {
        let mut stage = Stage::new(policy, on_record, 36);
        let undisturbed = stage.undisturbed();
        for crowd in crowds.values() {
            for (name, answer) in answers(Asked::SilentAssertion) {
                for place in [Place::Around, Place::Late] {
                    let seen = stage.sign_in(place, crowd, &[(Asked::SilentAssertion, answer.clone())]);
                    let what = format!("{} such as {:?} that answer {name}, {way}", crowd.len(), crowd[0]);
                    assert_undisturbed(&seen, &undisturbed, grace(policy, &name), &what);
                }
            }
        }
    }
}
