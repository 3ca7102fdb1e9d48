//! The users of this machine, found by what a key says of them.

use std::cell::RefCell;

use passkey_core::account::{Account, UserDatabase as _};
use passkey_core::ceremony::{EnrolledUser, UserHandleLookup};
use passkey_core::config::CounterPolicy;
use passkey_core::credential::UserHandle;
use passkey_core::store::{State, Store};

use crate::ffi::SystemUsers;
use crate::outcome::Outcome;

/// All users, behind the store's index of user handles: finding one costs the same however many there are.
#[derive(Debug)]
pub(crate) struct Users<'s> {
    store: &'s Store,
    counter: CounterPolicy,
    trouble: RefCell<Trouble>,
}

/// What is remembered of a user's passkeys.
pub(crate) struct LoadedState {
    pub(crate) state: State,
    /// Why it is nothing, where that stops nobody.
    pub(crate) complaint: Option<String>,
}

impl LoadedState {
    /// Reads it. Where a counter only warns, one that cannot be read only warns as well.
    pub(crate) fn of(store: &Store, account: &Account, counter: CounterPolicy) -> Result<Self, Outcome> {
        match (store.load_state(account), counter) {
            (Ok(state), _) => Ok(Self { state, complaint: None }),
            (Err(error), CounterPolicy::Deny) => Err(Outcome::Store(Box::new(error))),
            (Err(error), CounterPolicy::Warn) => {
                let complaint = format!("the signature counter cannot be compared: {error}");
                Ok(Self { state: State::default(), complaint: Some(complaint) })
            }
        }
    }
}

#[derive(Debug, Default)]
struct Trouble {
    /// Why a user could not be found although the index knows them.
    error: Option<Outcome>,
    /// What should be looked at, and stops nobody.
    complaints: Vec<String>,
}

impl<'s> Users<'s> {
    pub(crate) fn new(store: &'s Store, counter: CounterPolicy) -> Self {
        Self { store, counter, trouble: RefCell::default() }
    }

    /// What should be looked at, one line each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        std::mem::take(&mut self.trouble.borrow_mut().complaints)
    }

    /// The first thing that kept a user from being found.
    pub(crate) fn into_error(self) -> Option<Outcome> {
        self.trouble.into_inner().error
    }

    fn find(&self, handle: &UserHandle) -> Result<Option<EnrolledUser>, Outcome> {
        let store = |error| Outcome::Store(Box::new(error));
        let Some(name) = self.store.user_of_handle(handle).map_err(store)? else { return Ok(None) };
        // Removed from the machine, and their passkeys left behind.
        let Some(account) = SystemUsers.by_name(&name).map_err(Outcome::UserDatabase)? else {
            return Ok(None);
        };
        let Some(loaded) = self.store.load(&account).map_err(store)? else { return Ok(None) };
        // The index is a hint; the user's own file decides.
        if loaded.file.user_handle != *handle {
            return Ok(None);
        }
        let LoadedState { state, complaint } = LoadedState::of(self.store, &account, self.counter)?;
        self.trouble.borrow_mut().complaints.extend(complaint);
        Ok(Some(EnrolledUser { account, file: loaded.file, state }))
    }
}

impl UserHandleLookup for Users<'_> {
    fn holder(&self, handle: &UserHandle) -> Option<EnrolledUser> {
        self.find(handle).unwrap_or_else(|error| {
            self.trouble.borrow_mut().error.get_or_insert(error);
            None
        })
    }
}
