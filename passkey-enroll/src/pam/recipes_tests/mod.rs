//! What an administrator may take from us: the examples of `config/pam.d`, the recipes of the documents, the profiles for
//! pam-auth-update and authselect.
//!
//! Each is put where it says it belongs, on every machine of `tests/stacks` that it is for. Then this machine's libpam runs the
//! service for people with and without passkeys ([`libpam`]), and `simulate` says who gets in.

mod authselect;
mod documents;
mod examples;
mod libpam;
mod machine;
mod pam_auth_update;
mod person;

use std::collections::BTreeSet;

use passkey_core::config::Config;

use super::parse::ServiceFiles;
use super::simulate::{Factors, ServiceAccess, Verdict};
use person::{Held, Person};

/// How a service is to ask for passkeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    SecondFactor,
    /// Those who have no passkey sign in with their password alone.
    SecondFactorOptional,
    Passwordless,
    /// No password either.
    PasskeyAlone,
}

impl Asks {
    /// As examples and recipes call it.
    fn named(name: &str) -> Self {
        match name {
            "second-factor" => Self::SecondFactor,
            "second-factor-optional" => Self::SecondFactorOptional,
            "passwordless" | "usernameless" => Self::Passwordless,
            "" => Self::PasskeyAlone,
            other => panic!("no way of asking is called {other:?}"),
        }
    }

    /// Whether this person is to get in.
    fn admits(self, person: Person) -> bool {
        let has_passkey = person.passkey == Held::Used;
        match self {
            Self::SecondFactor => person.password && has_passkey,
            Self::SecondFactorOptional => {
                person.password && (has_passkey || person.passkey == Held::NotEnrolled)
            }
            Self::Passwordless => person.password || has_passkey,
            Self::PasskeyAlone => has_passkey,
        }
    }

    /// The ways in for somebody with passkeys, where these were the ones before.
    fn ways(self, before: &BTreeSet<Factors>) -> BTreeSet<Factors> {
        match self {
            Self::SecondFactor | Self::SecondFactorOptional => {
                before.iter().map(|factors| factors.with(Factors::PASSKEY)).collect()
            }
            Self::Passwordless => before.iter().copied().chain([Factors::PASSKEY]).collect(),
            Self::PasskeyAlone => BTreeSet::from([Factors::PASSKEY]),
        }
    }

    /// Whether somebody gets in who has no passkey.
    fn serves_unenrolled(self) -> bool {
        match self {
            Self::SecondFactorOptional | Self::Passwordless => true,
            Self::SecondFactor | Self::PasskeyAlone => false,
        }
    }
}

/// What is wrong with a service that is to ask for passkeys, which a machine had before without them.
fn faults(before: Option<&ServiceFiles>, after: &ServiceFiles, service: &str, asks: Asks) -> Vec<String> {
    let mut faults = libpam_faults(before, after, service, asks);
    faults.extend(verdict_faults(before, after, service, asks));
    faults
}

/// By libpam.
fn libpam_faults(
    before: Option<&ServiceFiles>,
    after: &ServiceFiles,
    service: &str,
    asks: Asks,
) -> Vec<String> {
    let knows_password = Person { password: true, finger: false, passkey: Held::Missing };
    if let Some(before) = before
        && !libpam::signs_in(before, service, knows_password)
    {
        return vec!["without passkeys the password does not open it either".to_owned()];
    }
    let people = Person::all().filter(|person| !person.finger);
    let wrong =
        people.filter(|person| libpam::signs_in(after, service, *person) != asks.admits(*person)).map(
            |person| format!("libpam {} {person:?}", if asks.admits(person) { "refuses" } else { "admits" }),
        );
    wrong.collect()
}

fn verdict(files: &ServiceFiles, service: &str) -> Verdict {
    ServiceAccess::of(files, service, &Config::default()).unwrap().verdict().unwrap()
}

fn exempt(verdict: &Verdict) -> Vec<&str> {
    verdict.exempt.iter().map(|exemption| exemption.line.rule.module_name()).collect()
}

/// By `simulate`.
fn verdict_faults(
    before: Option<&ServiceFiles>,
    after: &ServiceFiles,
    service: &str,
    asks: Asks,
) -> Vec<String> {
    let before = before.map(|files| verdict(files, service));
    let after = verdict(after, service);
    let factors = |verdict: &Verdict| verdict.ways.iter().map(|way| way.factors).collect::<BTreeSet<_>>();
    let expected = asks.ways(&before.as_ref().map(factors).unwrap_or_default());
    let mut wrong = Vec::new();
    if factors(&after) != expected {
        wrong.push(format!("the ways in are {:?}, not {expected:?}", factors(&after)));
    }
    if after.without_passkey.is_some() != asks.serves_unenrolled() {
        wrong.push(format!("somebody without a passkey gets in by {:?}", after.without_passkey));
    }
    if after.open_to_unenrolled.is_some() {
        wrong.push("somebody without a passkey gets in by nothing at all".to_owned());
    }
    let exempt_before = before.as_ref().map(exempt).unwrap_or_default();
    if exempt(&after) != exempt_before {
        wrong.push(format!("exempt are {:?}, not {exempt_before:?}", exempt(&after)));
    }
    wrong
}
