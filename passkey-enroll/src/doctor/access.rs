//! Whether a user can get at a file, going by owner, mode and access control list (acl(5)).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::Gid;
use passkey_core::account::Account;

/// Where the kernel keeps the list.
const ACL: &str = "system.posix_acl_access";
/// The only version of its form, `POSIX_ACL_XATTR_VERSION`.
const ACL_VERSION: u32 = 2;
/// The longest list that is looked at: a header of 4 bytes and 8 for each entry.
const MAX_ACL_LEN: usize = 4 + 8 * 256;

/// A user and their groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    uid: u32,
    groups: Vec<u32>,
}

impl Subject {
    /// As the user database has it.
    pub(super) fn of(account: &Account) -> Self {
        let name = std::ffi::CString::new(account.name.as_str()).unwrap_or_default();
        let groups = nix::unistd::getgrouplist(&name, Gid::from_raw(account.gid)).unwrap_or_default();
        let groups = groups.into_iter().map(Gid::as_raw).chain([account.gid]).collect();
        Self { uid: account.uid, groups }
    }
}

impl Subject {
    /// Somebody who owns nothing and is in no group.
    pub(super) fn nobody() -> Self {
        Self { uid: u32::MAX, groups: Vec::new() }
    }
}

/// What somebody wants, as bits of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Search = 0o1,
    Read = 0o4,
    ReadWrite = 0o6,
}

/// Whether they can get at the file, and pass all folders above it. `None` where that cannot be seen.
pub(super) fn reaches(subject: &Subject, path: &Path, want: Want) -> Option<bool> {
    for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
        if !permits(subject, folder, Want::Search)? {
            return Some(false);
        }
    }
    permits(subject, path, want)
}

fn permits(subject: &Subject, path: &Path, want: Want) -> Option<bool> {
    let metadata = fs::metadata(path).ok()?;
    let rights =
        Rights { owner: metadata.uid(), group: metadata.gid(), mode: metadata.mode(), acl: acl(path) };
    Some(rights.permit(subject, want as u32))
}

fn acl(path: &Path) -> Vec<Entry> {
    let mut bytes = vec![0; MAX_ACL_LEN];
    let len = rustix::fs::getxattr(path, ACL, bytes.as_mut_slice()).unwrap_or(0);
    parse_acl(bytes.get(..len).unwrap_or_default()).unwrap_or_default()
}

/// What a file lets whom do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rights {
    owner: u32,
    group: u32,
    mode: u32,
    acl: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    tag: Tag,
    rights: u32,
}

/// Whom an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Owner,
    User(u32),
    OwningGroup,
    Group(u32),
    Mask,
    Others,
}

impl Rights {
    /// The way of the kernel: root, the owner, a named user, groups, everybody else; who is meant earlier is not asked later.
    fn permit(&self, subject: &Subject, want: u32) -> bool {
        let has = |rights: u32| rights & want == want;
        if subject.uid == 0 {
            return true;
        }
        if subject.uid == self.owner {
            return has(self.mode >> 6);
        }
        let is_in = |group: u32| subject.groups.contains(&group);
        if self.acl.is_empty() {
            return has(if is_in(self.group) { self.mode >> 3 } else { self.mode });
        }
        let mask = self.rights_of(|tag| tag == Tag::Mask).next().unwrap_or(0o7);
        if let Some(rights) = self.rights_of(|tag| tag == Tag::User(subject.uid)).next() {
            return has(rights & mask);
        }
        let of_groups: Vec<u32> = self
            .rights_of(|tag| match tag {
                Tag::OwningGroup => is_in(self.group),
                Tag::Group(group) => is_in(group),
                Tag::Owner | Tag::User(_) | Tag::Mask | Tag::Others => false,
            })
            .collect();
        if of_groups.is_empty() {
            self.rights_of(|tag| tag == Tag::Others).next().is_some_and(has)
        } else {
            of_groups.into_iter().any(|rights| has(rights & mask))
        }
    }

    fn rights_of(&self, whose: impl Fn(Tag) -> bool) -> impl Iterator<Item = u32> {
        self.acl.iter().filter(move |entry| whose(entry.tag)).map(|entry| entry.rights)
    }
}

/// A version, then entries of tag, rights and id, all little-endian (`linux/posix_acl_xattr.h`).
fn parse_acl(bytes: &[u8]) -> Option<Vec<Entry>> {
    let (version, entries) = bytes.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*version) != ACL_VERSION {
        return None;
    }
    entries
        .chunks(8)
        .map(|entry| {
            let (tag, rest) = entry.split_first_chunk::<2>()?;
            let (rights, rest) = rest.split_first_chunk::<2>()?;
            let (id, _) = rest.split_first_chunk::<4>()?;
            let id = u32::from_le_bytes(*id);
            let tag = match u16::from_le_bytes(*tag) {
                0x01 => Tag::Owner,
                0x02 => Tag::User(id),
                0x04 => Tag::OwningGroup,
                0x08 => Tag::Group(id),
                0x10 => Tag::Mask,
                0x20 => Tag::Others,
                _ => return None,
            };
            Some(Entry { tag, rights: u32::from(u16::from_le_bytes(*rights)) })
        })
        .collect()
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
