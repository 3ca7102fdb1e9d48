//! Sign-ins with a passkey, as the module has recorded them.

use passkey_core::config::Settings;
use passkey_core::session::Session;
use passkey_core::store::{ServiceSignIn, Store};

use super::super::Context;
use crate::account::SystemUsers;

/// The caller's last sign-in to a service that is on record in this store.
pub(super) fn last(context: &Context, store: &Store, service: &str) -> Option<ServiceSignIn> {
    let policy = context.config.policy(service, &Settings::default());
    let session = Session { store, users: &SystemUsers, policy: &policy };
    // Whose passkeys they are: another account of the same user id, perhaps.
    let enrolled = session.find(&context.account).ok()??;
    store.load_state(enrolled.account()).ok()?.sign_in(service).cloned()
}
