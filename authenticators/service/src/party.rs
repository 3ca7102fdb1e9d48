//! Whose a request is, where peers take turns.

use crate::authenticator::Peer;

/// Those who count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// Root, for this account.
    Root(u32),
    /// A user other than root.
    User(u32),
}

impl Party {
    /// Root signs people in.
    pub(crate) fn is_root(self) -> bool {
        match self {
            Self::Root(_) => true,
            Self::User(_) => false,
        }
    }
}

impl From<Peer> for Party {
    fn from(peer: Peer) -> Self {
        if peer.is_root { Self::Root(peer.account) } else { Self::User(peer.account) }
    }
}
