//! What a hostile neighbour, a faulty key and an unlucky moment could make of a sign-in.

use super::support::{BenchPlatform, Key, PhoneBook, Scene, Somebody, is_verified, ms, pin, seconds};
use ctap::Secret;
use ctap::hid::Report;
use passkey_core::ceremony::{
    self, AccountAnswer, Attempt, Enrolment, KeyId, ListError, NoRandomness, Notice, OpenError, Passkey,
    PinAnswer, PinPrompt, Platform, PluggedKey, Prompter, SignIn, SignInError, TokenError, TransferError,
    Wake, Wanted,
};
use passkey_core::config::UserVerification;
use passkey_core::credential::Credential;
use std::time::Duration;
use virtual_key::{
    Answer, Asked, ClaimedInfo, Fingerprints, ImpostorConfig, Keepalive, KeyConfig, Profile, Quirks, Record,
};

/// The platform, which counts how often the ceremony was woken without any time having passed.
struct Watched<'a> {
    platform: &'a mut BenchPlatform,
    last: Duration,
    in_a_row: usize,
    most_in_a_row: usize,
    waits: usize,
}

impl<'a> Watched<'a> {
    fn new(platform: &'a mut BenchPlatform) -> Self {
        let last = platform.now();
        Self { platform, last, in_a_row: 0, most_in_a_row: 0, waits: 0 }
    }
}

impl Platform for Watched<'_> {
    fn now(&self) -> Duration {
        self.platform.now()
    }
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.platform.random(bytes)
    }
    fn plugged(&mut self) -> Result<Vec<PluggedKey>, ListError> {
        self.platform.plugged()
    }
    fn open(&mut self, key: KeyId) -> Result<(), OpenError> {
        self.platform.open(key)
    }
    fn close(&mut self, key: KeyId) {
        self.platform.close(key);
    }
    fn try_lock(&mut self, key: KeyId) -> bool {
        self.platform.try_lock(key)
    }
    fn unlock(&mut self, key: KeyId) {
        self.platform.unlock(key);
    }
    fn read(&mut self, key: KeyId) -> Result<Option<Report>, TransferError> {
        self.platform.read(key)
    }
    fn write(&mut self, key: KeyId, report: &Report) -> Result<bool, TransferError> {
        self.platform.write(key, report)
    }
    fn wait(&mut self, until: Duration, readers: &[KeyId], writers: &[KeyId]) -> Wake {
        let wake = self.platform.wait(until, readers, writers);
        self.waits += 1;
        assert!(self.waits < 50_000, "woken without end");
        let now = self.platform.now();
        self.in_a_row = if now == self.last { self.in_a_row + 1 } else { 0 };
        self.last = now;
        self.most_in_a_row = self.most_in_a_row.max(self.in_a_row);
        wake
    }
}

/// One question, as the person saw it.
#[derive(Clone, Debug)]
struct Question {
    device: String,
    shown: Option<String>,
}

/// The person, who also remembers for which key each question was, and something that happens while they type.
struct Attentive<'a> {
    person: &'a mut Somebody,
    bench: std::rc::Rc<std::cell::RefCell<virtual_key::Bench>>,
    questions: Vec<Question>,
    meanwhile: Meanwhile,
}

impl Prompter for Attentive<'_> {
    fn tell(&mut self, notice: &Notice) {
        self.person.tell(notice);
    }
    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer {
        self.questions.push(Question {
            device: prompt.key_name.to_owned(),
            shown: prompt.shown_name.map(str::to_owned),
        });
        if !self.meanwhile.is_empty() {
            let mut happens = self.meanwhile.remove(0);
            happens(&mut self.bench.borrow_mut());
        }
        self.person.ask_pin(prompt)
    }
    fn choose_account(&mut self, accounts: &[String]) -> AccountAnswer {
        self.person.choose_account(accounts)
    }
}

/// What a watched sign-in showed.
struct Seen {
    attempt: Attempt,
    questions: Vec<Question>,
    taken: Duration,
    most_in_a_row: usize,
    waits: usize,
}

/// What happens while the person types, question by question.
type Meanwhile = Vec<Box<dyn FnMut(&mut virtual_key::Bench)>>;

fn run(scene: &mut Scene, wanted: Wanted<'_>, meanwhile: Meanwhile) -> Seen {
    let start = scene.bench().now();
    let bench = std::rc::Rc::clone(&scene.platform.bench);
    let request = SignIn {
        wanted,
        policy: &scene.settings.policy,
        forbidden_pin: scene.settings.forbidden_pin.as_ref(),
        takes_recovery_code: scene.settings.takes_recovery_code,
    };
    let mut platform = Watched::new(&mut scene.platform);
    let mut person = Attentive { person: &mut scene.person, bench, questions: Vec::new(), meanwhile };
    let attempt = ceremony::sign_in(&mut platform, &mut person, &request);
    let Watched { most_in_a_row, waits, .. } = platform;
    let questions = person.questions;
    let taken = scene.bench().now() - start;
    assert!(scene.platform.open.is_empty(), "every key is closed");
    assert!(scene.platform.locks.is_empty(), "every lock is given back");
    scene.bench().advance(ms(300));
    let bench = scene.bench();
    assert!(
        !bench.plugged().into_iter().any(|key| bench.blinking(key) && bench.counts(key).msg == 0),
        "blinking"
    );
    drop(bench);
    Seen { attempt, questions, taken, most_in_a_row, waits }
}

fn named(scene: &mut Scene, meanwhile: Meanwhile) -> Seen {
    let credentials = scene.passkeys.clone();
    let passkeys: Vec<Passkey<'_>> =
        credentials.iter().map(|credential| Passkey { credential, sign_count: None, salts: None }).collect();
    run(scene, Wanted::Passkeys(&passkeys), meanwhile)
}

fn anyone(scene: &mut Scene, book: &PhoneBook) -> Seen {
    run(scene, Wanted::Anyone { rp_id: "desk.example", directory: book }, Vec::new())
}

const MODEL: [u8; 16] = [9; 16];

fn honest(name: &str) -> KeyConfig {
    KeyConfig { aaguid: MODEL, ..KeyConfig::new(name).pin("1234") }
}

fn pin_scene() -> (Scene, Key) {
    let mut scene = Scene::new();
    let key = scene.add(honest("honest"));
    scene.enrol(key, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    (scene, key)
}

fn claims(aaguid: [u8; 16], options: &[&str]) -> ClaimedInfo {
    let options: Vec<(&str, bool)> = options.iter().map(|name| (*name, true)).collect();
    ClaimedInfo { aaguid, ..ClaimedInfo::default().options(&options) }
}

fn enrol_discoverable(scene: &mut Scene, key: Key, text: &str) -> (Credential, PhoneBook) {
    scene.person.answers.push_back(pin(text));
    scene.bench().touch_after(key, ms(100));
    let handle = scene.user_handle.clone();
    let enrolment = Enrolment { discoverable: true, ..Scene::enrolment("mine", &handle, &[]) };
    let enrolled = ceremony::enrol(&mut scene.platform, &mut scene.person, &enrolment).unwrap();
    scene.forget_the_past();
    let mut book = PhoneBook::default();
    book.add("alice", &handle, &[&enrolled.credential]);
    (enrolled.credential, book)
}

/// An impostor for `usernameless` that says it was touched 100 ms after it was asked, takes any PIN and never comes to an end.
fn self_selecting(name: &str, aaguid: [u8; 16]) -> ImpostorConfig {
    let after = |time, then| Answer::After { time, keepalive: Keepalive::UpNeeded, then: Box::new(then) };
    ImpostorConfig::new(name)
        .info(claims(aaguid, &["rk", "up", "clientPin", "pinUvAuthToken"]))
        .answer(Asked::SilentAssertion, Answer::Status(0x36))
        .answer(Asked::Selection, after(ms(100), Answer::Success(Vec::new())))
        .answer(Asked::PinToken, Answer::Token)
        .answer(Asked::Assertion, Answer::on_touch(Answer::SignsNonsense))
}

/// `docs/architecture.md`: "Answers of an unproven key do not end the ceremony."
#[test]
fn a_device_that_could_not_verify_its_user_does_not_end_the_wait_for_the_right_key() {
    let mut outcomes = Vec::new();
    for (name, options, verification) in [
        ("no PIN set up", &["rk", "up"][..], UserVerification::Required),
        ("touch only, and nothing on it", &["rk", "up"][..], UserVerification::Discouraged),
    ] {
        let mut scene = Scene::new();
        let key = scene.add(honest("honest"));
        let (_, book) = enrol_discoverable(&mut scene, key, "1234");
        scene.bench().unplug(key);
        scene.settings.policy.verification = verification;
        scene.settings.policy.wait_for_key = seconds(20);
        let mut info = claims([0x55; 16], options);
        info.extensions.clear();
        let impostor =
            ImpostorConfig::new("impostor").info(info).answer(Asked::Assertion, Answer::Status(0x2e));
        scene.bench().add_impostor(impostor);
        let at = scene.bench().now() + seconds(3);
        scene.bench().plug_at(key, at);
        scene.person.answers.push_back(pin("1234"));
        scene.bench().auto_touch(key, ms(300));
        let seen = anyone(&mut scene, &book);
        outcomes.push((name, seen.attempt.result.map(|_| ()), seen.taken));
    }
    assert!(outcomes.iter().all(|(_, result, _)| result.is_ok()), "{outcomes:?}");
}

/// The same with an assertion that is nonsense, from a device that was asked for a touch only.
#[test]
fn nonsense_from_an_unproven_device_does_not_end_the_wait_for_the_right_key() {
    let mut scene = Scene::new();
    let key = scene.add(honest("honest"));
    let (_, book) = enrol_discoverable(&mut scene, key, "1234");
    scene.bench().unplug(key);
    scene.settings.policy.verification = UserVerification::Discouraged;
    scene.settings.policy.wait_for_key = seconds(20);
    let mut info = claims([0x55; 16], &["rk", "up"]);
    info.extensions.clear();
    let impostor = ImpostorConfig::new("impostor").info(info).answer(Asked::Assertion, Answer::SignsNonsense);
    scene.bench().add_impostor(impostor);
    let at = scene.bench().now() + seconds(3);
    scene.bench().plug_at(key, at);
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(key, ms(300));
    let seen = anyone(&mut scene, &book);
    assert!(is_verified(&seen.attempt), "{:?} after {:?}", seen.attempt.result, seen.taken);
}

/// The honest key has its PIN and blinks. Whatever comes now must not take the person away from it.
#[test]
fn a_device_that_says_it_was_touched_does_not_stop_the_key_that_has_its_pin() {
    let mut scene = Scene::new();
    let key = scene.add(honest("honest"));
    let (_, book) = enrol_discoverable(&mut scene, key, "1234");
    scene.settings.policy.verification = UserVerification::Required;
    let (impostor, record) = scene.bench().add_impostor(self_selecting("honest ", [0x55; 16]));
    scene.bench().unplug(impostor);
    let at = scene.bench().now() + ms(2200);
    scene.bench().plug_at(impostor, at);
    scene.person.answers.extend([pin("1234"), pin("1234")]);
    scene.bench().auto_touch(key, ms(1500));
    let seen = anyone(&mut scene, &book);
    assert_eq!(record.count(Asked::PinToken), 0, "{:?}", seen.questions);
    assert_eq!(seen.questions.len(), 1, "{:?}", seen.questions);
    assert!(is_verified(&seen.attempt), "{:?}", seen.attempt.result);
}

/// That a device was touched is its own word (`docs/threat-model.md`); the prompt tells which one it is.
#[test]
fn a_planted_device_that_says_it_was_touched_is_named_by_its_node() {
    let mut scene = Scene::new();
    let key = scene.add(honest("honest"));
    let (_, book) = enrol_discoverable(&mut scene, key, "1234");
    scene.settings.policy.verification = UserVerification::Required;
    let (_, record) = scene.bench().add_impostor(self_selecting("honest", [0x55; 16]));
    scene.person.touches.push_back((key, ms(1500)));
    scene.person.answers.extend([pin("1234"), pin("1234")]);
    let seen = anyone(&mut scene, &book);
    assert_eq!(record.touches(), [], "it was not touched");
    assert_eq!(seen.questions[0].shown.as_deref(), Some("honest (/dev/hidraw1)"));
}

/// The same with a name, and a model on record as silent: what the device calls itself is not taken for the name of a passkey.
#[test]
fn a_device_of_a_silent_model_that_says_it_was_touched_is_named_by_its_node() {
    let (mut scene, key) = pin_scene();
    scene.passkeys[0].answers_silently = Some(false);
    let (_, record) = scene.bench().add_impostor(self_selecting("passkey 0", MODEL));
    scene.person.touches.push_back((key, ms(1500)));
    scene.person.answers.extend([pin("1234"), pin("1234")]);
    let seen = named(&mut scene, Vec::new());
    assert_eq!(record.touches(), [], "it was not touched");
    assert_eq!(seen.questions[0].shown.as_deref(), Some("passkey 0 (/dev/hidraw1)"));
}

/// A key loses a reply and says that it has forgotten the channel, or is busy: the PIN has been sent once, and is not sent again.
#[test]
fn a_pin_is_sent_once_whatever_ctaphid_says() {
    let mut lefts = Vec::new();
    for code in [0x0b, 0x06] {
        let (mut scene, key) = pin_scene();
        scene.bench().tamper(key, move |_, mut report: Report| {
            let is_wrong_pin = report[4] == 0x90 && report[5..8] == [0, 1, 0x31];
            if is_wrong_pin {
                report[4] = 0xbf;
                report[7] = code;
            }
            vec![(Duration::ZERO, report)]
        });
        scene.person.answers.push_back(pin("9999"));
        let seen = named(&mut scene, Vec::new());
        assert_eq!(seen.questions.len(), 1);
        lefts.push((code, scene.bench().pin_retries(key)));
    }
    assert_eq!(lefts, [(0x0b, 7), (0x06, 7)], "one typing costs one try");
}

/// What a trusted key has said stands, whatever becomes of a device that has proved nothing.
#[test]
fn a_device_that_is_pulled_out_does_not_take_the_reason_away() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig { always_uv: true, ..honest("honest") });
    scene.enrol(key, Some("1234"));
    scene.settings.policy.pin_attempts = 5;
    scene.settings.policy.timeout = seconds(10);
    let impostor = ImpostorConfig::new("impostor")
        .info(claims([0x55; 16], &["rk", "up"]))
        .answer(Asked::SilentAssertion, Answer::Status(0x36));
    let (impostor, _) = scene.bench().add_impostor(impostor);
    scene.person.answers.extend([pin("9999"), pin("9998"), pin("9997")]);
    let at = scene.bench().now() + seconds(9);
    scene.bench().unplug_at(impostor, at);
    let seen = named(&mut scene, Vec::new());
    assert_eq!(seen.questions.len(), 3);
    assert_eq!(seen.attempt.result.unwrap_err(), SignInError::Pin(TokenError::PinLocked));
}

/// `CHANGELOG.md`: "With several keys plugged in, the prompt for a PIN names the key that it is for."
#[test]
fn every_question_names_the_key_while_another_one_is_plugged_in() {
    let (mut scene, key) = pin_scene();
    let other = scene.add(KeyConfig::new("other").pin("5678"));
    scene.bench().unplug(other);
    scene.person.answers.extend([pin("9999"), pin("1234")]);
    scene.bench().auto_touch(key, ms(300));
    let plugs: Box<dyn FnMut(&mut virtual_key::Bench)> = Box::new(move |bench| bench.plug(other));
    let seen = named(&mut scene, vec![plugs]);
    assert!(is_verified(&seen.attempt), "{:?}", seen.attempt.result);
    assert_eq!(seen.questions.len(), 2);
    assert!(seen.questions[1].shown.is_some(), "{:?}", seen.questions);
}

/// A password is the password however its letters are composed, as a PIN is.
#[test]
fn the_password_is_never_sent_however_its_letters_are_composed() {
    let mut scene = Scene::new();
    let key = scene.add(KeyConfig::new("blue").pin("1234"));
    scene.enrol(key, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    scene.settings.forbidden_pin = Some(Secret::new("p\u{e9}ssword".as_bytes().to_vec()));
    scene.person.answers.push_back(pin("pe\u{301}ssword"));
    named(&mut scene, Vec::new());
    assert_eq!(scene.bench().pin_retries(key), 8, "the password went to the key");
}

/// The key is pulled out at the question that follows a wrong PIN.
#[test]
fn a_wrong_pin_is_remembered_although_the_key_is_gone() {
    let (mut scene, key) = pin_scene();
    scene.person.answers.extend([pin("9999"), pin("1234")]);
    let nothing: Box<dyn FnMut(&mut virtual_key::Bench)> = Box::new(|_| {});
    let unplugs: Box<dyn FnMut(&mut virtual_key::Bench)> = Box::new(move |bench| bench.unplug(key));
    let seen = named(&mut scene, vec![nothing, unplugs]);
    assert!(!is_verified(&seen.attempt));
    assert_eq!(seen.attempt.pin_failed, [scene.passkeys[0].id.clone()]);
}

/// A device that comes and goes many times a second.
#[test]
fn a_storm_of_plugging_does_not_bury_the_person_in_words() {
    let mut scene = Scene::new();
    let key = scene.add(honest("honest"));
    scene.enrol(key, Some("1234"));
    scene.bench().unplug(key);
    scene.settings.policy.wait_for_key = seconds(30);
    let (storm, _) = scene.bench().add_impostor(ImpostorConfig::new("storm"));
    let start = scene.bench().now();
    for n in 0..300 {
        scene.bench().unplug_at(storm, start + ms(50 + 100 * n));
        scene.bench().plug_at(storm, start + ms(100 + 100 * n));
    }
    scene.bench().plug_at(key, start + seconds(20));
    scene.bench().auto_touch(key, ms(300));
    let seen = named(&mut scene, Vec::new());
    assert!(is_verified(&seen.attempt), "{:?}", seen.attempt.result);
    assert!(seen.most_in_a_row < 50, "{}", seen.most_in_a_row);
    assert!(scene.person.told.len() < 25, "{} notices in 20 s", scene.person.told.len());
}

/// The same beside an honest key with a PIN.
#[test]
fn a_storm_of_plugging_holds_no_pin_up() {
    let (mut scene, key) = pin_scene();
    let (storm, _) = scene.bench().add_impostor(ImpostorConfig::new("storm"));
    let start = scene.bench().now();
    for n in 0..300 {
        scene.bench().unplug_at(storm, start + ms(20 + 40 * n));
        scene.bench().plug_at(storm, start + ms(40 + 40 * n));
    }
    scene.person.typing = ms(0);
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(key, ms(300));
    let seen = named(&mut scene, Vec::new());
    assert!(is_verified(&seen.attempt), "{:?}", seen.attempt.result);
    assert!(seen.taken < ms(1700), "{:?}", seen.taken);
    assert!(seen.waits < 2000, "{}", seen.waits);
}

#[test]
fn forty_devices_cost_nothing() {
    let (mut scene, key) = pin_scene();
    for n in 0..39 {
        let preset = ["plain", "claims-sensor", "yes-to-everything", "foreign-0x02"][n % 4];
        scene.bench().add_impostor(ImpostorConfig::preset(&format!("impostor {n}"), preset).unwrap());
    }
    scene.person.typing = ms(0);
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(key, ms(300));
    let seen = named(&mut scene, Vec::new());
    assert!(is_verified(&seen.attempt), "{:?}", seen.attempt.result);
    assert!(seen.taken < seconds(1), "{:?}", seen.taken);
    assert!(seen.most_in_a_row < 100, "{}", seen.most_in_a_row);
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn answer(&mut self) -> Answer {
        let statuses = [
            0x00, 0x02, 0x06, 0x14, 0x27, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x3a, 0x3b,
            0x3c, 0x3f, 0x7f,
        ];
        let status = statuses[usize::try_from(self.roll(19)).unwrap()];
        match self.roll(12) {
            0 => Answer::SignsNonsense,
            1 => Answer::SignsNonsenseUnnamed,
            2 => Answer::Success(Vec::new()),
            3 => Answer::Token,
            4 => Answer::Silent,
            5 => Answer::HidError([0x01, 0x05, 0x06, 0x0b, 0x7f][usize::try_from(self.roll(5)).unwrap()]),
            6 => Answer::on_touch(Answer::Status(status)),
            7 => Answer::on_touch(Answer::SignsNonsense),
            8 => Answer::status_after(ms(self.roll(8000)), Keepalive::UpNeeded, status),
            9 => Answer::status_after(ms(self.roll(8000)), Keepalive::Processing, status),
            _ => Answer::Status(status),
        }
    }

    fn impostor(&mut self) -> ImpostorConfig {
        let mut options = vec!["up"];
        for option in ["rk", "clientPin", "uv", "pinUvAuthToken", "alwaysUv"] {
            if self.roll(2) == 0 {
                options.push(option);
            }
        }
        let aaguid = [[0; 16], MODEL, [0x55; 16]][usize::try_from(self.roll(3)).unwrap()];
        let mut info = claims(aaguid, &options);
        if self.roll(3) == 0 {
            info = info.versions(&["FIDO_2_0"]);
        }
        let mut config = ImpostorConfig::new("impostor").info(info);
        config.capabilities = [0x04, 0x04, 0x0c, 0x00][usize::try_from(self.roll(4)).unwrap()];
        for asked in [
            Asked::SilentAssertion,
            Asked::Assertion,
            Asked::Selection,
            Asked::KeyAgreement,
            Asked::PinToken,
            Asked::UvToken,
            Asked::PinRetries,
            Asked::U2fCheck,
            Asked::U2fSign,
        ] {
            if self.roll(3) > 0 {
                let answer = self.answer();
                config = config.answer(asked, answer);
            }
        }
        config
    }
}

fn never_got_a_secret(record: &Record, context: &str) {
    assert_eq!(record.count(Asked::PinToken), 0, "{context}: a PIN");
    assert_eq!(record.count(Asked::UvToken), 0, "{context}: a finger");
}

/// Any device, plugged in at any moment of an honest sign-in with a PIN, where the honest key is on record as answering.
#[test]
fn whatever_is_plugged_in_at_any_moment_the_honest_pin_signs_in() {
    for seed in 0..400 {
        let mut dice = Dice(seed * 7919 + 1);
        let (mut scene, key) = pin_scene();
        assert_eq!(scene.passkeys[0].answers_silently, Some(true));
        let config = dice.impostor();
        let context = format!("{seed}: {config:?}");
        let (impostor, record) = scene.bench().add_impostor(config);
        let at = scene.bench().now() + ms(dice.roll(1200));
        if dice.roll(3) > 0 {
            scene.bench().unplug(impostor);
            scene.bench().plug_at(impostor, at);
            if dice.roll(2) == 0 {
                scene.bench().unplug_at(impostor, at + ms(dice.roll(1000)));
            }
        }
        scene.person.typing = ms(500);
        scene.person.answers.push_back(pin("1234"));
        scene.bench().auto_touch(key, ms(300));
        let seen = named(&mut scene, Vec::new());
        never_got_a_secret(&record, &context);
        assert!(is_verified(&seen.attempt), "{context}: {:?}", seen.attempt.result);
        assert_eq!(seen.questions.len(), 1, "{context}: {:?}", seen.questions);
        assert_eq!(seen.questions[0].device, "honest", "{context}");
        assert!(seen.taken < ms(2300), "{context}: {:?}", seen.taken);
        assert!(seen.most_in_a_row < 60, "{context}: {}", seen.most_in_a_row);
        assert_eq!(scene.bench().pin_retries(key), 8);
    }
}

/// The same where a touch is enough.
#[test]
fn whatever_is_plugged_in_at_any_moment_the_honest_touch_signs_in() {
    for seed in 0..400 {
        let mut dice = Dice(seed * 104_729 + 5);
        let mut scene = Scene::new();
        let key = scene.add(honest("honest"));
        scene.enrol(key, Some("1234"));
        let config = dice.impostor();
        let context = format!("{seed}: {config:?}");
        let (impostor, record) = scene.bench().add_impostor(config);
        if dice.roll(3) > 0 {
            scene.bench().unplug(impostor);
            let at = scene.bench().now() + ms(dice.roll(900));
            scene.bench().plug_at(impostor, at);
        }
        scene.bench().touch_after(impostor, ms(200));
        scene.bench().auto_touch(key, ms(700));
        let seen = named(&mut scene, Vec::new());
        never_got_a_secret(&record, &context);
        assert!(is_verified(&seen.attempt), "{context}: {:?}", seen.attempt.result);
        assert!(seen.questions.is_empty(), "{context}");
        assert!(seen.taken < ms(1100), "{context}: {:?}", seen.taken);
        assert!(seen.most_in_a_row < 60, "{context}: {}", seen.most_in_a_row);
    }
}

/// Alone, it never gets a secret, and the ceremony ends in time.
#[test]
fn alone_whatever_it_is_ends_in_time() {
    for seed in 0..400 {
        let mut dice = Dice(seed * 15_485_863 + 3);
        let (mut scene, key) = pin_scene();
        scene.bench().unplug(key);
        scene.settings.policy.timeout = seconds(10);
        scene.settings.policy.wait_for_key = seconds(dice.roll(2) * 7);
        scene.settings.policy.verification =
            [UserVerification::Required, UserVerification::Discouraged, UserVerification::Preferred]
                [usize::try_from(dice.roll(3)).unwrap()];
        let config = dice.impostor();
        let context = format!("{seed}: {config:?}");
        let (impostor, record) = scene.bench().add_impostor(config);
        if dice.roll(2) == 0 {
            scene.bench().touch_after(impostor, ms(200));
        }
        let limit = scene.settings.policy.timeout + scene.settings.policy.wait_for_key;
        let seen = named(&mut scene, Vec::new());
        never_got_a_secret(&record, &context);
        assert!(!is_verified(&seen.attempt), "{context}");
        assert!(seen.questions.is_empty(), "{context}");
        assert!(seen.taken <= limit, "{context}: {:?}", seen.taken);
        assert!(seen.most_in_a_row < 60, "{context}: {}", seen.most_in_a_row);
        assert!(seen.waits < 4000, "{context}: {}", seen.waits);
    }
}

/// A key with a sensor and one with a PIN: either can be used, and no try is lost on the other one.
#[test]
fn a_sensor_beside_a_pin_key_is_used_and_no_pin_is_lost() {
    for touched in [0, 1] {
        let mut scene = Scene::new();
        let sensor = scene.add(KeyConfig { fingerprints: Fingerprints::Enrolled, ..honest("sensor") });
        let other = scene.add(KeyConfig::new("other").pin("5678"));
        scene.bench().auto_touch(sensor, ms(1));
        scene.enrol(sensor, None);
        scene.enrol(other, Some("5678"));
        scene.bench().unplug(other);
        let start = scene.bench().now();
        scene.bench().plug_at(other, start + ms(1));
        scene.settings.policy.verification = UserVerification::Required;
        let keys = [sensor, other];
        scene.person.answers.push_back(pin(["1234", "5678"][touched]));
        scene.bench().auto_touch(keys[touched], ms(900));
        let seen = named(&mut scene, Vec::new());
        assert!(is_verified(&seen.attempt), "{touched}: {:?} {:?}", seen.attempt.result, seen.questions);
        for key in keys {
            assert_eq!(scene.bench().pin_retries(key), 8);
        }
    }
}

/// credProtect level 3 is on record by itself; but "no model" is no model, and a key that does answer is on record as that.
#[test]
fn level_3_alone_does_not_speak_for_a_device() {
    let mut given = Vec::new();
    for (what, aaguid, answers_silently) in
        [("no model", [0; 16], None), ("a key that answers", MODEL, Some(true))]
    {
        let mut scene = Scene::new();
        let key = scene.add(KeyConfig { aaguid, ..KeyConfig::new("honest").pin("1234") });
        scene.enrol(key, Some("1234"));
        scene.bench().unplug(key);
        scene.passkeys[0].cred_protect = Some(3);
        scene.passkeys[0].answers_silently = answers_silently;
        scene.settings.policy.verification = UserVerification::Required;
        let impostor =
            self_selecting("impostor", aaguid).answer(Asked::SilentAssertion, Answer::Status(0x2e));
        let (_, record) = scene.bench().add_impostor(impostor);
        scene.person.answers.push_back(pin("1234"));
        named(&mut scene, Vec::new());
        given.push((what, record.count(Asked::PinToken)));
    }
    assert_eq!(given, [("no model", 0), ("a key that answers", 0)]);
}

/// A key without authenticatorSelection beside one that has it, both with a PIN, and a neighbour that never ends anything.
#[test]
fn an_older_pin_key_can_be_chosen_beside_a_device_that_never_ends() {
    let mut scene = Scene::new();
    let old = scene.add(KeyConfig { profile: Profile::Ctap20, ..honest("old") });
    scene.enrol(old, Some("1234"));
    scene.settings.policy.verification = UserVerification::Required;
    let forever = Answer::status_after(seconds(100), Keepalive::Processing, 0x27);
    let impostor = ImpostorConfig::new("impostor")
        .info(claims(MODEL, &["rk", "up", "clientPin", "pinUvAuthToken"]))
        .answer(Asked::SilentAssertion, forever);
    scene.bench().add_impostor(impostor);
    scene.bench().auto_touch(old, ms(500));
    scene.person.answers.push_back(pin("1234"));
    let seen = named(&mut scene, Vec::new());
    assert!(is_verified(&seen.attempt), "{:?}", seen.attempt.result);
    assert!(seen.taken < seconds(5), "{:?}", seen.taken);
}

/// Doubled replies cost nothing: every reply of the honest key is followed by itself.
#[test]
fn doubled_and_late_replies_cost_nothing() {
    for delay in [0, 1, 5, 50, 400] {
        let (mut scene, key) = pin_scene();
        scene.bench().tamper(key, move |_, report: Report| {
            let is_keepalive = report[4] == 0xbb;
            let mut reports = vec![(Duration::ZERO, report)];
            if !is_keepalive && report[5..7] == [0, 1] {
                reports.push((ms(delay), report));
            }
            reports
        });
        scene.person.answers.extend([pin("1234"), pin("1234")]);
        scene.bench().auto_touch(key, ms(700));
        let seen = named(&mut scene, Vec::new());
        assert!(seen.questions.len() <= 1, "{delay}");
        assert!(is_verified(&seen.attempt), "{delay}: {:?}", seen.attempt.result);
    }
}

/// An early key that takes long over the search, and a neighbour that blinks at once: what is told is not a lie.
#[test]
fn the_person_is_not_told_to_touch_while_only_an_unproven_device_blinks() {
    let (mut scene, key) = pin_scene();
    scene.bench().unplug(key);
    let slow = scene.add(KeyConfig {
        quirks: Quirks {
            computing_time: vec![(Some(Asked::SilentAssertion), seconds(2))],
            ..Quirks::default()
        },
        ..honest("slow")
    });
    scene.enrol(slow, Some("1234"));
    scene.bench().unplug(key);
    let impostor = ImpostorConfig::new("impostor")
        .answer(Asked::SilentAssertion, Answer::status_after(seconds(60), Keepalive::UpNeeded, 0x2e));
    scene.bench().add_impostor(impostor);
    scene.person.answers.push_back(pin("1234"));
    scene.bench().auto_touch(slow, ms(500));
    let seen = named(&mut scene, Vec::new());
    assert!(is_verified(&seen.attempt), "{:?}", seen.attempt.result);
    // At the end, for the key that was meant.
    assert_eq!(scene.person.told, [Notice::TouchKey]);
}
