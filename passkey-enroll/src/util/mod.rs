//! What every part of this program may need and no part is about.

pub(crate) mod child;
