//! Reading files that may be of any kind and length.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

/// Reads a whole file of at most `max_len` bytes. Links are followed. The content is wiped when it is dropped: a file that a
/// person names may be the wrong one, and secret.
///
/// # Errors
/// [`ReadError`]
pub(crate) fn read(path: &Path, max_len: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let (file, len) = open(path)?;
    read_from(file, len, max_len)
}

/// Reads at most `max_len` bytes to the end. `len`: how many there are, as far as that is known.
///
/// # Errors
/// [`ReadError`], but not for its kind.
pub(crate) fn read_from(
    source: impl io::Read,
    len: u64,
    max_len: u64,
) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    // Room for all of it from the start, so that no copy is left behind; a file of /proc says that it is empty.
    let room = usize::try_from(len.min(max_len)).unwrap_or(0).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let len = source.take(max_len.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(len).is_ok_and(|len| len <= max_len) {
        Ok(bytes)
    } else {
        Err(ReadError::TooLong { max_len })
    }
}

/// The text of a file of at most `max_len` bytes; what is not UTF-8 in it is replaced.
///
/// # Errors
/// [`ReadError`]
pub(crate) fn read_text(path: &Path, max_len: u64) -> Result<String, ReadError> {
    Ok(String::from_utf8_lossy(&read(path, max_len)?).into_owned())
}

/// The last `max_len` bytes of a file, as text.
///
/// # Errors
/// [`ReadError`], but not for its length.
pub(crate) fn read_tail(path: &Path, max_len: u64) -> Result<String, ReadError> {
    let (mut file, len) = open(path)?;
    file.seek(SeekFrom::Start(len.saturating_sub(max_len)))?;
    let mut bytes = Vec::new();
    file.take(max_len).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A regular file and its length.
fn open(path: &Path) -> Result<(File, u64), ReadError> {
    // Non-blocking, since opening a FIFO or a modem would wait for the other end.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map(File::from).map_err(io::Error::from)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata.len())) } else { Err(ReadError::NotRegular) }
}

/// Why a file cannot be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The system's reason.
    Io(io::Error),
    /// A folder, a device or the like.
    NotRegular,
    /// Longer than such a file can be.
    TooLong {
        /// The most bytes.
        max_len: u64,
    },
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::NotRegular => f.write_str("it is not a regular file"),
            Self::TooLong { max_len } => write!(f, "it is longer than {max_len} bytes"),
        }
    }
}

impl std::error::Error for ReadError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert!(
            matches!(read(&path, 9), Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound)
        );
        assert!(matches!(read(dir.path(), 9), Err(ReadError::NotRegular)));
        assert!(matches!(read_tail(Path::new("/dev/zero"), 9), Err(ReadError::NotRegular)));
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(matches!(read(&path, 9), Err(ReadError::NotRegular)));
    }

    #[test]
    fn the_bound_holds_to_the_byte() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "abc\u{e9}").unwrap();
        assert_eq!(*read(&path, 5).unwrap(), "abc\u{e9}".as_bytes());
        assert!(matches!(read(&path, 4), Err(ReadError::TooLong { max_len: 4 })));
        assert_eq!(read_text(&path, 5).unwrap(), "abc\u{e9}");
        assert_eq!(read_tail(&path, 3).unwrap(), "c\u{e9}");
        assert_eq!(read_tail(&path, 9).unwrap(), "abc\u{e9}");
        // One that does not tell its length.
        assert!(read_text(Path::new("/proc/self/status"), 1 << 20).unwrap().contains("Pid:"));
        assert!(matches!(read(Path::new("/proc/self/status"), 8), Err(ReadError::TooLong { .. })));
    }
}
