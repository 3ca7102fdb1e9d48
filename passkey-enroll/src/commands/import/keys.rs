//! What the security keys that are plugged in know of passkeys on their way in.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use passkey_core::ceremony::{
    KeyFailure, LinuxPlatform, LocateError, LocateRequest, SoughtPasskey, inspect, locate,
};
use passkey_core::credential::{Credential, CredentialId};

use super::draft::{Draft, Seen};
use crate::cli::ForeignFormat;
use crate::commands::error::Error;
use crate::interop::Id;
use crate::terminal::prompter::TerminalPrompter;
use crate::terminal::signals::Interrupt;

/// Keys that have not told by then what they hold are left alone.
const SURVEY: Duration = Duration::from_secs(5);
/// How long a person may take to touch the key that holds what is looked for.
const FIND: Duration = Duration::from_secs(60);

/// How the keys are asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'a> {
    pub(super) device: Option<&'a Path>,
    pub(super) pin_stdin: bool,
    pub(super) pin_attempts: u8,
    /// Whether to look also for what is complete without a key: its model and how it verifies its user.
    pub(super) complete: bool,
}

/// Asks the keys that are plugged in, and notes what they say with the drafts. A person is needed only for passkeys that their
/// file does not tell enough of, and that show themselves to their user alone. Why those that are still missing were not found, by
/// their place among the drafts.
///
/// # Errors
/// When the person gave up.
pub(super) fn ask(
    drafts: &mut [Draft],
    format: ForeignFormat,
    asking: Asking<'_>,
) -> Result<BTreeMap<usize, LocateError>, Error> {
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let mut platform = LinuxPlatform::new(Some(interrupt.fd()));
    if asking.complete {
        look_around(&mut platform, drafts, format);
    }
    if interrupt.is_raised() {
        return Err(Error::Cancelled);
    }
    let missing: Vec<usize> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.must_be_found())
        .map(|(index, _)| index)
        .collect();
    if missing.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sought: Vec<SoughtPasskey<'_>> = missing
        .iter()
        .filter_map(|index| drafts.get(*index))
        .map(|draft| SoughtPasskey {
            rp_id: &draft.rp_id,
            public_key: &draft.passkey.public_key,
            id: match &draft.passkey.id {
                Id::Known(id) => Some(id),
                Id::OnKey | Id::InPrivateFile => None,
            },
        })
        .collect();
    let search = LocateRequest {
        sought: &sought,
        device: asking.device,
        pin_attempts: asking.pin_attempts,
        timeout: FIND,
    };
    let mut person = TerminalPrompter::new(&interrupt, asking.pin_stdin);
    let finding = locate(&mut platform, &mut person, &search);
    drop(person);
    let mut why: BTreeMap<usize, LocateError> = BTreeMap::new();
    match finding.trouble {
        None => {}
        Some(LocateError::Key(KeyFailure::Interrupted)) => return Err(Error::Cancelled),
        Some(trouble) => why.extend(missing.iter().map(|index| (*index, trouble))),
    }
    for found in finding.found {
        let Some(index) = missing.get(found.index) else { continue };
        why.remove(index);
        if let Some(draft) = drafts.get_mut(*index) {
            draft.seen = Some(Seen::new(found.id, &found.key, &found.info, found.user_handle));
        }
    }
    Ok(why)
}

/// Asks all keys silently which of the drafts with an id they hold.
fn look_around(platform: &mut LinuxPlatform<'_>, drafts: &mut [Draft], format: ForeignFormat) {
    let credentials: Vec<Credential> =
        drafts.iter().filter_map(|draft| draft.credential(format, |_| true)).collect();
    let inspected = inspect(platform, &credentials.iter().collect::<Vec<_>>(), SURVEY);
    for key in inspected {
        let Ok(Some(info)) = &key.info else { continue };
        let holds = |id: &CredentialId| key.holds.contains(id);
        for draft in drafts.iter_mut() {
            if let Some(id) = draft.id().filter(|id| holds(id)).cloned() {
                draft.seen = Some(Seen::new(id, &key.key, info, None));
            }
        }
    }
}
