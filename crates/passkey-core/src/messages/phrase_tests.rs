use super::*;

const PLAIN: Message = Message::new("Touch {key}, {person}.");
const COUNTED: Message = Message::counted("{left} try left.", "{left} tries left.");

/// A translation that may be anything.
struct Foreign(&'static str);

impl Language for Foreign {
    fn singular(&self, _text: &'static str) -> Cow<'static, str> {
        self.0.into()
    }

    fn plural(&self, _one: &'static str, _many: &'static str, _number: u32) -> Cow<'static, str> {
        self.0.into()
    }
}

fn plain() -> Phrase {
    Phrase::from(PLAIN).text_of("key", "blue".into()).text_of("person", "alice".into())
}

#[test]
fn english_is_what_is_written() {
    assert_eq!(plain().in_language(&English), "Touch blue, alice.");
    for (left, said) in [(0_u8, "0 tries left."), (1, "1 try left."), (2, "2 tries left.")] {
        assert_eq!(Phrase::from(COUNTED).number_of("left", left).in_language(&English), said);
    }
}

#[test]
fn every_language_has_its_own_order() {
    assert_eq!(plain().in_language(&Foreign("{person}, {key} berühren.")), "alice, blue berühren.");
    let counted = Phrase::from(COUNTED).number_of("left", 5_u8);
    assert_eq!(counted.in_language(&Foreign("Noch {left}.")), "Noch 5.");
}

#[test]
fn a_translation_that_names_other_things_is_not_used() {
    for unfit in [
        "",
        "Berühren.",
        "{key} berühren.",
        "{key} {person} {person}",
        "{key} {person} {pin}",
        "{key} {Person}",
        "{key} { person }",
        "{key} %s",
        "{key} {person",
    ] {
        assert_eq!(plain().in_language(&Foreign(unfit)), "Touch blue, alice.", "{unfit}");
    }
    let counted = Phrase::from(COUNTED).number_of("left", 1_u8);
    assert_eq!(counted.in_language(&Foreign("Einer noch.")), "1 try left.");
}

#[test]
fn a_translation_is_data() {
    let odd = "{{key}} %n%s {} {1} {}} {person}{";
    assert_eq!(plain().in_language(&Foreign(odd)), "{blue} %n%s {} {1} {}} alice{");
}

#[test]
fn what_goes_in_is_not_looked_at_again() {
    let phrase = Phrase::from(PLAIN).text_of("key", "{person}{key}".into()).text_of("person", "%s".into());
    assert_eq!(phrase.in_language(&English), "Touch {person}{key}, %s.");
}

#[test]
fn a_phrase_within_is_said_in_the_same_language() {
    let nested = Phrase::from(Message::new("{first} {second}"))
        .phrase_of("first", Phrase::from(Message::new("one")))
        .phrase_of("second", Phrase::from(Message::new("two")));
    assert_eq!(nested.in_language(&English), "one two");
    // What is unfit for the outer one fits the inner ones.
    assert_eq!(nested.in_language(&Foreign("eins")), "eins eins");
}

#[test]
fn names_are_lower_case_letters_in_braces() {
    assert_eq!(names("{b} {a} {b} {} {A} {c d} {e"), ["a", "b", "b"]);
    assert!(names("none").is_empty());
}
