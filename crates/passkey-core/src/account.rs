//! Who an account is: one entry of the user database, under the name that the database itself gives it.
//!
//! Applications pass on what a person typed, and a database may take `Alice`, `alice@ad` and `AD\alice` for one account.
//! Only the entry's own name chooses files, so a name that was typed has to go through [`UserDatabase::by_name`] first.

use std::{
    fmt::Debug,
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    ops::Deref,
    path::{Path, PathBuf},
};

use ctap::Secret;

/// The file of the local accounts.
pub const PASSWD_FILE: &str = "/etc/passwd";
/// The longest such file that is read, in bytes: a hundred thousand accounts need a tenth of it.
const MAX_PASSWD_LEN: u64 = 64 << 20;
/// The longest line that is taken for an entry, in bytes.
const MAX_LINE_LEN: u64 = 64 << 10;

/// An entry of the user database: `struct passwd` of getpwnam(3), or a line of passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswdEntry {
    /// The login name, `pw_name`.
    pub name: String,
    /// The user id.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// The home directory.
    pub home: PathBuf,
}

impl PasswdEntry {
    /// Reads a line of passwd(5); `None` where it is not an entry. Lines that begin with `+` or `-` refer to NIS, and lines that
    /// begin with `#` are comments.
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with(['+', '-', '#']))?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        let home = fields.nth(1)?;
        Some(Self { name: name.to_owned(), uid, gid, home: home.into() })
    }
}

/// A user of this machine. Its name is the user database's, and its fields are those of the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account(PasswdEntry);

impl Account {
    /// The account of an entry, as the user database gave it. A name that a person typed, or that an application passed on, does
    /// not belong in an entry: look it up with [`UserDatabase::by_name`].
    pub fn from_entry(entry: PasswdEntry) -> Self {
        Self(entry)
    }

    /// Whether the ids are ones that a user and a group can have: the largest number is the kernel's word for none.
    pub(crate) fn has_ids(&self) -> bool {
        self.uid != u32::MAX && self.gid != u32::MAX
    }
}

/// Reading only: an account keeps the name it was found under.
impl Deref for Account {
    type Target = PasswdEntry;

    fn deref(&self) -> &PasswdEntry {
        &self.0
    }
}

/// The user database that `/etc/nsswitch.conf` describes.
pub trait UserDatabase: Debug {
    /// The account that the database finds for `name`, under the database's own name for it (`getpwnam_r(3)`). `None` where there
    /// is no such account.
    ///
    /// # Errors
    /// When the database cannot be asked, or its answer makes no sense.
    fn by_name(&self, name: &str) -> io::Result<Option<Account>>;

    /// The first account with this user id (`getpwuid_r(3)`).
    ///
    /// # Errors
    /// As for [`UserDatabase::by_name`].
    fn by_uid(&self, uid: u32) -> io::Result<Option<Account>>;

    /// The account's password field of shadow(5), for those who may read it (`getspnam_r(3)`). `None` where there is none, or where the
    /// caller has no use for it.
    ///
    /// # Errors
    /// When the database cannot be asked.
    fn password_field(&self, account: &Account) -> io::Result<Option<Secret>> {
        let _ = account;
        Ok(None)
    }

    /// The file of the local accounts, where a user id may have further names.
    fn passwd_file(&self) -> &Path {
        Path::new(PASSWD_FILE)
    }
}

/// The accounts that share the user id of `account`, without the account itself: the one that the database gives for the id,
/// then those in the file of the local accounts. The file is read directly, since the position of getpwent(3) belongs to the host.
///
/// Other databases cannot be asked for all the names of an id.
///
/// # Errors
/// When the database or the file cannot be read. A file that does not exist holds no accounts.
pub fn with_same_uid(database: &dyn UserDatabase, account: &Account) -> io::Result<Vec<Account>> {
    let mut found: Vec<Account> = Vec::new();
    let local = local_accounts(database.passwd_file(), account.uid)?;
    for other in database.by_uid(account.uid)?.into_iter().chain(local) {
        // A database that gives another id for this one has not answered the question.
        if other.uid == account.uid
            && other.name != account.name
            && found.iter().all(|known| known.name != other.name)
        {
            found.push(other);
        }
    }
    Ok(found)
}

fn local_accounts(path: &Path, uid: u32) -> io::Result<Vec<Account>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // One byte more, to tell a file that is too long from one that ends there.
    let mut reader = BufReader::new(file.take(MAX_PASSWD_LEN.saturating_add(1)));
    let mut found = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut reader).take(MAX_LINE_LEN).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let text = std::str::from_utf8(&line).ok().map(str::trim_end);
        if let Some(entry) = text.and_then(PasswdEntry::parse).filter(|entry| entry.uid == uid) {
            found.push(Account::from_entry(entry));
        }
    }
    if reader.get_ref().limit() == 0 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(found)
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
