//! Checks in another process: because it loads foreign libraries, takes on another user's rights, or may hang.
//!
//! - [`module`]: does the dynamic linker take the module, and where does libpam look for it?
//! - [`access`]: may a user open a file?
//! - [`users`]: whom does the user database list?
//! - [`units`]: what does systemd make of a unit?
//!
//! Each has a side that asks and, but for [`units`], a side that answers: this program, called with [`COMMAND`]. Every question has
//! a deadline.

pub(super) mod access;
pub(super) mod module;
pub(super) mod units;
pub(super) mod users;

use std::cell::{OnceCell, RefCell};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use passkey_core::account::UserDatabase;

use crate::account::SystemUsers;
use crate::report::Exit;

use access::{Access, Accessor, Identity};
use module::Loading;
use units::UnitAnswer;
use users::{IdRange, Listing};

/// What this program is called with to be one of these processes. It is not a command for people.
pub(crate) const COMMAND: &str = "probe-machine";

/// Asks other processes about the machine. Tests have answers of their own.
pub(super) trait Probe: fmt::Debug {
    /// The folder that libpam loads modules from.
    fn module_folder(&self) -> Option<PathBuf>;
    /// What becomes of loading a module.
    fn load(&self, module: &Path) -> Loading;
    /// Whether a user may open a file like this. `None` where that cannot be found out.
    fn may_access(&self, user: &Identity, path: &Path, access: Access) -> Option<bool>;
    /// Everyone whom the user database lists, and whether those outside `range` have a password.
    fn users(&self, range: IdRange) -> Listing;
    /// The user database, for single look-ups.
    fn database(&self) -> &dyn UserDatabase;
    /// What systemd makes of a unit.
    fn unit(&self, name: &str) -> UnitAnswer;
}

/// This machine.
#[derive(Debug, Default)]
pub(super) struct System {
    /// One process for all questions about files.
    accessor: RefCell<Accessor>,
    /// Found out once, however often it is asked for.
    module_folder: OnceCell<Option<PathBuf>>,
    users: OnceCell<Listing>,
}

impl Probe for System {
    fn module_folder(&self) -> Option<PathBuf> {
        self.module_folder.get_or_init(|| module::folder(own_process(&["module-folder"]))).clone()
    }

    fn load(&self, module: &Path) -> Loading {
        let mut command = own_process(&["module"]);
        command.arg(module);
        module::load(command)
    }

    fn may_access(&self, user: &Identity, path: &Path, access: Access) -> Option<bool> {
        self.accessor.borrow_mut().ask(|| own_process(&["access"]), user, path, access)
    }

    fn users(&self, range: IdRange) -> Listing {
        let (first, last) = (range.first.to_string(), range.last.to_string());
        self.users.get_or_init(|| users::list(own_process(&["users", &first, &last]))).clone()
    }

    fn database(&self) -> &dyn UserDatabase {
        &SystemUsers
    }

    fn unit(&self, name: &str) -> UnitAnswer {
        units::show(name)
    }
}

/// This very program, whatever has become of its file meanwhile, without what the caller's environment says to libraries.
fn own_process(words: &[&str]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(COMMAND).args(words).env_clear().current_dir("/");
    command
}

/// One of these processes, from beginning to end.
pub(crate) fn inside(arguments: &[OsString]) -> Exit {
    // It is not to go on when the command has ended.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let words: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    match (words.as_slice(), arguments) {
        (["module-folder"], _) => module::find_folder(),
        (["module", ..], [_, path]) => module::try_to_load(Path::new(path)),
        (["access"], _) => access::answer(),
        (["users", first, last], _) => match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) => users::write_list(IdRange { first, last }),
            _ => Exit::Usage,
        },
        _ => Exit::Usage,
    }
}
