//! Where to work: on a security key that is plugged in, or a service of this machine such as this computer.

use std::fmt;
use std::path::{Path, PathBuf};

use ctaphid_socket::{Folder, ListError, ServiceInfo};
use passkey_core::ceremony::{Attachment, Authenticator, LinuxPlatform, PluggedKey};

use crate::cli::On;
use crate::report::{ErrorReport, Exit};
use crate::terminal::signals::Interrupt;

/// The service that is this computer: its TPM.
pub(crate) const THIS_COMPUTER: &str = "tpm";

/// Where services listen, and for which account they are asked.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    folder: Folder,
    account: u32,
}

/// What `--device` and `--on` name.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Any security key that is plugged in.
    Usb,
    /// The security key at this device node.
    Device(PathBuf),
    /// A service of this machine.
    Service {
        /// That.
        service: ServiceInfo,
        /// Where it was found.
        services: Services,
    },
}

/// Why nothing can be meant. Waiting would not change it: a node's name says nothing of the key that gets it next.
#[derive(Debug)]
pub(crate) enum PlaceError {
    /// There is nothing at the path.
    Missing(PathBuf),
    /// It is something other than a security key.
    NotAKey(PathBuf),
    /// This computer holds no passkeys: nothing listens there.
    NoService(PathBuf),
    /// Whether this computer holds passkeys cannot be looked at.
    Services {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        error: ListError,
    },
}

impl Services {
    /// Those of this machine, for the account of this user id.
    pub(crate) fn of(account: u32) -> Self {
        Self { folder: Folder::default(), account }
    }

    fn list(&self) -> Result<Vec<ServiceInfo>, PlaceError> {
        let folder = self.folder.path().to_owned();
        self.folder.list().map_err(|error| PlaceError::Services { folder, error })
    }

    /// This computer.
    ///
    /// # Errors
    /// When it holds no passkeys, or that cannot be known.
    pub(crate) fn this_computer(&self) -> Result<Place, PlaceError> {
        let service = self.list()?.into_iter().find(|service| service.name == THIS_COMPUTER);
        let missing = || PlaceError::NoService(self.folder.path().join(format!("{THIS_COMPUTER}.sock")));
        Ok(Place::Service { service: service.ok_or_else(missing)?, services: self.clone() })
    }

    /// The user id of the account.
    pub(super) fn account(&self) -> u32 {
        self.account
    }

    /// The platform of this machine, with them beside the keys that are plugged in.
    pub(crate) fn platform<'i>(&self, interrupt: &'i Interrupt) -> LinuxPlatform<'i> {
        LinuxPlatform::new(Some(interrupt.fd())).with_services(self.folder.clone(), self.account)
    }
}

impl Place {
    /// What is meant by `--device` or by `--on`; without either, any security key.
    ///
    /// # Errors
    /// When there is nothing of the kind.
    pub(crate) fn find(
        device: Option<&Path>,
        on: Option<On>,
        services: &Services,
    ) -> Result<Self, PlaceError> {
        match (device, on) {
            (Some(path), _) => Self::at(path, services),
            (None, Some(On::ThisComputer)) => services.this_computer(),
            (None, Some(On::Usb) | None) => Ok(Self::Usb),
        }
    }

    /// The security key that is plugged in at this device node, or the service at this socket; by its own path or by a link such as
    /// those of udev: the ceremonies know keys by their nodes.
    fn at(path: &Path, services: &Services) -> Result<Self, PlaceError> {
        let node = path.canonicalize().map_err(|_| PlaceError::Missing(path.to_owned()))?;
        if let Some(service) =
            services.folder.list().ok().into_iter().flatten().find(|service| service.path == node)
        {
            return Ok(Self::Service { service, services: services.clone() });
        }
        // What cannot be looked at now may be one: the ceremony says what is the matter with it.
        let is_key = hidraw::list().map_or(true, |listing| {
            listing.keys.iter().any(|key| key.path == node)
                || listing.skipped.iter().any(|skipped| skipped.path == node)
        });
        if is_key { Ok(Self::Device(node)) } else { Err(PlaceError::NotAKey(path.to_owned())) }
    }

    /// The device node, or the socket, of the only one that is meant.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Usb => None,
            Self::Device(node) => Some(node),
            Self::Service { service, .. } => Some(&service.path),
        }
    }

    /// What sentences call it.
    pub(crate) fn authenticator(&self) -> Authenticator {
        match self {
            Self::Service { service, .. } => of_service(&service.name),
            Self::Usb | Self::Device(_) => Authenticator::SecurityKey,
        }
    }

    /// The platform of this machine: with all keys, or with the service alone.
    pub(crate) fn platform<'i>(&self, interrupt: &'i Interrupt) -> LinuxPlatform<'i> {
        match self {
            Self::Usb | Self::Device(_) => LinuxPlatform::new(Some(interrupt.fd())),
            Self::Service { service, services } => services.platform(interrupt).only(service.path.clone()),
        }
    }

    /// The same with nothing else but what is meant, where that is one.
    pub(crate) fn sole_platform<'i>(&self, interrupt: &'i Interrupt) -> LinuxPlatform<'i> {
        match self {
            Self::Device(node) => self.platform(interrupt).only(node.clone()),
            Self::Usb | Self::Service { .. } => self.platform(interrupt),
        }
    }
}

/// What sentences call a key that was found.
pub(crate) fn authenticator_of(key: &PluggedKey) -> Authenticator {
    match key.attachment {
        Attachment::Service => of_service(&key.name),
        Attachment::Plugged => Authenticator::SecurityKey,
    }
}

/// What sentences call a service of this name.
fn of_service(name: &str) -> Authenticator {
    if name == THIS_COMPUTER { Authenticator::ThisComputer } else { Authenticator::SecurityKey }
}

impl PlaceError {
    /// How it comes out.
    pub(crate) fn report(&self) -> ErrorReport {
        match self {
            Self::Missing(path) => {
                let message = format!("There is no device {}.", path.display());
                ErrorReport::new(Exit::NoKey, "no_such_device", message).hint(LIST)
            }
            Self::NotAKey(path) => {
                let message = format!("{} is not a security key.", path.display());
                ErrorReport::new(Exit::NoKey, "not_a_key", message).hint(LIST)
            }
            Self::NoService(socket) => {
                let message =
                    format!("This computer holds no passkeys: nothing listens at {}.", socket.display());
                ErrorReport::new(Exit::NoKey, "this_computer_missing", message)
                    .hint(format!("Install the package passkey-tpm, then: {START}"))
            }
            Self::Services { folder, error } => {
                let message = format!("Whether this computer holds passkeys cannot be known: {error}.");
                let report = ErrorReport::new(Exit::Failed, "this_computer_unusable", message);
                match error {
                    ListError::Untrusted(_) => report.hint(restore(folder)),
                    ListError::NoDescriptors => {
                        report.hint("Raise the limit (ulimit -n), or close other programs.")
                    }
                    ListError::Io(_) => report.hint(format!("Look at it: ls -ld {}", folder.display())),
                }
            }
        }
    }
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report().message)
    }
}

const LIST: &str = "List the security keys that are plugged in: passkey-enroll keys";
/// Has the service of this computer listen.
pub(crate) const START: &str = "sudo systemctl enable --now passkey-tpm.socket";

/// Gives the folder of the services back to root.
pub(crate) fn restore(folder: &Path) -> String {
    let folder = folder.display();
    format!("Give it back to root: sudo chown root: {folder} && sudo chmod 0755 {folder}")
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
