//! The commands, and what they have in common.

mod add;
mod change;
pub(crate) mod default_name;
mod disable;
mod doctor;
mod enable;
pub(crate) mod error;
mod export;
mod import;
mod key;
mod keyring;
mod keys;
mod list;
mod lock_on_removal;
mod pam;
mod recovery;
mod remove;
mod rename;
pub(crate) mod results;
mod setup;
mod show;
mod users;
mod verify;

use std::convert::Infallible;
use std::path::Path;
use std::rc::Rc;

use passkey_core::account::Account;
use passkey_core::config::{AttestationPolicy, Config, DEFAULT_PATH};
use passkey_core::credential::{Credential, UserHandle};
use passkey_core::safe_file::Owner;
use passkey_core::store::{
    CredentialFile, CredentialState, Loaded, SkippedEntry, State, Store, StoreError, UpdateError,
};

use crate::account::{self, Caller};
use crate::attestation::models::{FromMetadata, ModelNames, Models, Table};
use crate::cli::completions::completions;
use crate::cli::{Cli, Command, Global};
use crate::commands::error::Error;
use crate::commands::results::json;
use crate::key::Services;
use crate::report::{self, Output};
use crate::report::{Exit, shell};

/// Does what `cli` asks for.
pub(crate) fn run(cli: &Cli, output: Output) -> Result<Exit, Error> {
    // What is the matter with a configuration is found out even where nothing else can be done under it.
    if let Command::Doctor = cli.command {
        return doctor::run(&cli.global, output);
    }
    // Taking something back has to work where nothing else does.
    if let Command::Pam(arguments) = &cli.command {
        return pam::run(&cli.global, output, arguments).map(|()| Exit::Done);
    }
    if let Command::Completions(arguments) = &cli.command {
        return report::plain(&completions(arguments.shell)).map(|()| Exit::Done);
    }
    let context = Context::new(&cli.global, output)?;
    match &cli.command {
        Command::Setup(arguments) => return setup::run(&context, &cli.global, arguments),
        Command::Add(arguments) => add::run(&context, arguments),
        Command::List => list::run(&context),
        Command::Show(arguments) => show::run(&context, arguments),
        Command::Rename(arguments) => rename::run(&context, arguments),
        Command::Disable(arguments) => disable::run(&context, arguments),
        Command::Enable(arguments) => enable::run(&context, arguments),
        Command::Remove(arguments) => remove::run(&context, arguments),
        Command::Verify(arguments) => verify::run(context, &cli.global, arguments),
        Command::LockOnRemoval(arguments) => {
            return lock_on_removal::run(&context, &cli.global, arguments.command);
        }
        Command::Recovery(arguments) => recovery::run(&context, arguments),
        Command::Keyring(arguments) => keyring::run(&context, arguments),
        Command::Users => users::run(&context, cli.global.user.is_some()),
        Command::Keys => keys::run(&context),
        Command::Key(arguments) => key::run(&context, arguments),
        // They need no configuration, and are done before.
        Command::Doctor | Command::Pam(_) | Command::Completions(_) => Ok(()),
        // What came in is told by the result, and whether that was all by the exit status.
        Command::Import(arguments) => return import::run(&context, arguments),
        Command::Export(arguments) => export::run(&context, arguments),
    }
    .map(|()| Exit::Done)
}

/// What every command needs.
struct Context {
    config: Config,
    /// `[attestation]` of it.
    attestation: AttestationPolicy,
    account: Account,
    store: Store,
    output: Output,
    models: Rc<Models>,
    is_root: bool,
    /// Who may own the configuration, and the files that it names.
    owner: Owner,
    /// ` --user NAME` where the caller named a user.
    user_option: String,
}

/// An entry of a credential file is passed over.
fn warn_of_damage(path: &Path, entry: &SkippedEntry) {
    let name = entry.name.as_ref().map(|name| format!(" (“{name}”)")).unwrap_or_default();
    let (path, line, reason) = (path.display(), entry.line, &entry.reason);
    report::warning(&format!("{path}:{line}: this entry{name} is passed over: {reason}"));
}

/// The option that names the account in a command to run next, where the caller named a user: by the name of the user database.
fn user_option(global: &Global, account: &Account) -> String {
    global.user.as_ref().map(|_| format!(" --user {}", shell::quoted(&account.name))).unwrap_or_default()
}

/// The table is at hand; metadata has to be read and verified first, and is asked only for what the table does not know.
fn models(attestation: &AttestationPolicy, owner: Owner) -> Models {
    let mut sources: Vec<Box<dyn ModelNames>> = vec![Box::new(Table::built_in())];
    if let Some(metadata) = &attestation.metadata {
        sources.push(Box::new(FromMetadata::new(metadata.clone(), owner)));
    }
    Models::new(sources)
}

impl Context {
    fn new(global: &Global, output: Output) -> Result<Self, Error> {
        let caller = Caller::of_process();
        // A caller who names a file can trust their own: it does not give them further rights.
        let owner = if global.config.is_some() { Owner::RootOr(caller.uid) } else { Owner::Root };
        let config = match &global.config {
            None => Config::load(Path::new(DEFAULT_PATH))?,
            Some(path) => Config::read(path, owner)?.ok_or_else(|| Error::NoConfig(path.clone()))?,
        };
        let account = account::resolve(&caller, global.user.as_deref())?;
        let attestation =
            config.attestation.read().map_err(|error| Error::AttestationConfig(Box::new(error)))?;
        let store = Store::new(&config);
        let user_option = user_option(global, &account);
        let models = Rc::new(models(&attestation, owner));
        Ok(Self {
            config,
            attestation,
            account,
            store,
            output,
            models,
            is_root: caller.is_root,
            owner,
            user_option,
        })
    }

    /// The same for another user.
    fn for_account(&self, account: Account) -> Self {
        let user_option = format!(" --user {}", shell::quoted(&account.name));
        Self {
            config: self.config.clone(),
            attestation: self.attestation.clone(),
            account,
            store: self.store.clone(),
            output: self.output,
            models: Rc::clone(&self.models),
            is_root: self.is_root,
            owner: self.owner,
            user_option,
        }
    }

    /// The user's credential file, where there is one. Entries that are passed over are warned of.
    fn load(&self) -> Result<Option<Loaded>, Error> {
        let loaded = self.store.load(&self.account)?;
        if let Some(loaded) = &loaded {
            for entry in &loaded.file.skipped {
                warn_of_damage(&loaded.path, entry);
            }
        }
        Ok(loaded)
    }

    /// The user's credential file, which holds at least something.
    fn load_enrolled(&self) -> Result<Loaded, Error> {
        self.load()?.filter(|loaded| !loaded.file.is_unenrolled()).ok_or_else(|| self.not_enrolled())
    }

    /// What is remembered of the passkeys' use. `None`, with a warning, if it cannot be read: that does not prevent
    /// anything.
    fn state(&self) -> Option<State> {
        self.store
            .load_state(&self.account)
            .inspect_err(|error| report::warning(&format!("last use and counters cannot be read: {error}")))
            .ok()
    }

    /// A passkey and what is remembered of its use, as they come out.
    fn described(&self, credential: &Credential, state: Option<&CredentialState>) -> json::Credential {
        let model = self.models.name(credential.aaguid);
        json::Credential { model, ..json::Credential::new(credential, state) }
    }

    /// The services of this machine, asked for the user.
    fn services(&self) -> Services {
        Services::of(self.account.uid)
    }

    fn user(&self) -> String {
        self.account.name.clone()
    }

    /// The command that enrols a passkey for this user.
    fn add_command(&self) -> String {
        format!("sudo passkey-enroll add{}", self.user_option)
    }

    /// The command that lists this user's passkeys.
    fn list_command(&self) -> String {
        let sudo = if self.user_option.is_empty() { "" } else { "sudo " };
        format!("{sudo}passkey-enroll list{}", self.user_option)
    }

    /// The command that removes a passkey of this user.
    fn remove_command(&self, name: &str) -> String {
        format!("sudo passkey-enroll remove{} {}", self.user_option, shell::quoted(name))
    }

    fn not_enrolled(&self) -> Error {
        Error::NotEnrolled { user: self.user(), add: self.add_command() }
    }

    /// The passkey of this name.
    fn named<'f>(&self, file: &'f CredentialFile, name: &str) -> Result<&'f Credential, Error> {
        file.named(name).ok_or_else(|| Error::NoSuchPasskey {
            user: self.user(),
            name: name.to_owned(),
            names: file.credentials.iter().map(|credential| credential.name.clone()).collect(),
            list: self.list_command(),
        })
    }

    /// Finds out whether the credential file can be changed, before a person goes to any trouble over it. Nothing is changed.
    fn check_writable(&self, new_handle: &UserHandle) -> Result<(), Error> {
        /// Ends the change before anything is written.
        struct Enough;
        let tried = self.store.update_or_create(&self.account, new_handle, |_| Err::<Infallible, _>(Enough));
        match tried {
            Err(UpdateError::Change(Enough)) => Ok(()),
            Err(UpdateError::Store(error)) => Err(self.store_error(error)),
            Ok(never) => match never {},
        }
    }

    fn store_error(&self, error: StoreError) -> Error {
        let error = Box::new(error);
        if error.is_not_permitted() && !self.is_root {
            Error::OnlyRoot { error, command: shell::invocation() }
        } else {
            Error::Store(error)
        }
    }
}
