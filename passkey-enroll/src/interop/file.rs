//! Reading a foreign file, with the rights of the caller.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use crate::util::bounded_read;
pub(crate) use crate::util::bounded_read::ReadError;

/// The longest file, in bytes: some fifty thousand passkeys.
pub(crate) const MAX_LEN: u64 = 16 * 1024 * 1024;

/// Reads the file at `path`. It may be the wrong file and hold secrets, so the bytes are zeroized.
///
/// # Errors
/// What stands in the way.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    bounded_read::read(path, MAX_LEN)
}

/// Reads standard input to its end.
///
/// # Errors
/// What stands in the way.
pub(crate) fn read_stdin() -> Result<Zeroizing<Vec<u8>>, ReadError> {
    bounded_read::read_from(io::stdin().lock(), 0, MAX_LEN)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use rustix::fs::Mode;

    use super::*;

    #[test]
    fn only_files_are_read_and_only_so_far() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        assert!(matches!(read(&path), Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound));
        assert!(matches!(read(dir.path()), Err(ReadError::NotRegular)));
        assert!(matches!(read(Path::new("/dev/zero")), Err(ReadError::NotRegular)));
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(matches!(read(&path), Err(ReadError::NotRegular)));
        std::fs::remove_file(&path).unwrap();
        let file = File::create(&path).unwrap();
        file.set_len(MAX_LEN).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, MAX_LEN);
        file.set_len(MAX_LEN + 1).unwrap();
        assert!(matches!(read(&path), Err(ReadError::TooLong { .. })));
    }
}
