//! The module's own record of sign-ins with a passkey: it proves a rehearsal and a confirmation, and begins what
//! keeps a change that waits for a sign-in ([`super::awaited`]).

use std::io;
use std::path::Path;

use passkey_core::account::Account;
use passkey_core::config::{Config, DEFAULT_PATH, Settings};
use passkey_core::session::Session;
use passkey_core::store::{ServiceSignIn, Store};

use super::awaited::Awaited;
use super::entry::Entry;
use super::journal::Locked;
use crate::account::SystemUsers;
use crate::pam::parse::ServiceFiles;
use crate::pam::simulate::{self, ServiceAccess};

/// The last sign-in of an account to a service that is on record in this store.
pub(crate) fn last(
    config: &Config,
    account: &Account,
    store: &Store,
    service: &str,
) -> Option<ServiceSignIn> {
    let policy = config.policy(service, &Settings::default());
    let session = Session { store, users: &SystemUsers, policy: &policy };
    // Whose passkeys they are: another account of the same user id, perhaps.
    let enrolled = session.find(account).ok()??;
    store.load_state(enrolled.account()).ok()?.sign_in(service).cloned()
}

/// Where the passkeys lie that a service asks for: those of the configuration, and of another one that a line names.
pub(crate) fn stores(files: &ServiceFiles, service: &str, config: &Config) -> Vec<Store> {
    let access = ServiceAccess::of(files, service, config).ok();
    let own = access
        .iter()
        .flat_map(|access| &access.passkeys)
        .filter_map(|call| call.asked.as_ref().ok()?.own_config.as_deref().map(Store::new));
    [Store::new(config)].into_iter().chain(own).collect()
}

/// Whether a passkey of the account has signed it in since the change, to that service or to one that goes by its file.
pub(crate) fn has_signed_in(entry: &Entry, files: &ServiceFiles, config: &Config, account: &Account) -> bool {
    let services = services_of(entry, files, config);
    services.iter().any(|service| has_signed_in_to(service, entry, files, config, account))
}

fn has_signed_in_to(
    service: &str,
    entry: &Entry,
    files: &ServiceFiles,
    config: &Config,
    account: &Account,
) -> bool {
    let stores = stores(files, service, config);
    let mut sign_ins = stores.iter().filter_map(|store| last(config, account, store, service));
    sign_ins.any(|sign_in| sign_in.time > entry.switched)
}

/// The services that a change was about: the one it is named for, and those that include a file of it.
fn services_of(entry: &Entry, files: &ServiceFiles, config: &Config) -> Vec<String> {
    let names = simulate::services(files).into_iter();
    let reached = names.filter(|name| {
        *name == entry.service
            || ServiceAccess::of(files, name, config)
                .is_ok_and(|access| access.passkeys.iter().any(|call| entry.has_changed(&call.place.path)))
    });
    reached.collect()
}

/// Whether the service still asks for passkeys as the change has it: others may have rewritten its file meanwhile.
pub(crate) fn still_asks(entry: &Entry, files: &ServiceFiles, config: &Config) -> bool {
    let asks = || ServiceAccess::asking(files, &entry.service, config);
    entry.way.is_none() || entry.profile.is_some() || matches!(asks(), Ok(Some(_)))
}

/// What a change waits for, where that is more than a confirmation.
pub(super) fn awaited(entry: &Entry) -> Option<Awaited> {
    if !Awaited::is_awaited(entry) {
        return None;
    }
    let config = Config::load(Path::new(DEFAULT_PATH)).ok()?;
    Awaited::of(entry, &ServiceFiles::of_machine(), &config)
}

impl Locked<'_> {
    /// Keeps a change that waits for a sign-in with a passkey, where there has been one. Whether it is kept by that now.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub(crate) fn keep_if_signed_in(&self, service: &str) -> io::Result<bool> {
        let Some(entry) = self.journal().entry(service)? else { return Ok(false) };
        let has_come = awaited(&entry).is_some_and(|mut awaited| awaited.has_come());
        if has_come { self.keep_signed_in(entry) } else { Ok(false) }
    }

    /// Keeps a change for which the sign-in has come. Whether it is kept now.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub(super) fn keep_signed_in(&self, entry: Entry) -> io::Result<bool> {
        let Ok(config) = Config::load(Path::new(DEFAULT_PATH)) else { return Ok(false) };
        self.keep_asking(entry, &ServiceFiles::of_machine(), &config)
    }

    /// Keeps a change, unless others have taken it away meanwhile.
    pub(super) fn keep_asking(
        &self,
        entry: Entry,
        files: &ServiceFiles,
        config: &Config,
    ) -> io::Result<bool> {
        let asks = still_asks(&entry, files, config);
        if asks {
            self.confirm(entry)?;
        }
        Ok(asks)
    }
}
