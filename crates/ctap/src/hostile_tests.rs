//! What every parser of a key's reply must stand: cut, extended and mutilated replies, and noise.

#![allow(clippy::arithmetic_side_effects, reason = "an overflow in a test is a failed test")]

use crate::cbor::Malformed;
use crate::status::{ReplyError, Status};
use crate::vectors::{named, vector};
use crate::{client_pin, get_assertion, info, make_credential, reset, selection};

/// What of an accepted reply must be found in it byte for byte.
type Parts = Vec<Vec<u8>>;
type Parse = fn(&[u8]) -> Result<Parts, ReplyError>;

const PARSERS: [(&str, Parse); 4] = [
    ("reply.info.", |payload| {
        let info = info::Info::parse(payload)?;
        assert!(info.max_msg_size <= 7609);
        assert!(info.pin_uv_auth_protocols.len() <= 2 && info.algorithms.len() <= 64);
        let names = [info.versions, info.extensions, info.transports, info.attestation_formats].concat();
        assert!(names.len() <= 4 * 64);
        Ok(names.into_iter().map(String::into_bytes).chain([info.aaguid.0.to_vec()]).collect())
    }),
    ("reply.make_credential.", |payload| {
        let response = make_credential::Response::parse(payload)?;
        assert!(response.format.len() <= 32);
        let credential = response.authenticator_data.attested_credential.unwrap();
        assert!((1..=1023).contains(&credential.credential_id.len()));
        Ok(vec![
            response.format.into_bytes(),
            response.authenticator_data.raw,
            credential.credential_id,
            credential.public_key_cose,
            response.authenticator_data.extensions.unwrap_or_default(),
        ])
    }),
    ("reply.get_assertion.", |payload| {
        let response = get_assertion::Response::parse(payload)?;
        assert!(response.signature.len() <= 1024);
        Ok(vec![
            response.authenticator_data.raw,
            response.signature,
            response.credential_id.unwrap_or_default(),
            response.user.map(|user| user.id).unwrap_or_default(),
        ])
    }),
    ("reply.client_pin.", |payload| {
        let response = client_pin::Response::parse(payload)?;
        Ok(vec![response.pin_uv_auth_token.unwrap_or_default()])
    }),
];

/// Every parser with every reply that is one for it.
fn replies() -> impl Iterator<Item = (&'static str, Vec<u8>, Parse)> {
    PARSERS.into_iter().flat_map(|(prefix, parse)| {
        named(prefix)
            .filter(|(name, _)| name.split('.').count() == 3 && !name.ends_with("auth_data"))
            .map(move |(name, payload)| (name, payload, parse))
    })
}

/// A deterministic source of choices (xorshift64*).
struct Choices(u64);

impl Choices {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// One change of the kinds that find flaws in parsers.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const HEADS: [u8; 16] =
            [0x00, 0x1b, 0x20, 0x3b, 0x40, 0x5b, 0x5f, 0x60, 0x7a, 0x80, 0x9b, 0xa0, 0xbb, 0xbf, 0xd8, 0xff];
        let at = self.below(bytes.len());
        let to = at + self.below(bytes.len() - at);
        match self.below(6) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = HEADS[self.below(HEADS.len())],
            2 => bytes.insert(at, HEADS[self.below(HEADS.len())]),
            3 => drop(bytes.drain(at..to.min(at + 16))),
            4 => {
                let copy = bytes[at..to].to_vec();
                let into = self.below(bytes.len());
                bytes.splice(into..into, copy);
            }
            _ => bytes.truncate(to.max(1)),
        }
        bytes.truncate(7609);
    }
}

#[test]
fn there_is_a_reply_for_every_parser() {
    for (prefix, _) in PARSERS {
        assert!(replies().any(|(name, ..)| name.starts_with(prefix)), "{prefix}");
    }
    for (name, payload, parse) in replies() {
        parse(&payload).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_reply_cut_anywhere_is_malformed() {
    for (name, payload, parse) in replies() {
        for length in 0..payload.len() {
            let result = parse(&payload[..length]);
            // Nothing but the status is the reply to setPIN.
            if name.starts_with("reply.client_pin.") && length == 1 {
                assert_eq!(result, Ok(vec![vec![]]));
            } else {
                assert!(
                    matches!(result, Err(ReplyError::Malformed(_))),
                    "{name} cut to {length}: {result:?}"
                );
            }
        }
    }
}

#[test]
fn nothing_may_follow_a_reply() {
    for (name, payload, parse) in replies() {
        for extra in 0..=u8::MAX {
            let longer = [payload.as_slice(), &[extra]].concat();
            assert_eq!(
                parse(&longer),
                Err(ReplyError::Malformed(Malformed::TrailingBytes)),
                "{name} {extra:02x}"
            );
        }
    }
}

#[test]
fn a_refusal_is_a_refusal_whatever_follows() {
    for (name, mut payload, parse) in replies() {
        for status in 1..=u8::MAX {
            payload[0] = status;
            assert_eq!(parse(&payload), Err(ReplyError::Status(Status(status))), "{name}");
        }
    }
}

/// No panic, and what is accepted was really said.
#[test]
fn mutilated_replies_are_refused_or_taken_at_their_word() {
    let mut choices = Choices(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, mut refused) = (0, 0);
    for (name, payload, parse) in replies() {
        for _ in 0..2000 {
            let mut mutated = payload.clone();
            for _ in 0..=choices.below(3) {
                choices.mutate(&mut mutated);
            }
            match parse(&mutated) {
                Ok(parts) => {
                    accepted += 1;
                    for part in parts.iter().filter(|part| !part.is_empty()) {
                        let found = mutated.windows(part.len()).any(|window| window == part);
                        assert!(found, "{name}: {mutated:02x?} does not hold {part:02x?}");
                    }
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(
        accepted > 100 && refused > 1000,
        "the mutations say nothing: {accepted} accepted, {refused} refused"
    );
}

#[test]
fn noise_is_refused_by_every_parser() {
    let mut choices = Choices(0x0123_4567_89ab_cdef);
    for _ in 0..2000 {
        let length = choices.below(300);
        let mut payload = vec![0x00];
        payload.extend((0..length).map(|_| choices.next().to_be_bytes()[0]));
        // A map that claims one member more, so that the noise is looked at.
        payload.insert(1, 0xa4);
        for (prefix, parse) in PARSERS {
            assert!(matches!(parse(&payload), Err(ReplyError::Malformed(_))), "{prefix} {payload:02x?}");
        }
    }
}

#[test]
fn commands_without_a_reply_want_none() {
    assert_eq!(selection::request(), vector("request.selection"));
    assert_eq!(reset::request(), vector("request.reset"));
    for parse in [selection::parse, reset::parse] {
        assert_eq!(parse(&[0x00]), Ok(()));
        assert_eq!(parse(&[0x00, 0xa0]), Err(ReplyError::Malformed(Malformed::TrailingBytes)));
        assert_eq!(parse(&[0x2f]), Err(ReplyError::Status(Status::USER_ACTION_TIMEOUT)));
        assert_eq!(parse(&[]), Err(ReplyError::Malformed(Malformed::Truncated)));
    }
}
