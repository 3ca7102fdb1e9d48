//! Reading a foreign file, with the rights of the caller.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

/// The longest file, in bytes: some fifty thousand passkeys.
const MAX_LEN: u64 = 16 * 1024 * 1024;

/// Reads the file at `path`. It may be the wrong file and hold secrets, so the bytes are zeroized.
///
/// # Errors
/// What stands in the way.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // Non-blocking, since a FIFO would have us wait for ever.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map(File::from).map_err(io::Error::from)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(FileError::NotRegular);
    }
    bounded(file, metadata.len())
}

/// Reads to the end, as much as a file may have. `len`: what it has, as far as that is known.
fn bounded(file: impl io::Read, len: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let capacity = usize::try_from(len.min(MAX_LEN)).unwrap_or(0).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    let len = file.take(MAX_LEN.saturating_add(1)).read_to_end(&mut bytes)?;
    match u64::try_from(len) {
        Ok(len) if len <= MAX_LEN => Ok(bytes),
        _ => Err(FileError::TooLong),
    }
}

/// Reads standard input to its end.
///
/// # Errors
/// What stands in the way.
pub(crate) fn read_stdin() -> Result<Zeroizing<Vec<u8>>, FileError> {
    bounded(io::stdin().lock(), 0)
}

/// Why a foreign file cannot be read.
#[derive(Debug)]
pub(crate) enum FileError {
    /// The system's word.
    Io(io::Error),
    /// A folder, a device or the like.
    NotRegular,
    /// Longer than such a file can be.
    TooLong,
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::NotRegular => f.write_str("it is not a regular file"),
            Self::TooLong => write!(f, "it is longer than {MAX_LEN} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_are_read_and_only_so_far() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        assert!(matches!(read(&path), Err(FileError::Io(error)) if error.kind() == io::ErrorKind::NotFound));
        assert!(matches!(read(dir.path()), Err(FileError::NotRegular)));
        assert!(matches!(read(Path::new("/dev/zero")), Err(FileError::NotRegular)));
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(matches!(read(&path), Err(FileError::NotRegular)));
        std::fs::remove_file(&path).unwrap();
        let file = File::create(&path).unwrap();
        file.set_len(MAX_LEN).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, MAX_LEN);
        file.set_len(MAX_LEN + 1).unwrap();
        assert!(matches!(read(&path), Err(FileError::TooLong)));
    }
}
