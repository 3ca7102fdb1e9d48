//! The identity of a key, or service, that was found.

use std::path::PathBuf;

use passkey_core::ceremony::{LinuxPlatform, PluggedKey};
use serde::{Deserialize, Serialize};

use super::place::Place;

/// What stands for one key, or one service, as long as it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Identity {
    /// The folder in sysfs, which stands for this plugging of a key.
    Plugged(PathBuf),
    /// The socket of a service.
    Service {
        /// Its path.
        socket: PathBuf,
        /// The user id of the account that is meant.
        account: u32,
    },
}

impl Identity {
    /// What stands for a key that was just seen at `place`; none where it is gone.
    pub(crate) fn of(key: &PluggedKey, platform: &LinuxPlatform<'_>, place: &Place) -> Option<Self> {
        match place {
            Place::Usb | Place::Device(_) => {
                platform.sysfs(key.id).map(|sysfs| Self::Plugged(sysfs.to_owned()))
            }
            Place::Service { services, .. } => {
                Some(Self::Service { socket: key.path.clone(), account: services.account() })
            }
        }
    }
}
