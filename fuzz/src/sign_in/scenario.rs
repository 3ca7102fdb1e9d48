//! What the input stands for: each choice is a byte, text a byte of its length and its bytes. An input that ends early chooses zero.

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use virtual_key::{Asked, Corruption, Misbehaviour, PRESETS};

/// The most of each: arguments, answers, edits, devices.
const MOST: u8 = 5;
/// The most edits of what one device says.
const MOST_REPORTS: u8 = 8;

/// One sign-in.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// `PAM_SERVICE`
    pub service: &'static str,
    /// `PAM_USER`
    pub user: Option<&'static str>,
    /// `PAM_RHOST`
    pub rhost: Option<&'static str>,
    /// `PAM_TTY`
    pub tty: Option<&'static str>,
    /// When the person gives up.
    pub patience: Patience,
    /// What stands behind the module.
    pub arguments: Vec<Argument>,
    /// What is answered to one prompt after the other; nothing to those that are left.
    pub answers: Vec<Answer>,
    /// Changes of files.
    pub edits: Vec<FileEdit>,
    /// What is plugged in.
    pub devices: Vec<Device>,
}

/// How long after the last thing happened the person presses Ctrl-C.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// Once nothing has happened for so many milliseconds.
    Milliseconds(u64),
    /// Never: the module ends by itself.
    #[default]
    Endless,
}

/// An argument of the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// One of [`ARGUMENTS`].
    Known(&'static str),
    /// Any bytes that fit on a line.
    Raw(Vec<u8>),
}

/// Arguments, and values of them, that the module knows.
pub const ARGUMENTS: [&str; 24] = [
    "mode=second-factor",
    "mode=passwordless",
    "usernameless",
    "verification=required",
    "verification=preferred",
    "verification=discouraged",
    "timeout=1",
    "timeout=2",
    "wait_for_key=0",
    "wait_for_key=1",
    "unenrolled=ignore",
    "unenrolled=deny",
    "remote=allow",
    "counter=deny",
    "counter=warn",
    "recovery=allow",
    "keyring=open",
    "pin_attempts=1",
    "pin_attempts=8",
    "host=gdm",
    "host=sddm",
    "host=gdm-switchable-auth",
    "quiet",
    "debug",
];

const SERVICES: [&str; 8] =
    ["sudo", "login", "gdm-password", "gdm-switchable-auth", "sddm", "lightdm", "polkit-1", "sshd"];
const USERS: [Option<&str>; 6] =
    [Some("alice"), Some("bob"), Some("carol"), Some("no-such-user"), None, Some("ALICE")];
const PATIENCE: [Patience; 5] = [
    Patience::Milliseconds(80),
    Patience::Milliseconds(20),
    Patience::Milliseconds(300),
    Patience::Milliseconds(700),
    Patience::Endless,
];

/// What is answered to a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The PIN of the fixture's keys.
    Pin,
    /// Another one.
    WrongPin,
    /// An empty line.
    Empty,
    /// `PAM_SUCCESS` without a text.
    Null,
    /// `PAM_CONV_ERR`
    Failure,
    /// This.
    Text(Vec<u8>),
}

/// A change of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEdit {
    /// Which of [`super::machine::FILES`].
    pub file: u8,
    /// Where.
    pub at: u16,
    /// How many bytes go.
    pub deleted: u8,
    /// What comes in their place.
    pub inserted: Vec<u8>,
}

/// What sits at a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What it is.
    pub kind: Kind,
    /// When it is touched.
    pub touch: TouchTime,
    /// What becomes of its reports on their way to the host.
    pub edits: Vec<ReportEdit>,
}

/// When a device is touched that asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TouchTime {
    /// By a person.
    Soon,
    /// Faster than a person can.
    AtOnce,
    /// Not at all.
    Never,
}

/// What a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A key of the fixture, by its number.
    Honest(u8),
    /// A key of the fixture that misbehaves.
    Misbehaving(u8, Option<Asked>, Misbehaviour),
    /// A key of the fixture that signs what is wrong.
    Corrupt(u8, Corruption),
    /// A key that was never enrolled, with a PIN.
    Foreign,
    /// One of [`PRESETS`].
    Impostor(&'static str),
    /// It answers with these bytes to requests of these kinds (`None`: to all but INIT and getInfo).
    Claiming(Vec<(Option<Asked>, Vec<u8>)>),
    /// It sends these reports, one for each that it gets.
    Raw(Vec<Vec<u8>>),
}

/// A change of one report of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportEdit {
    /// Which report.
    pub nth: u8,
    /// What happens to it.
    pub how: How,
}

/// What happens to a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// These bytes from this place on.
    Overwritten(u8, Vec<u8>),
    /// This bit of this byte is another one.
    Flipped(u8, u8),
    /// It gets lost.
    Lost,
    /// It comes twice.
    Twice,
    /// It comes after the next one.
    Late,
    /// It is cut to this length.
    Cut(u8),
}

impl Scenario {
    /// What the input stands for.
    pub fn of(data: &[u8]) -> Self {
        // There are no bytes that stand for nothing.
        let mut scenario = Self::read(&mut Unstructured::new(data)).unwrap_or_default();
        if scenario.patience == Patience::Endless {
            scenario.end_soon();
        }
        scenario
    }

    /// Where nobody presses Ctrl-C, the module is not to wait for long.
    fn end_soon(&mut self) {
        let is_known = |argument: &Argument| matches!(argument, Argument::Known(_));
        if !self.arguments.iter().all(is_known) || !self.has_files_of_fixture() {
            self.patience = Patience::Milliseconds(700);
            return;
        }
        for (key, argument) in [("timeout", "timeout=1"), ("wait_for_key", "wait_for_key=0")] {
            let is_set = |given: &Argument| matches!(given, Argument::Known(known) if known.starts_with(key));
            if !self.arguments.iter().any(is_set) {
                self.arguments.push(Argument::Known(argument));
            }
        }
    }

    /// The line of the service file.
    pub fn line(&self, module: &str) -> Vec<u8> {
        let mut line = format!("auth required {module}").into_bytes();
        for argument in &self.arguments {
            line.push(b' ');
            match argument {
                Argument::Known(known) => line.extend_from_slice(known.as_bytes()),
                // Blanks, brackets, line ends and comments are libpam's, not the module's.
                Argument::Raw(raw) => {
                    line.extend(raw.iter().filter(|byte| !b" \t\r\n[]\\#\0".contains(byte)))
                }
            }
        }
        line.push(b'\n');
        line
    }

    fn read(input: &mut Unstructured<'_>) -> Result<Self> {
        let service = one_of(input, &SERVICES)?;
        let user = one_of(input, &USERS)?;
        let patience = one_of(input, &PATIENCE)?;
        let rhost = one_of(input, &[None, None, None, Some("192.0.2.1"), Some("localhost"), Some("")])?;
        let tty = one_of(input, &[None, None, Some("/dev/tty1"), Some(":0"), Some("ssh")])?;
        Ok(Self {
            service,
            user,
            rhost,
            tty,
            patience,
            arguments: several(input, MOST, argument)?,
            answers: several(input, MOST, answer)?,
            edits: several(input, MOST, file_edit)?,
            devices: several(input, MOST, device)?,
        })
    }

    /// Whether the files are as the fixture has them.
    pub fn has_files_of_fixture(&self) -> bool {
        self.edits.is_empty()
    }

    /// Whether this one of [`ARGUMENTS`] is given.
    pub fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|given| matches!(given, Argument::Known(known) if *known == argument))
    }
}

fn byte(input: &mut Unstructured<'_>) -> Result<u8> {
    input.arbitrary()
}

fn one_of<T: Copy>(input: &mut Unstructured<'_>, choices: &[T]) -> Result<T> {
    let index = usize::from(byte(input)?).checked_rem(choices.len()).unwrap_or_default();
    choices.get(index).copied().ok_or(libfuzzer_sys::arbitrary::Error::EmptyChoose)
}

fn several<T>(
    input: &mut Unstructured<'_>,
    most: u8,
    mut one: impl FnMut(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = byte(input)? % most.saturating_add(1);
    (0..count).map(|_| one(input)).collect()
}

fn bytes(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let len = usize::from(byte(input)?).min(input.len());
    Ok(input.bytes(len)?.to_vec())
}

fn argument(input: &mut Unstructured<'_>) -> Result<Argument> {
    Ok(match ARGUMENTS.get(usize::from(byte(input)?)) {
        Some(known) => Argument::Known(known),
        None => Argument::Raw(bytes(input)?),
    })
}

fn answer(input: &mut Unstructured<'_>) -> Result<Answer> {
    Ok(match byte(input)? % 6 {
        0 => Answer::Pin,
        1 => Answer::WrongPin,
        2 => Answer::Empty,
        3 => Answer::Null,
        4 => Answer::Failure,
        _ => Answer::Text(bytes(input)?),
    })
}

fn file_edit(input: &mut Unstructured<'_>) -> Result<FileEdit> {
    let (file, high, low, deleted) = (byte(input)?, byte(input)?, byte(input)?, byte(input)?);
    Ok(FileEdit { file, at: u16::from_be_bytes([high, low]), deleted, inserted: bytes(input)? })
}

fn device(input: &mut Unstructured<'_>) -> Result<Device> {
    let kind = match byte(input)? % 7 {
        0 => Kind::Honest(byte(input)?),
        1 => {
            let (key, asked) = (byte(input)?, asked(input)?);
            Kind::Misbehaving(key, asked, one_of(input, &Misbehaviour::NAMED)?.1)
        }
        2 => Kind::Corrupt(byte(input)?, one_of(input, &Corruption::NAMED)?.1),
        3 => Kind::Foreign,
        4 => Kind::Impostor(one_of(input, &PRESETS)?),
        5 => Kind::Claiming(several(input, MOST_REPORTS, |input| Ok((asked(input)?, bytes(input)?)))?),
        _ => Kind::Raw(several(input, MOST_REPORTS, bytes)?),
    };
    let touch = one_of(input, &[TouchTime::Soon, TouchTime::AtOnce, TouchTime::Never])?;
    Ok(Device { kind, touch, edits: several(input, MOST_REPORTS, report_edit)? })
}

fn asked(input: &mut Unstructured<'_>) -> Result<Option<Asked>> {
    Ok(Asked::NAMED.get(usize::from(byte(input)?)).map(|(_, asked)| *asked))
}

fn report_edit(input: &mut Unstructured<'_>) -> Result<ReportEdit> {
    let nth = byte(input)?;
    let how = match byte(input)? % 6 {
        0 => How::Overwritten(byte(input)?, bytes(input)?),
        1 => How::Flipped(byte(input)?, byte(input)? % 8),
        2 => How::Lost,
        3 => How::Twice,
        4 => How::Late,
        _ => How::Cut(byte(input)?),
    };
    Ok(ReportEdit { nth, how })
}
