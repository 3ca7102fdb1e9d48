//! What the administrator decides: `passkey.toml`, the module's arguments, and the policy that follows from both.

mod arguments;
mod attestation;
mod error;
mod file;
mod host;
mod policy;
mod remote;
mod settings;
mod suggest;
mod template;

// As the ceremony imports it.
pub(crate) use crate::account::Account;
pub use arguments::{ArgumentError, Arguments, ConfigPath};
pub use attestation::{
    AttestationPolicy, AttestationRequirement, AttestationTable, DEFAULT_METADATA_SIGNER, MetadataPolicy,
    OutdatedMetadata,
};
pub(crate) use error::readable;
pub use error::{ConfigError, ConfigErrorReason, Expectation, SettingError};
pub use file::{
    Config, DEFAULT_CREDENTIAL_FILES, DEFAULT_KEYRING_DIR, DEFAULT_PATH, DEFAULT_RECOVERY_DIR,
    DEFAULT_STATE_DIR,
};
pub use host::{HostNameError, machine_rp_id};
pub use policy::{
    CounterPolicy, KeyringPolicy, Mode, Policy, Recovery, Remote, Unenrolled, UserVerification,
};
pub use remote::serves_other_machines;
pub use settings::Settings;
pub(crate) use template::file_name;
pub use template::{Template, TemplateError};
