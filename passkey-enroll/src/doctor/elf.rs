//! As much of an ELF file as tells whether this machine can load it.

/// The head of a file of 64 or 32 bits, up to what is looked at.
const HEAD_LEN: usize = 64;
/// A shared object (`ET_DYN`).
const DYNAMIC: u16 = 3;

/// What a machine loads: word length, byte order and processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    class: u8,
    order: u8,
    machine: u16,
}

/// Why a file cannot be loaded as a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unloadable {
    /// It is no ELF file.
    NotElf,
    /// It is a program or something else.
    NotShared,
    /// It is for another machine.
    Foreign,
    /// Its end is missing.
    CutShort,
    /// It has no `pam_sm_authenticate`.
    NotPam,
}

impl Kind {
    /// The kind of a file, by its beginning.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let head = Head::of(bytes)?;
        Some(Self { class: head.class, order: head.order, machine: head.half(18)? })
    }
}

/// Whether a file of these bytes is a PAM module for machines of this kind.
pub(super) fn check(bytes: &[u8], kind: Kind) -> Result<(), Unloadable> {
    let head = Head::of(bytes).ok_or(Unloadable::NotElf)?;
    if Kind::of(bytes) != Some(kind) {
        return Err(Unloadable::Foreign);
    }
    if head.half(16) != Some(DYNAMIC) {
        return Err(Unloadable::NotShared);
    }
    // The table of sections is the last thing in the file that linkers write.
    if head.sections_end().is_none_or(|end| end > bytes.len()) {
        return Err(Unloadable::CutShort);
    }
    let symbol = b"\0pam_sm_authenticate\0";
    if bytes.windows(symbol.len()).any(|window| window == symbol) { Ok(()) } else { Err(Unloadable::NotPam) }
}

struct Head<'b> {
    bytes: &'b [u8],
    class: u8,
    order: u8,
}

impl<'b> Head<'b> {
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let bytes = bytes.get(..HEAD_LEN)?;
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (class, order) = (*rest.first()?, *rest.get(1)?);
        (magic == b"\x7fELF" && matches!(class, 1 | 2) && matches!(order, 1 | 2)).then_some(Self {
            bytes,
            class,
            order,
        })
    }

    /// The number of `len` bytes at `at`.
    fn number(&self, at: usize, len: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(len)?)?;
        let number = |number: u64, byte: &u8| number.wrapping_shl(8) | u64::from(*byte);
        Some(if self.order == 1 { bytes.iter().rev().fold(0, number) } else { bytes.iter().fold(0, number) })
    }

    fn half(&self, at: usize) -> Option<u16> {
        u16::try_from(self.number(at, 2)?).ok()
    }

    /// Where the table of sections ends.
    fn sections_end(&self) -> Option<usize> {
        let (start, size, count) = match self.class {
            1 => (self.number(0x20, 4)?, self.half(0x2e)?, self.half(0x30)?),
            _ => (self.number(0x28, 8)?, self.half(0x3a)?, self.half(0x3c)?),
        };
        usize::try_from(start).ok()?.checked_add(usize::from(size).checked_mul(usize::from(count))?)
    }
}

/// What this machine takes for a PAM module, made from the head of the running program.
#[cfg(test)]
pub(super) fn module_for_tests() -> Vec<u8> {
    let mut bytes = std::fs::read("/proc/self/exe").unwrap();
    bytes.truncate(HEAD_LEN);
    let head = Head::of(&bytes).unwrap();
    let (start, count) = if head.class == 1 { (0x20..0x24, 0x30..0x32) } else { (0x28..0x30, 0x3c..0x3e) };
    let kind = if head.order == 1 { DYNAMIC.to_le_bytes() } else { DYNAMIC.to_be_bytes() };
    bytes[16..18].copy_from_slice(&kind);
    // Without a table of sections nothing is missing at the end.
    bytes[start].fill(0);
    bytes[count].fill(0);
    bytes.extend(b"\0pam_sm_authenticate\0");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shared object of 64 bits with a table of one section, and then the name of a symbol.
    fn module(symbol: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (bytes[16], bytes[18]) = (3, 62);
        (bytes[0x28], bytes[0x3a], bytes[0x3c]) = (64, 64, 1);
        bytes.splice(64..64, symbol.iter().copied());
        bytes[0x28] = u8::try_from(bytes.len().saturating_sub(64)).unwrap();
        bytes
    }

    #[test]
    fn what_this_machine_loads_is_told_from_what_it_does_not() {
        let symbol = b"\0pam_sm_authenticate\0";
        let bytes = module(symbol);
        let kind = Kind { class: 2, order: 1, machine: 62 };
        assert_eq!(Kind::of(&bytes), Some(kind));
        assert_eq!(check(&bytes, kind), Ok(()));
        assert_eq!(check(&bytes[..bytes.len() - 1], kind), Err(Unloadable::CutShort));
        for (at, byte, expected) in [
            (0, 0, Unloadable::NotElf),
            (4, 3, Unloadable::NotElf),
            (18, 0xff, Unloadable::Foreign),
            (16, 2, Unloadable::NotShared),
            // A table that lies beyond all files.
            (0x2f, 0xff, Unloadable::CutShort),
        ] {
            let mut other = bytes.clone();
            other[at] = byte;
            assert_eq!(check(&other, kind), Err(expected), "{at}");
        }
        assert_eq!(check(&module(b"\0pam_sm_setcred\0"), kind), Err(Unloadable::NotPam));
        assert_eq!(check(b"", kind), Err(Unloadable::NotElf));
        assert_eq!(check(b"#!/bin/sh\n", kind), Err(Unloadable::NotElf));
    }

    #[test]
    fn the_other_order_of_bytes_is_read_too() {
        let mut bytes = vec![0; 128];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x02");
        bytes[17] = 3;
        bytes[19] = 22;
        // A table of one section of 64 bytes at 64.
        bytes[0x2f] = 64;
        bytes[0x3b] = 64;
        bytes[0x3d] = 1;
        let kind = Kind { class: 2, order: 2, machine: 22 };
        assert_eq!(Kind::of(&bytes), Some(kind));
        assert_eq!(check(&bytes, kind), Err(Unloadable::NotPam));
        assert_eq!(check(&bytes[..127], kind), Err(Unloadable::CutShort));
    }
}
