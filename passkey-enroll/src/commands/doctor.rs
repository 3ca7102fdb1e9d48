//! `doctor`: everything that can stop a sign-in.

use std::time::Duration;

use passkey_core::ceremony::{InspectedKey, inspect};
use passkey_core::credential::Credential;
use passkey_core::store::Loaded;

use crate::account::{self, Caller};
use crate::cli::Global;
use crate::commands::error::Error;
use crate::commands::results::diagnosis::Diagnosis;
use crate::doctor::{self, Machine, Subject};
use crate::key::Services;
use crate::report::Exit;
use crate::report::Output;
use crate::terminal::signals::Interrupt;

/// A key that has not answered everything by then is judged by what it has answered.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn run(global: &Global, output: Output) -> Result<Exit, Error> {
    let account = account::resolve(&Caller::of_process(), global.user.as_deref())?;
    let user_option = super::user_option(global, &account);
    let subject = Subject { machine: Machine::this(), account, user_option, config: global.config.clone() };
    let interrupt = Interrupt::install().map_err(Error::Signals)?;
    let services = Services::of(subject.account.uid);
    let findings = doctor::examine(&subject, |loaded| ask_keys(&interrupt, &services, loaded));
    if interrupt.is_raised() {
        return Err(Error::Cancelled);
    }
    output.result::<Error>(&Diagnosis::new(&subject.account.name, &findings))?;
    Ok(doctor::exit(&findings))
}

fn ask_keys(interrupt: &Interrupt, services: &Services, loaded: Option<&Loaded>) -> Vec<InspectedKey> {
    let credentials: Vec<&Credential> = loaded.iter().flat_map(|loaded| &loaded.file.credentials).collect();
    inspect(&mut services.platform(interrupt), &credentials, TIMEOUT)
}
