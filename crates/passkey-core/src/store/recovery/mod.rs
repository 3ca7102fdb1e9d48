//! Recovery codes: for the day the security key is lost. Each signs in once, where policy allows it.
//!
//! - [`Code`]: one code, its shape and its text. [`Reading`]: a typed text, compared with that shape.
//! - [`Codes`]: a user's codes as their file holds them, hashed (`hash`), with the limit on guessing (`limit`).
//! - [`Redeemed`]: the proof that a code was right, was unused, and is used up on the disk. Made here and nowhere else.

mod code;
mod codes;
mod hash;
mod limit;

use std::{fmt, time::Duration};

use super::{
    Account, Store, StoreError, create_above, private_place,
    replace::{Locked, Place},
};
use crate::safe_file::SafeFileError;
use jiff::Timestamp;

pub use code::{Code, Reading};
pub use codes::{Codes, NewCodesError};

use codes::Match;
use hash::{Hasher, NoMemory};

/// The longest file, in bytes: many times what ten codes need.
const MAX_FILE_LEN: u64 = 16 * 1024;
/// How long one redeemer waits for another, who may be busy with the hash.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// A recovery code was right, had not been used, and now is, on the disk.
#[derive(Debug)]
pub struct Redeemed {
    left: usize,
}

impl Redeemed {
    /// How many codes the user has left.
    pub fn left(&self) -> usize {
        self.left
    }
}

/// Why a recovery code is not accepted.
#[derive(Debug)]
pub enum RedeemError {
    /// It is none of the user's.
    Wrong {
        /// For how long no further one is looked at; `None` where the next may be tried at once.
        locked_for: Option<Duration>,
    },
    /// It is one of the user's and has been used before.
    Used {
        /// As for a wrong one.
        locked_for: Option<Duration>,
    },
    /// It was not looked at: there were too many wrong ones.
    Locked {
        /// For how long.
        wait: Duration,
    },
    /// The user has no codes.
    NoCodes,
    /// There is no memory for the hash.
    NoMemory,
    /// The file cannot be read, or that the code is used cannot be written down.
    Store(StoreError),
}

impl RedeemError {
    /// For how long no further code is looked at.
    pub fn locked_for(&self) -> Option<Duration> {
        match self {
            Self::Wrong { locked_for } | Self::Used { locked_for } => *locked_for,
            Self::Locked { wait } => Some(*wait),
            Self::NoCodes | Self::NoMemory | Self::Store(_) => None,
        }
    }

    /// Whether another code may be tried at once.
    pub fn may_try_again(&self) -> bool {
        match self {
            Self::Wrong { locked_for } | Self::Used { locked_for } => locked_for.is_none(),
            Self::Locked { .. } | Self::NoCodes | Self::NoMemory | Self::Store(_) => false,
        }
    }
}

impl From<StoreError> for RedeemError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NoMemory> for RedeemError {
    fn from(NoMemory: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl fmt::Display for RedeemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { .. } => f.write_str("the recovery code is wrong"),
            Self::Used { .. } => f.write_str("the recovery code has been used before"),
            Self::Locked { .. } => f.write_str("the recovery code was not looked at"),
            Self::NoCodes => f.write_str("the user has no recovery codes"),
            Self::NoMemory => f.write_str("there is no memory to check a recovery code"),
            Self::Store(error) => write!(f, "the recovery code is not accepted: {error}"),
        }?;
        self.locked_for().map_or(Ok(()), |wait| write!(f, "; none is for {} s", wait.as_secs()))
    }
}

impl std::error::Error for RedeemError {}

/// Recovery codes.
impl Store {
    /// The user's recovery codes; `None` where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read, trusted or understood. It is root's alone.
    pub fn load_codes(&self, account: &Account) -> Result<Option<Codes>, StoreError> {
        let place = self.codes_place(account)?;
        match place.read() {
            Ok(text) => parse(&place, &text).map(Some),
            Err(StoreError::File(SafeFileError::NotFound { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives the user these codes in place of any they had.
    ///
    /// # Errors
    /// Whatever keeps the file from being written.
    pub fn replace_codes(&self, account: &Account, codes: &Codes) -> Result<(), StoreError> {
        let place = self.codes_place(account)?;
        create_above(&self.recovery_dir, place.owner)?;
        write(&place.lock(LOCK_PATIENCE)?, codes)
    }

    /// Takes all codes away from the user, whatever state their file is in.
    ///
    /// # Errors
    /// Whatever keeps the file from being removed.
    pub fn revoke_codes(&self, account: &Account) -> Result<(), StoreError> {
        self.codes_place(account)?.lock(LOCK_PATIENCE)?.remove()
    }

    /// Accepts `code` if it is one of the user's and unused, and uses it up. One caller at a time gets that far, and
    /// the disk has it before this returns.
    ///
    /// # Errors
    /// When the code is wrong, or cannot be checked, or its use cannot be recorded.
    pub fn redeem(&self, account: &Account, code: &Code, now: Timestamp) -> Result<Redeemed, RedeemError> {
        let place = self.codes_place(account)?;
        let locked = place.lock(LOCK_PATIENCE)?;
        let text = locked.read()?.ok_or(RedeemError::NoCodes)?;
        let mut codes = parse(&place, &text)?;
        if let Some(wait) = codes.limit.wait(now) {
            if codes.limit.clock_was_set_back(now) {
                // Counted from the time that there is now, or the lock would last for as long as the clock is behind.
                codes.limit.begin_again(now);
                write(&locked, &codes)?;
            }
            return Err(RedeemError::Locked { wait });
        }
        let mut hasher = Hasher::new(&codes.cost)?;
        // It counts as a failure until it has proved right: killing the process in between uses up the try.
        codes.limit.charge(now);
        write(&locked, &codes)?;
        let locked_for = codes.limit.wait(now);
        match codes.find(hasher.hash(code, &codes.salt).as_ref()) {
            Match::None => Err(RedeemError::Wrong { locked_for }),
            Match::Used => Err(RedeemError::Used { locked_for }),
            Match::Unused(index) => {
                codes.use_up(index, now);
                write(&locked, &codes)?;
                Ok(Redeemed { left: codes.left() })
            }
        }
    }

    fn codes_place(&self, account: &Account) -> Result<Place, StoreError> {
        private_place(&self.recovery_dir, account, MAX_FILE_LEN)
    }
}

fn parse(place: &Place, text: &str) -> Result<Codes, StoreError> {
    Codes::parse(text).map_err(|error| StoreError::malformed(&place.path, error))
}

fn write(locked: &Locked<'_>, codes: &Codes) -> Result<(), StoreError> {
    locked.replace(&codes.encode())
}
