//! What libpam does.

use std::fs;

use pam_client::{Answer, Code, NotStarted, Person, Tone, Transaction};
use passkey_enroll::pam::parse::ReturnValue;

use crate::case::{DEBUG, DENY, LIMITS, PERMIT, named};
use crate::site::{SERVICE, Site};

/// Nobody: the modules know the name already.
const USER: &str = "nobody";

/// What libpam made of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// It gave the service nothing at all.
    Refused,
    Done {
        auth: ReturnValue,
        account: ReturnValue,
        /// What the calls of `pam_debug` for `auth` answered, in order.
        told: Vec<ReturnValue>,
    },
}

/// Keeps the modules in memory for as long as this process lives. To load them anew for each stack would take most of the time.
pub(crate) fn keep_modules(site: &Site) {
    let path = site.folders[0].join(SERVICE);
    let lines = [DEBUG, DENY, LIMITS, PERMIT].map(|module| format!("auth optional {module}\n"));
    fs::write(&path, lines.concat()).unwrap();
    let listener = Box::leak(Box::new(Listener::default()));
    std::mem::forget(start(site, listener).unwrap());
    fs::remove_file(&path).unwrap();
}

/// Signs in once.
pub(crate) fn run(site: &Site) -> Run {
    let mut listener = Listener::default();
    let Some(mut transaction) = start(site, &mut listener) else { return Run::Refused };
    let auth = value(transaction.authenticate());
    // A sign-in that goes on later can do nothing else meanwhile.
    let account = match auth {
        ReturnValue::Incomplete => {
            let mut other = Listener::default();
            start(site, &mut other).map(|mut transaction| value(transaction.check_account()))
        }
        _ => Some(value(transaction.check_account())),
    };
    drop(transaction);
    Run::Done { auth, account: account.unwrap(), told: listener.told }
}

fn start<'l>(site: &Site, listener: &'l mut Listener) -> Option<Transaction<'l>> {
    match Transaction::start(SERVICE, USER, site.confdir.as_deref(), listener) {
        Ok(transaction) => Some(transaction),
        Err(NotStarted::Refused(code)) => {
            assert_eq!(value(Err(code)), ReturnValue::Abort);
            None
        }
        Err(NotStarted::Zero) => panic!("a zero byte"),
    }
}

fn value(result: Result<(), Code>) -> ReturnValue {
    let number = result.err().unwrap_or(Code::SUCCESS).0;
    ReturnValue::ALL[usize::try_from(number).unwrap()]
}

/// Hears what `pam_debug` says it answers.
#[derive(Default)]
struct Listener {
    told: Vec<ReturnValue>,
}

impl Person for Listener {
    fn tell(&mut self, _: Tone, text: &str) {
        self.told.extend(text.strip_prefix("auth=").map(|name| named(name).unwrap()));
    }

    fn ask(&mut self, _: &str, _: bool) -> Answer {
        Answer::None
    }
}
