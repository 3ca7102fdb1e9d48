//! The second disk: a tar archive that is unpacked over the guest's root before anything starts.

use std::fs::File;
use std::io;
use std::path::Path;

use tar::{Builder, EntryType, Header};

/// The size of the disk, which is the same for all guests: one kernel that knows it is what they all go on from.
const DISK: u64 = 1 << 30;

/// As `image/init` has it.
const BLOCK: u64 = 1 << 16;

/// An archive in the making; everything in it belongs to root.
pub(crate) struct Seed {
    archive: Builder<File>,
}

impl Seed {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { archive: Builder::new(File::create(path)?) })
    }

    /// Puts `content` at the absolute path `path`; folders on the way are made as needed.
    pub(crate) fn write(&mut self, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1_700_000_000);
        header.set_size(content.len() as u64);
        self.archive.append_data(&mut header, path.trim_start_matches('/'), content)
    }

    /// Copies a file of the host.
    pub(crate) fn copy(&mut self, from: &Path, path: &str, mode: u32) -> io::Result<()> {
        self.write(path, mode, &std::fs::read(from)?)
    }

    /// How many blocks hold something, of [`BLOCK`] bytes each.
    pub(crate) fn finish(self) -> io::Result<u64> {
        let file = self.archive.into_inner()?;
        let length = file.metadata()?.len();
        if length > DISK {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than fits on the second disk"));
        }
        file.set_len(DISK)?;
        Ok(length.div_ceil(BLOCK))
    }
}
