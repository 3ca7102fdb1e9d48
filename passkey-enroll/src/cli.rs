//! The command line, as a person types it. Help, manual page and completions are made from these definitions.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use ctap::cose::Algorithm;
use passkey_core::config::UserVerification;
use passkey_core::credential::{check_name, is_rp_id};

/// What stands below every help text of the command as a whole.
const AFTER_HELP: &str = "\
Examples:
  sudo passkey-enroll add                 enrol the security key that is plugged in
  passkey-enroll list                     show your passkeys
  passkey-enroll verify --service sudo    rehearse signing in to sudo
  sudo passkey-enroll doctor              look for everything that can stop a sign-in
  passkey-enroll key pin set              give a security key a PIN
  sudo passkey-enroll remove \"Old key\"    take a passkey away

Exit status:
   0  done                          6  timed out
   1  failed                        7  cancelled
   2  command line not understood   8  not permitted
   3  no security key               9  not enrolled
   4  wrong PIN                    10  already enrolled
   5  PIN or fingerprint locked    11  credential file or configuration broken";

/// Enrol and manage the passkeys that sign you in to this machine.
///
/// A passkey lives on a security key. This machine keeps only what it needs to recognise it: nothing here is secret.
#[derive(Debug, Parser)]
#[command(name = "passkey-enroll", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Work on this user's passkeys instead of your own (root only)
    #[arg(long, global = true, value_name = "USER")]
    pub user: Option<String>,
    /// Print the result as one JSON object
    #[arg(long, global = true)]
    pub json: bool,
    /// Read this configuration instead of /etc/passkey/passkey.toml
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Enrol a passkey on a security key
    Add(Add),
    /// List your passkeys
    List,
    /// Show all that is known of one passkey
    Show(Show),
    /// Give a passkey another name
    Rename(Rename),
    /// Keep a passkey on file and let it sign in no more
    Disable(Disable),
    /// Let a disabled passkey sign in again
    Enable(Enable),
    /// Remove a passkey from this machine
    Remove(Remove),
    /// Rehearse signing in, without signing in to anything
    Verify(Verify),
    /// Show the security keys that are plugged in
    Keys,
    /// Care for a security key itself: its PIN, its fingerprints, the passkeys on it
    Key(Key),
    /// Talk to a security key on behalf of another process of this program
    #[command(name = CARE_COMMAND, hide = true)]
    CareForKey,
    /// Take over passkeys that another program wrote down
    Import(Import),
    /// Write passkeys down for another program
    Export(Export),
    /// Look for everything that can stop a sign-in, and say what to do about it
    ///
    /// Nothing is changed. Without root, only what the caller can see is looked at. The exit status is 0 where nothing is worse
    /// than a note, 11 where the credential files or the configuration are broken, and 1 for any other warning or error.
    Doctor,
}

/// The command that this program runs itself as, to talk to a key at arm's length. Of no use to a person.
pub const CARE_COMMAND: &str = "care-for-key";

/// `add`
#[derive(Args, Debug)]
pub struct Add {
    /// What to call the passkey [default: the model of the security key]
    #[arg(long, value_parser = name)]
    pub name: Option<String>,
    /// Let the security key find the passkey by itself, as signing in without a user name needs it
    #[arg(long)]
    pub discoverable: bool,
    /// Whom the passkey is for [default: `rp_id` of the configuration, or this machine's host name]
    #[arg(long, value_name = "ID", value_parser = rp_id)]
    pub rp_id: Option<String>,
    /// Whether the security key must check who touches it, by PIN or fingerprint [default: as strict as the strictest
    /// service of the configuration]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub verification: Option<Verification>,
    /// The signature algorithm [default: the first of these that the security key knows]
    #[arg(long, value_enum)]
    pub algorithm: Option<SignatureAlgorithm>,
    /// Use the security key at this device node, such as /dev/hidraw0
    #[arg(long, value_name = "PATH")]
    pub device: Option<PathBuf>,
    /// Refuse a security key that no maker vouches for whom the configuration trusts
    #[arg(long)]
    pub require_attestation: bool,
    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub timeout: u16,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
}

impl Add {
    /// `--timeout`
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }
}

/// How the PIN comes in.
#[derive(Args, Clone, Copy, Debug)]
pub struct Pin {
    /// Read the PIN of the security key from standard input instead of asking for it
    #[arg(long)]
    pub pin_stdin: bool,
}

/// `show`
#[derive(Args, Debug)]
pub struct Show {
    /// The name of the passkey
    pub name: String,
}

/// `rename`
#[derive(Args, Debug)]
pub struct Rename {
    /// The name of the passkey
    #[arg(value_name = "OLD")]
    pub name: String,
    /// What to call it from now on
    #[arg(value_name = "NEW", value_parser = name)]
    pub new_name: String,
}

/// `disable`
#[derive(Args, Debug)]
pub struct Disable {
    /// The name of the passkey
    pub name: String,
    /// Do not ask for confirmation, even if it is the last one that can sign in
    #[arg(long, short)]
    pub yes: bool,
}

/// `enable`
#[derive(Args, Debug)]
pub struct Enable {
    /// The name of the passkey
    pub name: String,
}

/// `remove`
#[derive(Args, Debug)]
pub struct Remove {
    /// The name of the passkey
    pub name: String,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// `verify`
#[derive(Args, Debug)]
pub struct Verify {
    /// Rehearse under the rules of this PAM service, such as sudo: those of the configuration and those of its line in
    /// /etc/pam.d or /usr/lib/pam.d [default: the rules of no service in particular]
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
}

/// `key`
#[derive(Args, Debug)]
pub struct Key {
    /// What to do.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// The commands that care for a key.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Set or change the PIN of a security key
    #[command(subcommand)]
    Pin(PinCommand),
    /// Manage the fingerprints that a security key knows
    #[command(subcommand)]
    Fingerprint(FingerprintCommand),
    /// Manage the discoverable passkeys that a security key holds, for this machine and for websites
    #[command(subcommand)]
    Passkeys(PasskeysCommand),
    /// Have a security key forget everything: its passkeys, its PIN and its fingerprints
    ///
    /// A key does so only within 10 seconds of being plugged in, and when it is touched. Passkeys for websites are lost as well.
    Reset(Reset),
}

/// Which key, and how long to wait for it.
#[derive(Args, Debug)]
pub struct OnKey {
    /// Use the security key at this device node, such as /dev/hidraw0 [default: the one that is plugged in, or touched]
    #[arg(long, value_name = "PATH")]
    pub device: Option<PathBuf>,
    /// Give up after this many seconds without a sign of the security key or a touch
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub timeout: u16,
}

impl OnKey {
    /// `--timeout`
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }
}

/// `key pin`
#[derive(Debug, Subcommand)]
pub enum PinCommand {
    /// Set the PIN of a security key that has none
    Set(SetPin),
    /// Change the PIN of a security key
    Change(ChangePin),
}

/// `key pin set`
#[derive(Args, Debug)]
pub struct SetPin {
    /// Read the new PIN from standard input instead of asking for it
    #[arg(long)]
    pub pin_stdin: bool,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key pin change`
#[derive(Args, Debug)]
pub struct ChangePin {
    /// Read the present PIN and the new one from standard input, one per line, instead of asking for them
    #[arg(long)]
    pub pin_stdin: bool,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key fingerprint`
#[derive(Debug, Subcommand)]
pub enum FingerprintCommand {
    /// List the fingerprints that a security key knows
    List(ListOnKey),
    /// Enrol a fingerprint, sample by sample
    Add(AddFingerprint),
    /// Give a fingerprint another name
    Rename(RenameFingerprint),
    /// Remove a fingerprint from a security key
    Remove(RemoveFingerprint),
}

/// `key … list`
#[derive(Args, Debug)]
pub struct ListOnKey {
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key fingerprint add`
#[derive(Args, Debug)]
pub struct AddFingerprint {
    /// What to call the fingerprint, such as "right thumb" [default: Finger, Finger 2, …]
    #[arg(long, value_parser = name)]
    pub name: Option<String>,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key fingerprint rename`
#[derive(Args, Debug)]
pub struct RenameFingerprint {
    /// The name of the fingerprint, or its id as `list` shows it
    #[arg(allow_hyphen_values = true)]
    pub old: String,
    /// Its new name
    #[arg(value_parser = name)]
    pub new: String,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key fingerprint remove`
#[derive(Args, Debug)]
pub struct RemoveFingerprint {
    /// The name of the fingerprint, or its id as `list` shows it
    #[arg(allow_hyphen_values = true)]
    pub name: String,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key passkeys`
#[derive(Debug, Subcommand)]
pub enum PasskeysCommand {
    /// List the discoverable passkeys that a security key holds
    List(ListOnKey),
    /// Remove a discoverable passkey from a security key
    Remove(RemoveFromKey),
}

/// `key passkeys remove`
#[derive(Args, Debug)]
pub struct RemoveFromKey {
    /// The id of the passkey, or its last characters, as `list` shows them
    #[arg(allow_hyphen_values = true)]
    pub id: String,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `key reset`
#[derive(Args, Debug)]
pub struct Reset {
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Afterwards remove those of your passkeys from this machine that were on the security key [default: ask]
    #[arg(long)]
    pub forget: bool,
    /// Which key.
    #[command(flatten)]
    pub on: OnKey,
}

/// `import`
#[derive(Args, Debug)]
pub struct Import {
    /// The file that the other program keeps them in
    pub file: PathBuf,
    /// Which program that is
    #[arg(long, value_enum)]
    pub format: ForeignFormat,
    /// Whom the passkeys are for [default: what pam_u2f is told in /etc/pam.d; for ssh keys, what they say themselves]
    #[arg(long, value_name = "ID", value_parser = rp_id)]
    pub rp_id: Option<String>,
    /// Take over the passkeys of all users that the file names (root only)
    #[arg(long, conflicts_with = "user")]
    pub all_users: bool,
    /// Look only on the security key at this device node for what the file leaves to the key
    #[arg(long, value_name = "PATH")]
    pub device: Option<PathBuf>,
    /// How the PIN comes in.
    #[command(flatten)]
    pub pin: Pin,
}

/// `export`
#[derive(Args, Debug)]
pub struct Export {
    /// Which program they are for
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// Only those for this RP ID, where there are several
    #[arg(long, value_name = "ID", value_parser = rp_id)]
    pub rp_id: Option<String>,
}

/// `--format` of `import`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ForeignFormat {
    /// The authfile of pam_u2f
    #[value(name = "pam-u2f")]
    PamU2f,
    /// Passkey mappings of SSSD and FreeIPA, one in a line
    Sssd,
    /// An ecdsa-sk or ed25519-sk private key of OpenSSH
    Openssh,
}

impl ForeignFormat {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PamU2f => "pam-u2f",
            Self::Sssd => "sssd",
            Self::Openssh => "openssh",
        }
    }

    /// What a passkey is called that has no name of its own.
    pub(crate) fn fallback_name(self) -> &'static str {
        match self {
            Self::PamU2f => "From pam_u2f",
            Self::Sssd => "From SSSD",
            Self::Openssh => "From OpenSSH",
        }
    }
}

/// `--format` of `export`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A line for the authfile of pam_u2f
    #[value(name = "pam-u2f")]
    PamU2f,
    /// Passkey mappings of SSSD and FreeIPA, one in a line
    Sssd,
}

impl ExportFormat {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PamU2f => "pam-u2f",
            Self::Sssd => "sssd",
        }
    }
}

/// `--verification`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verification {
    /// It must
    Required,
    /// If it can
    Preferred,
    /// Only if the security key insists
    Discouraged,
}

impl From<Verification> for UserVerification {
    fn from(verification: Verification) -> Self {
        match verification {
            Verification::Required => Self::Required,
            Verification::Preferred => Self::Preferred,
            Verification::Discouraged => Self::Discouraged,
        }
    }
}

/// `--algorithm`, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignatureAlgorithm {
    /// ECDSA over P-256 with SHA-256, which every security key knows
    Es256,
    /// Ed25519
    #[value(name = "eddsa")]
    EdDsa,
    /// ECDSA over P-384 with SHA-384
    Es384,
}

impl From<SignatureAlgorithm> for Algorithm {
    fn from(algorithm: SignatureAlgorithm) -> Self {
        match algorithm {
            SignatureAlgorithm::Es256 => Self::Es256,
            SignatureAlgorithm::EdDsa => Self::EdDsa,
            SignatureAlgorithm::Es384 => Self::Es384,
        }
    }
}

/// The whole command line, for documents that are made from it.
pub fn command() -> clap::Command {
    Cli::command()
}

fn name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

fn rp_id(text: &str) -> Result<String, String> {
    if is_rp_id(text) {
        Ok(text.to_owned())
    } else {
        Err("an RP ID is a name such as example.org: visible ASCII characters, no quotes".to_owned())
    }
}

#[cfg(test)]
#[path = "cli_tests.rs"]
mod tests;
