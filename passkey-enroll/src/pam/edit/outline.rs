//! The lines of a file that say something about signing in, and where others could stand among them.

use std::collections::BTreeSet;

use crate::pam::parse::{
    Action, Content, Control, Facility, Include, IncludeKind, Line, Rule, ServiceFile, ServiceFiles,
};
use crate::pam::simulate;

/// So many places before the password are tried, and the first of all.
const MOST_EARLIER: usize = 8;
/// What is not about signing in.
const OTHERS: [(Facility, &str); 3] =
    [(Facility::Account, "account"), (Facility::Password, "password"), (Facility::Session, "session")];
/// Keeps people out as long as there is `/etc/nologin`.
const NOLOGIN: &str = "pam_nologin.so";
/// Speaks for whom a jump lets pass.
const PERMIT: &str = "auth\trequired\tpam_permit.so\n";

/// The lines of a file that say something about signing in.
pub(super) struct Outline<'f> {
    files: &'f ServiceFiles,
    file: &'f ServiceFile,
    entries: Vec<Entry<'f>>,
    /// The modules that unlock something for a session of the service with the password.
    consumers: BTreeSet<String>,
    /// Whether `/etc/nologin` is checked once more, after a person has proved who they are.
    account_has_nologin: bool,
}

/// One of them.
struct Entry<'f> {
    /// Which line of the file, counted from 0.
    index: usize,
    line: &'f Line,
    /// How many modules it is for a jump: a substack counts as one.
    steps: usize,
    wants_password: bool,
    /// Whether it refuses everybody who gets there.
    refuses: bool,
}

/// The lines that ask for the password, from the first to the last of them, as places among the entries.
pub(super) struct Password {
    first: usize,
    last: usize,
}

/// A line that includes another file, as a stack of its own.
struct Substack {
    /// For signing in.
    auth: String,
    /// For all else.
    others: String,
}

impl<'f> Outline<'f> {
    pub(super) fn of(files: &'f ServiceFiles, service: &str, file: &'f ServiceFile) -> Self {
        let entries = file.lines().iter().enumerate().filter_map(|(index, line)| {
            let refuses = matches!(&line.content, Content::Rule(rule) if simulate::refuses_everybody(rule));
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
            Some(Entry { index, line, steps, wants_password, refuses })
        });
        let consumers = simulate::session_consumers(files, service);
        let account = files.stack(service, Facility::Account).ok();
        let account_has_nologin =
            account.is_some_and(|stack| stack.rules().iter().any(|rule| rule.module_name() == NOLOGIN));
        Self { files, file, entries: entries.collect(), consumers, account_has_nologin }
    }

    pub(super) fn password(&self) -> Option<Password> {
        let wants = |entry: &Entry<'_>| entry.wants_password;
        Some(Password {
            first: self.entries.iter().position(wants)?,
            last: self.entries.iter().rposition(wants)?,
        })
    }

    /// Behind the password, where it is asked for in any case; before it, where knowing it ends the stack; before what ends the stack
    /// even earlier.
    pub(super) fn second_factor(&self, password: &Password, call: &str) -> Vec<Vec<u8>> {
        let mut candidates = vec![self.inserted_behind(password.last, call, None)];
        // A stack of its own cannot end this one.
        if let Some(Substack { auth, others }) = self.as_substack(password) {
            candidates.push(self.inserted_behind(password.last, call, Some(&(auth + &others))));
        }
        let earlier = (0..=password.first).rev();
        candidates.extend(earlier.take(MOST_EARLIER).map(|entry| self.inserted_before(entry, call)));
        candidates.push(self.inserted_before(0, call));
        candidates.into_iter().flatten().collect()
    }

    /// Before the password. What stands behind it is reached either way.
    pub(super) fn passwordless(&self, password: &Password, call: impl Fn(&str) -> String) -> Vec<Vec<u8>> {
        let mut candidates = Vec::new();
        let nologin = self.nologin_within(password).unwrap_or_default();
        let call = |control: &str| [nologin.as_str(), &call(control)].concat();
        let behind = password.last.saturating_add(1);
        // Lines that refuse whom the password has not let in belong to it.
        let refusing = self.entries.iter().skip(behind).take_while(|entry| entry.refuses).count();
        let end = behind.saturating_add(refusing);
        if end == self.entries.len() {
            candidates.push(self.inserted_before(password.first, &call("sufficient")));
        }
        if let Some(Substack { auth, others }) = self.as_substack(password) {
            let call = call("[success=1 default=ignore]");
            let with = |consumers: &str| {
                let block = [&call, &auth, PERMIT, consumers, &others].concat();
                self.replaced(password.first, &block)
            };
            candidates.push(with(""));
            // Those that stand in the file of the password's lines would be passed by.
            candidates.push(with(&self.consumers_within(password)));
        }
        // So many lines of this very file: their number does not change elsewhere.
        let own = self.entries.get(password.first..end).unwrap_or_default();
        if own.iter().all(|entry| matches!(entry.line.content, Content::Rule(_))) {
            let call = call(&format!("[success={} default=ignore]", own.len()));
            candidates.push(self.inserted_before(password.first, &call));
            // A line must vouch for the passkey if the lines after it have no opinion.
            candidates.push(self.framed(password.first, end, &call, PERMIT));
        }
        candidates.into_iter().flatten().collect()
    }

    /// In place of the line that brings the password: the passkey, or the password that the module was given in its place. The modules of these
    /// lines take one that is there already ([`simulate::asks_with_password`]).
    pub(super) fn switchable(&self, password: &Password, call: impl Fn(&str) -> String) -> Option<Vec<u8>> {
        let nologin = self.nologin_within(password).unwrap_or_default();
        let consumers = self.consumers_within(password);
        let Substack { auth, others } = self.as_substack(password)?;
        let call = call("[success=1 cred_unavail=ignore default=die]");
        let block = [&nologin, &call, &auth, PERMIT, &consumers, &others].concat();
        self.replaced(password.first, &block)
    }

    /// The one line that brings the password from another file, as a stack of its own.
    fn as_substack(&self, password: &Password) -> Option<Substack> {
        let entry = self.entries.get(password.first).filter(|_| password.first == password.last)?;
        let Content::Include(Include { target, kind, .. }) = &entry.line.content else { return None };
        let auth = format!("auth\tsubstack\t{target}\n");
        let others = match kind {
            IncludeKind::Substack | IncludeKind::Include => String::new(),
            // What other facilities have there, they go on having.
            IncludeKind::AtInclude => {
                let facilities =
                    OTHERS.into_iter().filter(|(facility, _)| self.has_lines_for(*facility, target));
                facilities
                    .map(|(_, word)| format!("{word}\tinclude\t{target}\n"))
                    .collect::<Vec<_>>()
                    .concat()
            }
        };
        Some(Substack { auth, others })
    }

    fn has_lines_for(&self, facility: Facility, target: &str) -> bool {
        self.files.stack(target, facility).is_ok_and(|stack| !stack.is_other)
    }

    /// The line by which `/etc/nologin` keeps people out, where only the file has it that the password's lines come from.
    fn nologin_within(&self, password: &Password) -> Option<String> {
        let Content::Include(Include { target, .. }) = &self.entries.get(password.first)?.line.content else {
            return None;
        };
        let is_before =
            self.entries.iter().take(password.first).any(
                |entry| matches!(&entry.line.content, Content::Rule(rule) if rule.module_name() == NOLOGIN),
            );
        if is_before || self.account_has_nologin {
            return None;
        }
        let stack = self.files.stack(target, Facility::Auth).ok()?;
        let rule = stack.rules().into_iter().find(|rule| rule.module_name() == NOLOGIN)?.clone();
        // As it stands there: a jump would lead elsewhere.
        (longest_jump(&rule.control) == 0).then(|| {
            let words = [vec![rule.module], rule.arguments].concat();
            format!("auth\t{}\t{}\n", rule.control, words.join(" "))
        })
    }

    /// The lines that unlock something with the password where its lines come from another file that has them, and nothing behind does.
    fn consumers_within(&self, password: &Password) -> String {
        let Some(entry) = self.entries.get(password.first) else { return String::new() };
        let Content::Include(Include { target, .. }) = &entry.line.content else { return String::new() };
        let Ok(stack) = self.files.stack(target, Facility::Auth) else { return String::new() };
        let behind = self.entries.iter().skip(password.last.saturating_add(1));
        let mut there: BTreeSet<String> =
            behind.flat_map(|entry| self.rules_of(entry)).map(|rule| rule.module_name().to_owned()).collect();
        let mut lines = String::new();
        for rule in stack.rules() {
            let module = rule.module_name().to_owned();
            if self.consumers.contains(&module) && there.insert(module) {
                let words = [std::slice::from_ref(&rule.module), &rule.arguments].concat();
                lines.extend(["-auth\toptional\t", &words.join(" "), "\n"]);
            }
        }
        lines
    }

    /// What an entry calls, its own module or those of the file that it includes.
    fn rules_of(&self, entry: &Entry<'_>) -> Vec<Rule> {
        match &entry.line.content {
            Content::Rule(rule) => vec![rule.clone()],
            Content::Include(Include { target, .. }) => {
                let stack = self.files.stack(target, Facility::Auth).ok();
                stack.map(|stack| stack.rules().into_iter().cloned().collect()).unwrap_or_default()
            }
            Content::Nothing | Content::Flawed { .. } => Vec::new(),
        }
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
        // A jump over the one line would end among several.
        (!self.is_jumped_over(index) && !self.is_jumped_over(next))
            .then(|| self.with_lines(index, next, block))
    }

    /// The file with text before one entry and behind another, the end.
    fn framed(&self, from: usize, end: usize, before: &str, behind: &str) -> Option<Vec<u8>> {
        let first = self.entries.get(from)?.index;
        let next = self.entries.get(end.checked_sub(1)?)?.index.saturating_add(1);
        if self.is_jumped_over(first) || self.is_jumped_over(next) {
            return None;
        }
        let own = self.with_lines(first, first, before);
        let added = ServiceFile::parse(before.as_bytes(), self.files.dialect()).lines().len();
        let grown = ServiceFile::parse(&own, self.files.dialect());
        let next = next.saturating_add(added);
        Some(with_lines(&grown, next, next, behind))
    }

    /// The file with `text` in place of its lines from `from` up to `to`.
    fn with_lines(&self, from: usize, to: usize, text: &str) -> Vec<u8> {
        with_lines(self.file, from, to, text)
    }

    /// Whether some line jumps from before line `index` to behind it, so that nothing may be put there.
    fn is_jumped_over(&self, index: usize) -> bool {
        self.jump_to_behind(index).is_some()
    }

    /// The line, counted from 1, that jumps over line `index`, so that it must not be taken out. Calls of our module do not count:
    /// they are taken out as well.
    pub(super) fn jump_over(&self, index: usize) -> Option<usize> {
        let next = index.saturating_add(1);
        self.jumps_to_behind(next)
            .chain(self.jumps_to_behind(index))
            .find(|line| !matches!(&line.content, Content::Rule(rule) if super::is_ours(rule)))
            .map(|line| line.number)
    }

    fn jump_to_behind(&self, index: usize) -> Option<&Line> {
        self.jumps_to_behind(index).next()
    }

    fn jumps_to_behind(&self, index: usize) -> impl Iterator<Item = &'f Line> {
        let before = self.entries.iter().enumerate().take_while(move |(_, entry)| entry.index < index);
        before.filter_map(move |(place, entry)| {
            let Content::Rule(rule) = &entry.line.content else { return None };
            let between: usize = self
                .entries
                .iter()
                .skip(place.saturating_add(1))
                .take_while(|entry| entry.index < index)
                .map(|entry| entry.steps)
                .sum();
            (longest_jump(&rule.control) > between).then_some(entry.line)
        })
    }
}

/// The file with `text` in place of its lines from `from` up to `to`.
pub(super) fn with_lines(file: &ServiceFile, from: usize, to: usize, text: &str) -> Vec<u8> {
    let lines = file.lines();
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

/// Over how many modules this control can jump.
fn longest_jump(control: &Control) -> usize {
    let Control::List(list) = control else { return 0 };
    let jumps = list.iter().filter_map(|(_, action)| match action {
        Action::Jump(modules) => Some(usize::try_from(*modules).unwrap_or(usize::MAX)),
        Action::Ignore | Action::Ok | Action::Done | Action::Bad | Action::Die | Action::Reset => None,
    });
    jumps.max().unwrap_or(0)
}
