//! The party of a connection: peers take turns and share the connections.

use crate::authenticator::Peer;

/// Those who count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// Root, which has not said for which account.
    Unnamed,
    /// Root, for this account.
    Root(u32),
    /// A user other than root.
    User(u32),
}

impl Party {
    /// The one of a peer with this user id that has sent nothing yet.
    pub(crate) fn silent(uid: u32) -> Self {
        if uid == 0 { Self::Unnamed } else { Self::User(uid) }
    }

    /// Root signs people in.
    pub(crate) fn is_root(self) -> bool {
        match self {
            Self::Unnamed | Self::Root(_) => true,
            Self::User(_) => false,
        }
    }
}

impl From<Peer> for Party {
    fn from(peer: Peer) -> Self {
        if peer.is_root { Self::Root(peer.account) } else { Self::User(peer.account) }
    }
}
