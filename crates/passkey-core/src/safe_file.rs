//! Opening files whose content decides who may sign in.
//!
//! The path is walked from the root one component at a time, each opened relative to the descriptor before it and
//! never by the kernel through a symbolic link, and every descriptor is judged itself: nothing can be exchanged between
//! the question and the answer. A file is trusted if only root and its user could have written it or put it there.
//!
//! A symbolic link on the way, such as `/home` → `/var/home`, is followed where root alone could have put it there: the
//! link and its directory are root's, and the directory is not writable by others. What it leads to is walked and judged
//! like any path. The file itself is never a link, and no link of a user's is followed.

mod error;

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::{OsStrExt as _, OsStringExt as _},
    },
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
    process::Resource,
};

pub use error::SafeFileError;
pub(crate) use error::refusal;

/// The most symbolic links that are followed on the way to one file.
const MAX_LINKS: u32 = 8;

/// Who may own a trusted file and the directories above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Only root.
    Root,
    /// Root, or the user with this id.
    RootOr(u32),
}

impl Owner {
    fn accepts(self, uid: u32) -> bool {
        uid == 0 || matches!(self, Self::RootOr(user) if user == uid)
    }
}

/// What a name on the way turned out to be.
enum Entered {
    /// A directory, judged.
    Directory(TrustedDir),
    /// A symbolic link that is followed, and where it leads to.
    Link(PathBuf),
}

/// One step on the way to a directory.
enum Step {
    Root,
    Up,
    Down(OsString),
}

/// The steps that a link's target stands for.
fn steps_of(target: &Path) -> Vec<Step> {
    target
        .components()
        .filter_map(|component| match component {
            Component::RootDir => Some(Step::Root),
            Component::ParentDir => Some(Step::Up),
            Component::Normal(name) => Some(Step::Down(name.to_owned())),
            Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

/// A directory, and the way to it, that only root and the user can write to.
#[derive(Debug)]
pub struct TrustedDir {
    fd: OwnedFd,
    path: PathBuf,
    owner: Owner,
}

impl TrustedDir {
    /// Opens the directory at the absolute `path`.
    ///
    /// # Errors
    /// What stands in the way, or why a component of the path is not trusted.
    pub fn open(path: &Path, owner: Owner) -> Result<Self, SafeFileError> {
        Self::walk(path, owner, None)
    }

    /// Like [`TrustedDir::open`], making what does not exist yet with the given mode.
    ///
    /// # Errors
    /// As [`TrustedDir::open`], or why a directory cannot be made.
    pub fn create(path: &Path, owner: Owner, mode: Mode) -> Result<Self, SafeFileError> {
        Self::walk(path, owner, Some(mode))
    }

    /// Goes to `path`; with a mode for new directories, makes those that do not exist yet.
    fn walk(path: &Path, owner: Owner, new: Option<Mode>) -> Result<Self, SafeFileError> {
        let mut steps: VecDeque<Step> =
            names(path)?.into_iter().map(|name| Step::Down(name.into())).collect();
        let mut dir = Self::root(owner)?;
        let mut links: u32 = 0;
        while let Some(step) = steps.pop_front() {
            let name = match step {
                Step::Root => {
                    dir = Self::root(owner)?;
                    continue;
                }
                Step::Up => {
                    dir = dir.parent()?;
                    continue;
                }
                Step::Down(name) => name,
            };
            let entered = match (dir.enter(&name), new) {
                (Err(SafeFileError::NotFound { .. }), Some(mode)) => {
                    dir.make(&name, mode).map(Entered::Directory)
                }
                (entered, _) => entered,
            };
            match entered? {
                Entered::Directory(entered) => dir = entered,
                Entered::Link(_) if links == MAX_LINKS => {
                    return Err(SafeFileError::Symlink { path: dir.path.join(name) });
                }
                Entered::Link(target) => {
                    links = links.saturating_add(1);
                    for step in steps_of(&target).into_iter().rev() {
                        steps.push_front(step);
                    }
                }
            }
        }
        Ok(dir)
    }

    fn root(owner: Owner) -> Result<Self, SafeFileError> {
        let path = PathBuf::from("/");
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd =
            rustix::fs::open(&path, flags, Mode::empty()).map_err(|errno| refusal(&path, errno.into()))?;
        Self { fd, path, owner }.judged()
    }

    /// The directory above. The way here led through no link, so the path's parent is it.
    fn parent(&self) -> Result<Self, SafeFileError> {
        let path = self.path.parent().unwrap_or(&self.path).to_owned();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.fd, "..", flags, Mode::empty()) {
            Ok(fd) => Self { fd, path, owner: self.owner }.judged(),
            Err(errno) => Err(refusal(&path, errno.into())),
        }
    }

    fn enter(&self, name: &OsStr) -> Result<Entered, SafeFileError> {
        let path = self.path.join(name);
        // O_PATH: passing through needs no permission to read the directory.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Self { fd, path, owner: self.owner }.judged().map(Entered::Directory),
            Err(Errno::NOTDIR | Errno::LOOP) => self.link_target(name, path).map(Entered::Link),
            Err(errno) => Err(refusal(&path, errno.into())),
        }
    }

    /// Where the symbolic link `name` leads to, if root alone could have put it there.
    fn link_target(&self, name: &OsStr, path: PathBuf) -> Result<PathBuf, SafeFileError> {
        let failed = |errno: Errno| refusal(&path, errno.into());
        // The link itself, so that what is judged is what is read.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let link = rustix::fs::openat(&self.fd, name, flags, Mode::empty()).map_err(failed)?;
        let stat = rustix::fs::fstat(&link).map_err(failed)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
            return Err(SafeFileError::NotDirectory { path });
        }
        let dir = self.stat()?;
        if stat.st_uid != 0 || dir.st_uid != 0 || writable_by_others(&dir) {
            return Err(SafeFileError::Symlink { path });
        }
        let target = rustix::fs::readlinkat(&link, "", Vec::new()).map_err(failed)?;
        Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }

    fn make(&self, name: &OsStr, mode: Mode) -> Result<Self, SafeFileError> {
        let path = self.path.join(name);
        let ours = match rustix::fs::mkdirat(&self.fd, name, mode) {
            Ok(()) => true,
            // Another process made it at the same moment: it is judged like any other.
            Err(Errno::EXIST) => false,
            Err(errno) => return Err(refusal(&path, errno.into())),
        };
        let Entered::Directory(dir) = self.enter(name)? else {
            return Err(SafeFileError::Symlink { path });
        };
        if ours {
            // The process's umask is the host's affair and must not lock the user out.
            rustix::fs::chmodat(&self.fd, name, mode, AtFlags::empty())
                .map_err(|errno| refusal(&path, errno.into()))?;
        }
        Ok(dir)
    }

    fn judged(self) -> Result<Self, SafeFileError> {
        let stat = self.stat()?;
        judge_owner(&self.path, &stat, self.owner)?;
        // In a sticky directory (such as /tmp) only an entry's owner can exchange it, and the entry is judged next.
        if writable_by_others(&stat) && !Mode::from_raw_mode(stat.st_mode).contains(Mode::SVTX) {
            return Err(SafeFileError::WritableByOthers { path: self.path, mode: permissions(&stat) });
        }
        Ok(self)
    }

    fn stat(&self) -> Result<Stat, SafeFileError> {
        rustix::fs::fstat(&self.fd).map_err(|errno| refusal(&self.path, errno.into()))
    }

    /// The directory's path, without the links on the way.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of what is in this directory, sorted, without those that begin with a point.
    ///
    /// # Errors
    /// What stands in the way, such as more than `max` names.
    pub fn names(&self, max: usize) -> Result<Vec<OsString>, SafeFileError> {
        let failed = |errno: Errno| refusal(&self.path, errno.into());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, ".", flags, Mode::empty()).map_err(failed)?;
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::new(fd).map_err(failed)? {
            let name = OsStr::from_bytes(entry.map_err(failed)?.file_name().to_bytes()).to_owned();
            if name.as_bytes().starts_with(b".") {
                continue;
            }
            if names.len() >= max {
                return Err(SafeFileError::TooManyFiles { path: self.path.clone(), max });
            }
            names.push(name);
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Reads the file `name` in this directory whole, if it can be trusted and is at most `max_len` bytes long.
    ///
    /// # Errors
    /// What stands in the way, or why it is not trusted.
    pub fn read(&self, name: &OsStr, max_len: u64) -> Result<Vec<u8>, SafeFileError> {
        let path = self.path.join(name);
        // Non-blocking, or opening a FIFO put in the file's place would wait for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::LOOP) => return Err(SafeFileError::Symlink { path }),
            Err(errno) => return Err(refusal(&path, errno.into())),
        };
        let stat = rustix::fs::fstat(&fd).map_err(|errno| refusal(&path, errno.into()))?;
        judge_file(&path, &stat, self.owner, max_len)?;
        let mut content = Vec::new();
        // The bound holds for what is read, not for what the size was a moment ago.
        let read = File::from(fd).take(max_len.saturating_add(1)).read_to_end(&mut content);
        let len = read.map_err(|error| refusal(&path, error))?;
        match u64::try_from(len) {
            Ok(len) if len <= max_len => Ok(content),
            _ => Err(SafeFileError::TooLarge { path, max_len }),
        }
    }
}

impl AsFd for TrustedDir {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Reads the file at the absolute `path` whole, if it can be trusted and is at most `max_len` bytes long.
///
/// # Errors
/// What stands in the way, or why it is not trusted.
pub fn read(path: &Path, owner: Owner, max_len: u64) -> Result<Vec<u8>, SafeFileError> {
    let (dir, name) = split(path)?;
    TrustedDir::open(dir, owner)?.read(name, max_len)
}

/// Writes `content` at the beginning of `file`, which is empty, or nothing where the process may not write files so
/// long. The kernel ends a process that writes beyond its limit with SIGXFSZ, and the process is not ours.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] beyond the limit (`RLIMIT_FSIZE`), or what keeps the file from being written.
pub fn write_whole(file: &mut File, content: &[u8]) -> io::Result<()> {
    let limit = rustix::process::getrlimit(Resource::Fsize).current;
    if limit.is_some_and(|limit| u64::try_from(content.len()).map_or(true, |len| len > limit)) {
        return Err(Errno::FBIG.into());
    }
    file.write_all(content)
}

/// A path's directory and last name.
pub(crate) fn split(path: &Path) -> Result<(&Path, &OsStr), SafeFileError> {
    match (path.parent(), path.file_name()) {
        (Some(dir), Some(name)) => Ok((dir, name)),
        _ => Err(SafeFileError::NotPlain { path: path.to_owned() }),
    }
}

/// The names that lead from the root to `path`.
fn names(path: &Path) -> Result<Vec<&OsStr>, SafeFileError> {
    let not_plain = || SafeFileError::NotPlain { path: path.to_owned() };
    let mut components = path.components();
    if components.next() != Some(Component::RootDir) {
        return Err(not_plain());
    }
    components
        .map(|component| match component {
            Component::Normal(name) => Ok(name),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
                Err(not_plain())
            }
        })
        .collect()
}

fn judge_file(path: &Path, stat: &Stat, owner: Owner, max_len: u64) -> Result<(), SafeFileError> {
    let path = || path.to_owned();
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(SafeFileError::NotRegular { path: path() });
    }
    judge_owner(&path(), stat, owner)?;
    if writable_by_others(stat) {
        return Err(SafeFileError::WritableByOthers { path: path(), mode: permissions(stat) });
    }
    // A second name for the file may lie where others can reach it. No name at all is what a file has that was
    // replaced between opening and now: whole, and a moment old.
    if stat.st_nlink > 1 {
        return Err(SafeFileError::HardLinked { path: path() });
    }
    if u64::try_from(stat.st_size).is_ok_and(|len| len <= max_len) {
        Ok(())
    } else {
        Err(SafeFileError::TooLarge { path: path(), max_len })
    }
}

fn judge_owner(path: &Path, stat: &Stat, owner: Owner) -> Result<(), SafeFileError> {
    if owner.accepts(stat.st_uid) {
        Ok(())
    } else {
        Err(SafeFileError::ForeignOwner { path: path.to_owned(), uid: stat.st_uid, accepted: owner })
    }
}

fn writable_by_others(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH)
}

fn permissions(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

#[cfg(test)]
#[path = "safe_file_tests.rs"]
mod tests;
