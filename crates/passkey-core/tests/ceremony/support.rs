//! A bench with keys, a person with a finger and a memory, and passkeys enrolled through the real enrolment ceremony.

use super::wire::Wire;
use ctap::Secret;
use ctap::cose::Algorithm;
use ctap::hid::Report;
use ctap::show::Shown;
use jiff::Timestamp;
use passkey_core::account::{Account, PasswdEntry};
use passkey_core::ceremony::{
    self, AccountAnswer, Attachment, Attempt, Authenticator, EnrolError, Enrolled, EnrolledUser, Enrolment,
    Invitation, Invited, KeyId, ListError, NoRandomness, Notice, OpenError, Passkey, PinAnswer, PinPrompt,
    PinReason, Platform, PluggedKey, Prompter, SignIn, TransferError, UserHandleLookup, Wake, Wanted,
};
use passkey_core::config::{Config, Policy, UserVerification};
use passkey_core::credential::{Credential, UserHandle};
use passkey_core::store::{CredentialFile, State};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use virtual_key::{Bench, KeyConfig, PortError};

pub(crate) use virtual_key::KeyId as Key;

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The platform of the ceremony: the bench, with a few things that only a host has.
pub(crate) struct BenchPlatform {
    pub bench: Rc<RefCell<Bench>>,
    random: u64,
    /// Keys that another program has locked.
    pub locked_elsewhere: BTreeSet<usize>,
    /// A key that another program has locked, and until when.
    pub locked_elsewhere_until: Option<(usize, Duration)>,
    /// A key that another program has locked, and since when.
    pub locked_elsewhere_from: Option<(usize, Duration)>,
    /// No key can be opened, for this reason.
    pub unopenable: Option<OpenError>,
    /// Keys cannot be listed meanwhile, for this reason.
    pub unlistable: Option<(ListError, Range<Duration>)>,
    /// Keys that are services of the machine.
    pub services: BTreeSet<usize>,
    /// Whether the reports of all keys go through sockets; those of services do in any case.
    pub over_sockets: bool,
    wires: BTreeMap<u64, Wire>,
    /// It is another program's view of the bench: what it closes stays open for the others.
    pub is_another_program: bool,
    pub locks: BTreeSet<u64>,
    pub open: BTreeSet<u64>,
    /// When the person presses Ctrl-C.
    pub interrupt_at: Option<Duration>,
    seen_plug_changes: usize,
}

/// More than any key is plugged in.
const PLUGGINGS: u64 = 1 << 32;

/// A plugging of a key is a key of its own to the ceremony.
fn world_id(key: Key, plugging: u32) -> KeyId {
    KeyId(u64::try_from(key.0).unwrap() * PLUGGINGS + u64::from(plugging))
}

fn transfer_error(error: PortError) -> TransferError {
    match error {
        PortError::Stalled => TransferError::Failed,
        PortError::Unplugged | PortError::NotOpen => TransferError::Gone,
    }
}

impl BenchPlatform {
    pub(crate) fn new(bench: Rc<RefCell<Bench>>) -> Self {
        Self {
            bench,
            random: 1,
            locked_elsewhere: BTreeSet::new(),
            locked_elsewhere_until: None,
            locked_elsewhere_from: None,
            unopenable: None,
            unlistable: None,
            services: BTreeSet::new(),
            over_sockets: false,
            wires: BTreeMap::new(),
            is_another_program: false,
            locks: BTreeSet::new(),
            open: BTreeSet::new(),
            interrupt_at: None,
            seen_plug_changes: 0,
        }
    }

    fn key(&self, id: KeyId) -> Result<Key, TransferError> {
        let key = Key(usize::try_from(id.0 / PLUGGINGS).unwrap());
        let plugging = self.bench.borrow().plugging(key);
        if plugging.map(u64::from) == Some(id.0 % PLUGGINGS) { Ok(key) } else { Err(TransferError::Gone) }
    }
}

impl Platform for BenchPlatform {
    fn now(&self) -> Duration {
        self.bench.borrow().now()
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        // Different every time and the same in every run: the bench's keys are deterministic too.
        for byte in bytes {
            self.random =
                self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.random.to_be_bytes()[0];
        }
        Ok(())
    }

    fn plugged(&mut self) -> Result<Vec<PluggedKey>, ListError> {
        let bench = self.bench.borrow();
        if let Some((error, times)) = &self.unlistable
            && times.contains(&bench.now())
        {
            return Err(*error);
        }
        let plugged = bench.plugged();
        let plugged = plugged
            .into_iter()
            .map(|key| PluggedKey {
                id: world_id(key, bench.plugging(key).unwrap()),
                name: bench.name(key).to_owned(),
                path: PathBuf::from(format!("/dev/hidraw{}", key.0)),
                vendor_id: 0x1209,
                product_id: 1,
                attachment: if self.services.contains(&key.0) {
                    Attachment::Service
                } else {
                    Attachment::Plugged
                },
            })
            .collect();
        Ok(plugged)
    }

    fn open(&mut self, id: KeyId) -> Result<(), OpenError> {
        let key = self.key(id).map_err(|_| OpenError::Gone)?;
        if let Some(error) = self.unopenable {
            return Err(error);
        }
        self.bench.borrow_mut().open(key).map_err(|_| OpenError::Failed)?;
        if self.over_sockets || self.services.contains(&key.0) {
            self.wires.insert(id.0, Wire::open());
        }
        self.open.insert(id.0);
        Ok(())
    }

    fn close(&mut self, id: KeyId) {
        self.locks.remove(&id.0);
        self.wires.remove(&id.0);
        if self.open.remove(&id.0) && !self.is_another_program {
            let key = Key(usize::try_from(id.0 / PLUGGINGS).unwrap());
            self.bench.borrow_mut().close(key);
        }
    }

    fn try_lock(&mut self, id: KeyId) -> bool {
        let key = usize::try_from(id.0 / PLUGGINGS).unwrap();
        let for_a_while =
            self.locked_elsewhere_until.is_some_and(|(locked, until)| locked == key && self.now() < until);
        let by_now =
            self.locked_elsewhere_from.is_some_and(|(locked, from)| locked == key && self.now() >= from);
        if for_a_while || by_now || self.locked_elsewhere.contains(&key) {
            return false;
        }
        self.locks.insert(id.0);
        true
    }

    fn unlock(&mut self, id: KeyId) {
        self.locks.remove(&id.0);
    }

    fn read(&mut self, id: KeyId) -> Result<Option<Report>, TransferError> {
        let key = self.key(id)?;
        match self.wires.get_mut(&id.0) {
            Some(wire) => wire.read(&mut self.bench.borrow_mut(), key),
            None => self.bench.borrow_mut().read(key).map_err(transfer_error),
        }
    }

    fn write(&mut self, id: KeyId, report: &Report) -> Result<bool, TransferError> {
        let key = self.key(id)?;
        assert!(
            self.locks.contains(&id.0) || report[4] == 0x91,
            "nothing but CANCEL is sent without the lock"
        );
        match self.wires.get_mut(&id.0) {
            Some(wire) => wire.write(&mut self.bench.borrow_mut(), key, report),
            None => self.bench.borrow_mut().write(key, report).map(|()| true).map_err(transfer_error),
        }
    }

    fn wait(&mut self, until: Duration, _readers: &[KeyId], _writers: &[KeyId]) -> Wake {
        let mut bench = self.bench.borrow_mut();
        let until = self.interrupt_at.map_or(until, |at| at.min(until));
        if !self.wires.values().any(Wire::is_readable) {
            bench.wait(until);
        }
        let changes = bench.plug_changes();
        let plugging = std::mem::replace(&mut self.seen_plug_changes, changes) != changes;
        Wake { plugging, interrupted: self.interrupt_at.is_some_and(|at| bench.now() >= at) }
    }
}

/// Something that happens on the bench.
pub(crate) type Happening = Box<dyn FnOnce(&Rc<RefCell<Bench>>)>;
/// Whether a notice is the one after which it happens.
pub(crate) type IsAwaited = fn(&Notice) -> bool;

/// The person: what they were told, what they will type, and what they do when told to touch.
pub(crate) struct Somebody {
    bench: Rc<RefCell<Bench>>,
    pub told: Vec<Notice>,
    /// Whether a picture can be shown, and what was shown.
    pub can_show: bool,
    pub pictures: Vec<Shown>,
    /// The numbers of the questions.
    pub numbers: Vec<u8>,
    /// The questions, with the tries left that they named.
    pub asked: Vec<(PinReason, Option<u8>)>,
    pub answers: VecDeque<PinAnswer>,
    /// The keys that blinked while the person typed; there should be none.
    pub lit: Vec<Vec<Key>>,
    /// How many transactions the keys had counted at each question.
    pub counted: Vec<u64>,
    /// What each question called the key.
    pub shown: Vec<Option<String>>,
    /// What each question was about.
    pub authenticators: Vec<Authenticator>,
    /// How long typing takes.
    pub typing: Duration,
    /// What happens once the next questions stand, before the person types.
    pub at_questions: VecDeque<Happening>,
    /// What happens once the person is told something, in this order.
    pub at_notices: VecDeque<(IsAwaited, Happening)>,
    /// What the person touches once they are told to, and how much later.
    pub touches: VecDeque<(Key, Duration)>,
    /// Accounts that were offered, and the one that is chosen.
    pub offered: Vec<Vec<String>>,
    pub account: AccountAnswer,
    /// What is answered to an invitation; with none, the host does not begin with one.
    pub invited: Option<Invited>,
    pub invitations: Vec<Invitation>,
}

impl Somebody {
    pub(crate) fn new(bench: Rc<RefCell<Bench>>) -> Self {
        Self {
            bench,
            told: Vec::new(),
            can_show: true,
            pictures: Vec::new(),
            numbers: Vec::new(),
            asked: Vec::new(),
            answers: VecDeque::new(),
            lit: Vec::new(),
            counted: Vec::new(),
            shown: Vec::new(),
            authenticators: Vec::new(),
            typing: seconds(2),
            at_questions: VecDeque::new(),
            at_notices: VecDeque::new(),
            touches: VecDeque::new(),
            offered: Vec::new(),
            account: AccountAnswer::None,
            invited: None,
            invitations: Vec::new(),
        }
    }

    /// Lets this happen once the person is told such a thing.
    pub(crate) fn once_told(
        &mut self,
        is_awaited: IsAwaited,
        happening: impl FnOnce(&Rc<RefCell<Bench>>) + 'static,
    ) {
        self.at_notices.push_back((is_awaited, Box::new(happening)));
    }

    /// Lets this happen at the next question for a PIN for which nothing else is planned.
    pub(crate) fn once_asked(&mut self, happening: impl FnOnce(&Rc<RefCell<Bench>>) + 'static) {
        self.at_questions.push_back(Box::new(happening));
    }
}

impl Prompter for Somebody {
    fn tell(&mut self, notice: &Notice) {
        self.told.push(notice.clone());
        if self.at_notices.front().is_some_and(|(is_awaited, _)| is_awaited(notice))
            && let Some((_, happening)) = self.at_notices.pop_front()
        {
            happening(&self.bench);
        }
        if let (
            Notice::TouchKey | Notice::TouchToChoose | Notice::TouchOrWait | Notice::TouchOrFingerprint,
            Some((key, delay)),
        ) = (notice, self.touches.front().copied())
        {
            self.touches.pop_front();
            let mut bench = self.bench.borrow_mut();
            let at = bench.now() + delay;
            bench.touch_at(key, at);
        }
    }

    fn ask_pin(&mut self, prompt: &PinPrompt<'_>) -> PinAnswer {
        self.numbers.push(prompt.question);
        self.asked.push((prompt.reason, prompt.retries_left));
        self.shown.push(prompt.shown_name.map(str::to_owned));
        self.authenticators.push(prompt.authenticator);
        let bench = self.bench.borrow();
        self.counted.push(bench.plugged().into_iter().map(|key| bench.counts(key).transactions).sum());
        self.lit.push(bench.plugged().into_iter().filter(|key| bench.blinking(*key)).collect());
        drop(bench);
        if let Some(happening) = self.at_questions.pop_front() {
            happening(&self.bench);
        }
        let typing = self.typing;
        self.bench.borrow_mut().advance(typing);
        self.answers.pop_front().unwrap_or(PinAnswer::Empty)
    }

    fn can_show(&self) -> bool {
        self.can_show
    }

    fn show(&mut self, shown: &Shown) {
        self.pictures.push(shown.clone());
    }

    fn begins_with_invitation(&self) -> bool {
        self.invited.is_some()
    }

    fn invite(&mut self, invitation: Invitation) -> Invited {
        self.invitations.push(invitation);
        let bench = self.bench.borrow();
        self.lit.push(bench.plugged().into_iter().filter(|key| bench.blinking(*key)).collect());
        drop(bench);
        let typing = self.typing;
        self.bench.borrow_mut().advance(typing);
        self.invited.unwrap()
    }

    fn choose_account(&mut self, accounts: &[String]) -> AccountAnswer {
        self.offered.push(accounts.to_vec());
        let typing = self.typing;
        self.bench.borrow_mut().advance(typing);
        self.account
    }
}

pub(crate) fn pin(text: &str) -> PinAnswer {
    PinAnswer::Pin(Secret::new(text.as_bytes().to_vec()))
}

/// A bench, its person, and the passkeys enrolled so far.
pub(crate) struct Scene {
    pub platform: BenchPlatform,
    pub person: Somebody,
    pub passkeys: Vec<Credential>,
    pub user_handle: UserHandle,
    pub settings: Settings,
    /// When the last sign-in ended.
    pub ended_at: Duration,
}

/// What differs from one sign-in to the next.
pub(crate) struct Settings {
    pub(crate) policy: Policy,
    pub(crate) forbidden_pin: Option<Secret>,
    pub(crate) takes_recovery_code: bool,
    pub(crate) sign_count: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        let built_in = Config::default().policy("bench", &passkey_core::config::Settings::default());
        // A test that waits for a key says so.
        let policy = Policy { wait_for_key: Duration::ZERO, ..built_in };
        Self { policy, forbidden_pin: None, takes_recovery_code: false, sign_count: None }
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        let bench = Rc::new(RefCell::new(Bench::new()));
        Self {
            platform: BenchPlatform::new(Rc::clone(&bench)),
            person: Somebody::new(bench),
            passkeys: Vec::new(),
            user_handle: UserHandle::new(vec![7; 32]).unwrap(),
            settings: Settings::default(),
            ended_at: Duration::ZERO,
        }
    }

    pub(crate) fn bench(&self) -> std::cell::RefMut<'_, Bench> {
        self.platform.bench.borrow_mut()
    }

    pub(crate) fn add(&mut self, config: KeyConfig) -> Key {
        self.bench().add(config)
    }

    /// Enrols with the first answer typed as the PIN, where one is asked for, and the key touched after half a second.
    pub(crate) fn enrol_with(&mut self, key: Key, enrolment: Enrolment<'_>) -> Result<Enrolled, EnrolError> {
        self.bench().touch_after(key, ms(500));
        let result = ceremony::enrol(&mut self.platform, &mut self.person, &enrolment);
        self.bench().never(key);
        result
    }

    pub(crate) fn enrolment<'a>(
        name: &'a str,
        handle: &'a UserHandle,
        existing: &'a [&'a Credential],
    ) -> Enrolment<'a> {
        Enrolment {
            rp_id: "desk.example",
            user_handle: handle,
            user_name: "alice",
            name,
            added: Timestamp::UNIX_EPOCH,
            algorithms: &[Algorithm::Es256],
            discoverable: false,
            verification: UserVerification::Discouraged,
            existing,
            device: None,
            allowed_aaguids: &[],
            enterprise_attestation: false,
            pin_attempts: 3,
            timeout: seconds(30),
        }
    }

    /// Enrols `key` alone on the bench: the others are plugged out meanwhile.
    pub(crate) fn enrol(&mut self, key: Key, pin_text: Option<&str>) -> Credential {
        let mut others = self.bench().plugged();
        others.retain(|other| *other != key);
        for other in &others {
            self.bench().unplug(*other);
        }
        self.person.answers.extend(pin_text.map(pin));
        let handle = self.user_handle.clone();
        let name = format!("passkey {}", self.passkeys.len());
        let enrolment = Self::enrolment(&name, &handle, &[]);
        let enrolled = self.enrol_with(key, enrolment).expect("enrolled");
        for other in &others {
            self.bench().plug(*other);
        }
        self.passkeys.push(enrolled.credential.clone());
        self.forget_the_past();
        enrolled.credential
    }

    /// Counts and memories start anew.
    pub(crate) fn forget_the_past(&mut self) {
        let keys = self.bench().plugged();
        for key in keys {
            self.bench().reset_counts(key);
        }
        self.person.told.clear();
        self.person.pictures.clear();
        self.person.asked.clear();
        self.person.lit.clear();
        self.person.counted.clear();
        self.person.shown.clear();
        self.person.authenticators.clear();
        self.person.answers.clear();
        self.person.touches.clear();
    }

    /// A sign-in with all passkeys. Afterwards nothing may be open or locked.
    pub(crate) fn sign_in(&mut self) -> Attempt {
        let credentials = self.passkeys.clone();
        let sign_count = self.settings.sign_count;
        let passkeys: Vec<Passkey<'_>> =
            credentials.iter().map(|credential| Passkey { credential, sign_count, salts: None }).collect();
        self.run(Wanted::Passkeys(&passkeys))
    }

    /// A sign-in of whoever the key says, among the holders of `phone_book`.
    pub(crate) fn sign_in_anyone(&mut self, phone_book: &PhoneBook) -> Attempt {
        self.run(Wanted::Anyone { rp_id: "desk.example", directory: phone_book })
    }

    pub(crate) fn run(&mut self, wanted: Wanted<'_>) -> Attempt {
        let request = SignIn {
            wanted,
            policy: &self.settings.policy,
            forbidden_pin: self.settings.forbidden_pin.as_ref(),
            takes_recovery_code: self.settings.takes_recovery_code,
        };
        let attempt = ceremony::sign_in(&mut self.platform, &mut self.person, &request);
        let now = self.bench().now();
        self.ended_at = now;
        assert!(self.platform.open.is_empty(), "every key is closed");
        assert!(self.platform.locks.is_empty(), "every lock is given back");
        // Any request still in flight has been cancelled: no key blinks on.
        let mut bench = self.bench();
        bench.advance(ms(300));
        let blinking: Vec<Key> = bench.plugged().into_iter().filter(|key| bench.blinking(*key)).collect();
        // U2F knows no way of taking a request back: those keys stop by themselves.
        assert!(blinking.iter().all(|key| bench.counts(*key).msg > 0), "no key is left blinking");
        if !blinking.is_empty() {
            bench.advance(seconds(15));
        }
        assert!(!bench.plugged().into_iter().any(|key| bench.blinking(key)), "no key goes on blinking");
        drop(bench);
        attempt
    }

    /// How long a sign-in takes on the fake clock.
    pub(crate) fn timed_sign_in(&mut self) -> (Attempt, Duration) {
        let start = self.bench().now();
        let attempt = self.sign_in();
        (attempt, self.ended_at - start)
    }
}

/// The users of the machine.
#[derive(Debug, Default)]
pub(crate) struct PhoneBook(Vec<(String, CredentialFile)>);

impl PhoneBook {
    pub(crate) fn add(&mut self, name: &str, handle: &UserHandle, credentials: &[&Credential]) {
        let mut file = CredentialFile::new(handle.clone());
        for credential in credentials {
            file.add((*credential).clone()).unwrap();
        }
        self.0.push((name.to_owned(), file));
    }
}

impl UserHandleLookup for PhoneBook {
    fn holder(&self, handle: &UserHandle) -> Option<EnrolledUser> {
        let (name, file) = self.0.iter().find(|(_, file)| file.user_handle == *handle)?;
        let home = PathBuf::from("/home");
        let account = Account::from_entry(PasswdEntry { name: name.clone(), uid: 1000, gid: 1000, home });
        Some(EnrolledUser { account, file: file.clone(), state: State::default() })
    }
}

pub(crate) fn is_verified(attempt: &Attempt) -> bool {
    attempt.result.is_ok()
}
