//! How a service's file would have to read for the service to ask for passkeys, and for it to ask no more.
//!
//! Nothing here knows the files of any distribution. A few ways of writing it down are tried, the plainest first, and the gate
//! is asked what would come of each: who comes in with what. The first that does what is meant is taken.

use passkey_core::config::Config;

use crate::pam::change::Way;
use crate::pam::parse::{
    Action, Content, Control, Facility, Include, IncludeKind, Line, Rule, ServiceFile, ServiceFiles,
    StackError,
};
use crate::pam::simulate::{self, Gate, Lack, MODULE};

/// Stands above what was put in.
const REMARK: &str =
    "# By \"passkey-enroll pam enable\"; \"passkey-enroll pam disable\" takes it out again.\n";

/// Why there is no draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoDraft {
    /// The service asks for passkeys already.
    AsksAlready,
    /// It has no lines of its own: `other` speaks for it.
    NoLines,
    /// Nothing in it asks for a password that a passkey could stand beside.
    NoPassword,
    /// It is not as it should be today.
    Broken(StackError),
    /// None of the ways does what is meant.
    Unclear,
}

/// The file's bytes with the lines that make `service` ask for passkeys. `arguments` stand behind the module's mode.
pub(crate) fn with_passkeys(
    files: &ServiceFiles,
    config: &Config,
    service: &str,
    way: Way,
    arguments: &[String],
) -> Result<Vec<u8>, NoDraft> {
    if Gate::of(files, service, config).map_err(NoDraft::Broken)?.is_some() {
        return Err(NoDraft::AsksAlready);
    }
    let stack = files.stack(service, Facility::Auth).map_err(NoDraft::Broken)?;
    if stack.is_other {
        return Err(NoDraft::NoLines);
    }
    let (_, file) = files.read(service).map_err(|error| NoDraft::Broken(StackError::NoFile(error)))?;
    let outline = Outline::of(files, &file);
    let password = outline.password().ok_or(NoDraft::NoPassword)?;
    let call = |control: &str| {
        let mut call = format!("{REMARK}auth\t{control}\t{MODULE} mode={}", way.as_str());
        for argument in arguments {
            call.extend([" ", argument]);
        }
        call + "\n"
    };
    let candidates = match way {
        Way::SecondFactor => outline.second_factor(&password, &call("required")),
        Way::Passwordless => outline.passwordless(&password, call),
    };
    let mut candidates = candidates.into_iter();
    let fits = |bytes: &Vec<u8>| {
        does_what_is_meant(&files.clone().with(service, bytes.clone()), config, service, way)
    };
    candidates.find(fits).ok_or(NoDraft::Unclear)
}

/// The file's bytes without the calls of the module. `None` where the service would not be one that lets people in.
pub(crate) fn without_passkeys(files: &ServiceFiles, service: &str) -> Option<Vec<u8>> {
    let (_, file) = files.read(service).ok()?;
    let outline = Outline::of(files, &file);
    let mut text = Vec::new();
    let mut lines = file.lines().iter().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let is_call = |line: &Line| matches!(&line.content, Content::Rule(rule) if is_ours(rule));
        // The remark goes with its line.
        let goes_with_next =
            line.bytes == REMARK.as_bytes() && lines.peek().is_some_and(|(_, next)| is_call(next));
        if is_call(line) && (outline.is_jumped_over(index) || outline.is_jumped_over(index.saturating_add(1)))
        {
            // Somebody counts on it.
            return None;
        }
        if !goes_with_next && !is_call(line) {
            text.extend_from_slice(&line.bytes);
        }
    }
    let stack = files.clone().with(service, text.clone()).stack(service, Facility::Auth).ok()?;
    (!stack.is_other && simulate::lets_in(&stack)).then_some(text)
}

/// Whether people come in at the service, had its own file these bytes.
pub(crate) fn lets_in(files: &ServiceFiles, service: &str, bytes: &[u8]) -> bool {
    let stack = files.clone().with(service, bytes.to_vec()).stack(service, Facility::Auth);
    stack.is_ok_and(|stack| !stack.is_other && simulate::lets_in(&stack))
}

/// Whether this calls the module for signing in.
fn is_ours(rule: &Rule) -> bool {
    rule.facility == Facility::Auth && rule.module_name() == MODULE
}

/// Whether the service would ask as it shall, going by these files.
fn does_what_is_meant(files: &ServiceFiles, config: &Config, service: &str, way: Way) -> bool {
    let Ok(Some(gate)) = Gate::of(files, service, config) else { return false };
    if gate.is_shut() || gate.passkeys.iter().any(|call| call.asked.is_err()) {
        return false;
    }
    match way {
        Way::SecondFactor => !gate.password_is_enough() && !gate.passkey_is_enough(),
        Way::Passwordless => {
            gate.passkey_is_enough() && gate.password_is_enough() && !gate.is_closed_to(Lack::Unenrolled)
        }
    }
}

/// The lines of a file that say something about signing in.
struct Outline<'f> {
    files: &'f ServiceFiles,
    file: &'f ServiceFile,
    entries: Vec<Entry<'f>>,
}

/// One of them.
struct Entry<'f> {
    /// Which line of the file, counted from 0.
    index: usize,
    line: &'f Line,
    /// How many modules it is for a jump: a substack counts as one.
    steps: usize,
    wants_password: bool,
}

/// The lines that ask for the password, from the first to the last of them, as places among the entries.
struct Password {
    first: usize,
    last: usize,
}

impl<'f> Outline<'f> {
    fn of(files: &'f ServiceFiles, file: &'f ServiceFile) -> Self {
        let entries = file.lines().iter().enumerate().filter_map(|(index, line)| {
            let (steps, wants_password) = match &line.content {
                Content::Rule(rule) if rule.facility == Facility::Auth => (1, simulate::is_password(rule)),
                Content::Include(include)
                    if include.facility.is_none_or(|facility| facility == Facility::Auth) =>
                {
                    let stack =
                        files.stack(&include.target, Facility::Auth).ok().filter(|stack| !stack.is_other);
                    let steps = match (include.kind, &stack) {
                        (IncludeKind::AtInclude | IncludeKind::Include, Some(stack)) => stack.steps.len(),
                        // It is about other facilities.
                        (IncludeKind::AtInclude, None) => return None,
                        (IncludeKind::Substack, _) | (IncludeKind::Include, None) => 1,
                    };
                    (steps, stack.is_some_and(|stack| stack.rules().into_iter().any(simulate::is_password)))
                }
                Content::Flawed { .. } => (1, false),
                Content::Nothing | Content::Rule(_) | Content::Include(_) => return None,
            };
            Some(Entry { index, line, steps, wants_password })
        });
        Self { files, file, entries: entries.collect() }
    }

    fn password(&self) -> Option<Password> {
        let wants = |entry: &Entry<'_>| entry.wants_password;
        Some(Password {
            first: self.entries.iter().position(wants)?,
            last: self.entries.iter().rposition(wants)?,
        })
    }

    /// Behind the password, where it is asked for in any case; before it, where knowing it ends the stack.
    fn second_factor(&self, password: &Password, call: &str) -> Vec<Vec<u8>> {
        let mut candidates = vec![self.inserted_behind(password.last, call, None)];
        // A stack of its own cannot end this one.
        if let Some(substack) = self.as_substack(password) {
            candidates.push(self.inserted_behind(password.last, call, Some(&substack)));
        }
        candidates.push(self.inserted_before(password.first, call));
        candidates.into_iter().flatten().collect()
    }

    /// Before the password. What stands behind it is reached either way.
    fn passwordless(&self, password: &Password, call: impl Fn(&str) -> String) -> Vec<Vec<u8>> {
        let is_last = password.last.saturating_add(1) == self.entries.len();
        let mut candidates = Vec::new();
        if is_last {
            candidates.push(self.inserted_before(password.first, &call("sufficient")));
        }
        if let Some(substack) = self.as_substack(password) {
            let block = call("[success=1 default=ignore]") + &substack + "auth\trequired\tpam_permit.so\n";
            candidates.push(self.replaced(password.first, &block));
        }
        // So many lines of this very file: nobody changes their number elsewhere.
        let own = self.entries.get(password.first..=password.last).unwrap_or_default();
        if own.iter().all(|entry| matches!(entry.line.content, Content::Rule(_))) {
            let steps: usize = own.iter().map(|entry| entry.steps).sum();
            candidates.push(
                self.inserted_before(password.first, &call(&format!("[success={steps} default=ignore]"))),
            );
        }
        candidates.into_iter().flatten().collect()
    }

    /// The one line that brings the password from another file, as a stack of its own.
    fn as_substack(&self, password: &Password) -> Option<String> {
        let entry = self.entries.get(password.first).filter(|_| password.first == password.last)?;
        let Content::Include(Include { target, kind, .. }) = &entry.line.content else { return None };
        match kind {
            IncludeKind::Substack | IncludeKind::Include => {}
            // It would bring what other facilities have there no more.
            IncludeKind::AtInclude => {
                let (_, included) = self.files.read(target).ok()?;
                let is_auth_only = included.lines().iter().all(|line| match &line.content {
                    Content::Nothing => true,
                    Content::Rule(rule) => rule.facility == Facility::Auth,
                    Content::Include(include) => include.facility == Some(Facility::Auth),
                    Content::Flawed { .. } => false,
                });
                is_auth_only.then_some(())?;
            }
        }
        Some(format!("auth\tsubstack\t{target}\n"))
    }

    fn inserted_before(&self, entry: usize, call: &str) -> Option<Vec<u8>> {
        let index = self.entries.get(entry)?.index;
        (!self.is_jumped_over(index)).then(|| self.with_lines(index, index, call))
    }

    /// `instead`: what stands in place of the entry's own line.
    fn inserted_behind(&self, entry: usize, call: &str, instead: Option<&str>) -> Option<Vec<u8>> {
        let index = self.entries.get(entry)?.index;
        let next = index.saturating_add(1);
        if self.is_jumped_over(next) {
            return None;
        }
        Some(match instead {
            None => self.with_lines(next, next, call),
            Some(line) => self.with_lines(index, next, &format!("{line}{call}")),
        })
    }

    fn replaced(&self, entry: usize, block: &str) -> Option<Vec<u8>> {
        let index = self.entries.get(entry)?.index;
        let next = index.saturating_add(1);
        // Whoever jumped over the one line would land among several.
        (!self.is_jumped_over(index) && !self.is_jumped_over(next))
            .then(|| self.with_lines(index, next, block))
    }

    /// The file with `text` in place of its lines from `from` up to `to`.
    fn with_lines(&self, from: usize, to: usize, text: &str) -> Vec<u8> {
        let lines = self.file.lines();
        let bytes = |lines: &[Line]| lines.iter().flat_map(|line| line.bytes.clone()).collect::<Vec<u8>>();
        let mut all = bytes(lines.get(..from).unwrap_or_default());
        // The last line of a file may lack its end.
        if all.last().is_some_and(|last| *last != b'\n') {
            all.push(b'\n');
        }
        all.extend_from_slice(text.as_bytes());
        all.extend(bytes(lines.get(to..).unwrap_or_default()));
        all
    }

    /// Whether some line jumps from before line `index` to behind it, so that nothing may be put there.
    fn is_jumped_over(&self, index: usize) -> bool {
        self.entries.iter().enumerate().take_while(|(_, entry)| entry.index < index).any(|(place, entry)| {
            let Content::Rule(rule) = &entry.line.content else { return false };
            let between: usize = self
                .entries
                .iter()
                .skip(place.saturating_add(1))
                .take_while(|entry| entry.index < index)
                .map(|entry| entry.steps)
                .sum();
            longest_jump(&rule.control) > between
        })
    }
}

/// Over how many modules this control can jump.
fn longest_jump(control: &Control) -> usize {
    let Control::List(list) = control else { return 0 };
    let jumps = list.iter().filter_map(|(_, action)| match action {
        Action::Jump(modules) => Some(usize::try_from(*modules).unwrap_or(usize::MAX)),
        Action::Ignore | Action::Ok | Action::Done | Action::Bad | Action::Die | Action::Reset => None,
    });
    jumps.max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
