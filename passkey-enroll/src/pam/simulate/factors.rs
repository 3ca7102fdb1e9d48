//! What a person proves on the way in.

use std::fmt;

/// A set of things that a person can prove.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factors(u8);

impl Factors {
    /// Nothing at all.
    pub const NONE: Self = Self(0);
    /// The account's password.
    pub const PASSWORD: Self = Self(1);
    /// A passkey, to our module.
    pub const PASSKEY: Self = Self(1 << 1);
    /// A fingerprint or a face, to another module.
    pub const BIOMETRIC: Self = Self(1 << 2);
    /// A security key or a smart card, to another module.
    pub const TOKEN: Self = Self(1 << 3);
    /// A one-time code.
    pub const CODE: Self = Self(1 << 4);
    /// What another machine or program vouches for: a Kerberos ticket, an SSH agent.
    pub const NETWORK: Self = Self(1 << 5);
    /// Whatever a module that is not known takes for good.
    pub const UNKNOWN: Self = Self(1 << 6);

    /// Everything.
    pub const ALL: Self = Self(u8::MAX >> 1);

    /// Each factor and what it is called.
    const NAMES: [(Self, &'static str); 7] = [
        (Self::PASSWORD, "password"),
        (Self::PASSKEY, "passkey"),
        (Self::BIOMETRIC, "biometric"),
        (Self::TOKEN, "token"),
        (Self::CODE, "code"),
        (Self::NETWORK, "network"),
        (Self::UNKNOWN, "unknown"),
    ];

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What of this set is not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of the other set is in this one.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The words for what is in it, as scripts see them.
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.into_iter().filter(|(factor, _)| self.contains(*factor)).map(|(_, name)| name).collect()
    }
}

/// As people read it.
impl fmt::Display for Factors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words =
            Self::NAMES.into_iter().filter(|(factor, _)| self.contains(*factor)).map(
                |(_, name)| match name {
                    "biometric" => "fingerprint or face",
                    "token" => "other security key or card",
                    "code" => "one-time code",
                    "network" => "ticket or agent",
                    "unknown" => "consent of a module that is not known",
                    name => name,
                },
            );
        f.write_str(&words.collect::<Vec<_>>().join(" and "))
    }
}

impl fmt::Debug for Factors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        f.write_str(&self.names().join("+"))?;
        f.write_str("}")
    }
}
