//! The line by which the module hears of changed passwords.

use crate::pam::parse::{Content, Facility, Line, ServiceFiles, Stack};
use crate::pam::simulate;

use super::outline::with_lines;
use super::{REMARK, calls_alike, is_ours};

const CALL: &str = "password\toptional\tpam_passkey.so\n";

/// The file with a line that has the module hear of changed passwords. `None` where it hears of them already, where no password can be
/// changed, and where no line could stand that is reached after the change only and has no say in it.
pub(crate) fn hearing_of_changes(files: &ServiceFiles, service: &str) -> Option<Vec<u8>> {
    let before = files.stack(service, Facility::Password).ok().filter(|stack| !stack.is_other)?;
    if simulate::hears_of_changes(files, service) {
        return None;
    }
    let (_, file) = files.read(service).ok()?;
    let last = file.lines().iter().rposition(|line| is_about_passwords(files, line))?;
    let next = last.saturating_add(1);
    let call = [REMARK, CALL].concat();
    let behind = with_lines(&file, next, next, &call);
    Some(behind).filter(|bytes| only_hears(files, service, &before, bytes))
}

fn is_about_passwords(files: &ServiceFiles, line: &Line) -> bool {
    match &line.content {
        Content::Rule(rule) => rule.facility == Facility::Password,
        Content::Include(include) => match include.facility {
            Some(facility) => facility == Facility::Password,
            None => files.stack(&include.target, Facility::Password).is_ok_and(|stack| !stack.is_other),
        },
        Content::Nothing | Content::Flawed { .. } => false,
    }
}

/// Whether a file calls the same modules as before, with the same outcome, and besides them ours where a password was changed.
fn only_hears(files: &ServiceFiles, service: &str, before: &Stack, bytes: &[u8]) -> bool {
    let after = files.clone().with(service, bytes.to_vec());
    let Ok(stack) = after.stack(service, Facility::Password) else { return false };
    let others: Vec<_> = stack.rules().into_iter().filter(|rule| !is_ours(rule)).collect();
    [Facility::Auth, Facility::Account, Facility::Session]
        .into_iter()
        .all(|facility| calls_alike(files, &after, service, facility))
        && others == before.rules()
        && simulate::misplaced(&stack).is_empty()
        && simulate::ends_alike(before, &stack)
}

#[cfg(test)]
#[path = "password_line_tests.rs"]
mod tests;
