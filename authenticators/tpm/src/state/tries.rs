//! How many wrong PINs an account still has, below the TPM's own count, so that no account locks the TPM for the others. They come back
//! as the TPM forgets them: a right PIN does not make it forget any.

use std::time::Duration;

/// Wrong PINs of one account.
pub const MAX_TRIES: u8 = 8;

/// An account's tries. One is taken before a PIN is tried, and written down, so that ending the service gives none back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// Tries that are left.
    pub left: u8,
    /// When the wait for the next try began, in seconds since 1970.
    pub since: u64,
}

impl Default for Tries {
    fn default() -> Self {
        Self { left: MAX_TRIES, since: 0 }
    }
}

impl Tries {
    /// Gives back one try per elapsed `interval`.
    pub fn regain(&mut self, now: u64, interval: Duration) {
        let seconds = interval.as_secs().max(1);
        match now.checked_sub(self.since) {
            Some(passed) => {
                let back = passed.checked_div(seconds).unwrap_or(0);
                let left = u64::from(self.left).saturating_add(back).min(MAX_TRIES.into());
                self.left = u8::try_from(left).unwrap_or(MAX_TRIES);
                self.since = self.since.saturating_add(back.saturating_mul(seconds));
            }
            // The clock has been set back: the wait begins again.
            None => self.since = now,
        }
    }

    /// Takes one.
    pub fn take(&mut self, now: u64) {
        if self.left >= MAX_TRIES {
            self.since = now;
        }
        self.left = self.left.saturating_sub(1);
    }
}

/// Wrong fingers of one account in a row. After them, a finger counts only when the PIN has been right once more.
pub const MAX_FINGER_TRIES: u8 = 3;

/// An account's tries with a finger, taken like those with a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FingerTries {
    /// Tries that are left.
    pub left: u8,
}

impl Default for FingerTries {
    fn default() -> Self {
        Self { left: MAX_FINGER_TRIES }
    }
}

impl FingerTries {
    /// Takes one; whether there was one.
    pub fn take(&mut self) -> bool {
        let had = self.left > 0;
        self.left = self.left.saturating_sub(1);
        had
    }

    /// Gives one back: nothing was tried.
    pub fn give_back(&mut self) {
        self.left = self.left.saturating_add(1).min(MAX_FINGER_TRIES);
    }

    /// Gives all back: the finger was right, or the PIN.
    pub fn refill(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn one_comes_back_each_hour_and_no_more_than_there_were() {
        let mut tries = Tries::default();
        for left in (0..MAX_TRIES).rev() {
            tries.take(10_000);
            assert_eq!(tries.left, left);
        }
        tries.take(10_000);
        assert_eq!(tries.left, 0);
        for (now, left) in [(10_001, 0), (13_599, 0), (13_600, 1), (17_199, 1), (17_200, 2), (10_000_000, 8)]
        {
            tries.regain(now, HOUR);
            assert_eq!(tries.left, left, "{now}");
        }
    }

    #[test]
    fn the_hour_of_the_first_one_goes_on() {
        let mut tries = Tries::default();
        tries.take(10_000);
        tries.regain(12_000, HOUR);
        tries.take(12_000);
        tries.regain(13_600, HOUR);
        assert_eq!(tries.left, MAX_TRIES - 1);
    }

    #[test]
    fn a_clock_that_is_set_back_gives_nothing() {
        let mut tries = Tries { left: 0, since: 10_000 };
        tries.regain(5_000, HOUR);
        assert_eq!(tries, Tries { left: 0, since: 5_000 });
    }

    #[test]
    fn fingers_are_counted_too() {
        let mut tries = FingerTries::default();
        tries.give_back();
        assert_eq!(tries.left, MAX_FINGER_TRIES);
        for left in (0..MAX_FINGER_TRIES).rev() {
            assert!(tries.take());
            assert_eq!(tries.left, left);
        }
        assert!(!tries.take());
        tries.give_back();
        assert_eq!(tries.left, 1);
        tries.refill();
        assert_eq!(tries, FingerTries::default());
    }
}
