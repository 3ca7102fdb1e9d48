//! The least a host can do, straight from the specification: one channel, whole messages, CBOR by hand.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

pub mod impostor;
pub mod pin;

use std::time::Duration;

use sk_cbor::Value;
use virtual_key::{Bench, KeyId, Report};

pub const CBOR: u8 = 0x10;
pub const CANCEL: u8 = 0x11;
pub const KEEPALIVE: u8 = 0x3b;
pub const ERROR: u8 = 0x3f;
/// Keep-alive status: user presence needed.
pub const UP_NEEDED: u8 = 2;

/// One channel on one key of a bench.
pub struct Host {
    pub key: KeyId,
    pub channel: [u8; 4],
    /// Status bytes of the keep-alives since the last request.
    pub keepalives: Vec<u8>,
}

impl Host {
    /// Open the key and get a channel on it.
    pub fn open(bench: &mut Bench, key: KeyId) -> Self {
        bench.open(key).unwrap();
        let mut host = Self { key, channel: [0xff; 4], keepalives: Vec::new() };
        host.send(bench, 0x06, &[9; 8]);
        let (command, payload) = host.receive(bench, Duration::from_secs(1)).expect("a reply to INIT");
        assert_eq!((command, &payload[..8]), (0x06, &[9; 8][..]));
        host.channel = payload[8..12].try_into().unwrap();
        host
    }

    pub fn send(&mut self, bench: &mut Bench, command: u8, payload: &[u8]) {
        self.keepalives.clear();
        for report in reports(self.channel, command, payload) {
            bench.write(self.key, &report).unwrap();
        }
    }

    /// The next message but keep-alives; None if it has not come after `patience`.
    pub fn receive(&mut self, bench: &mut Bench, patience: Duration) -> Option<(u8, Vec<u8>)> {
        let deadline = bench.now() + patience;
        let mut message: Option<(u8, usize, Vec<u8>)> = None;
        loop {
            while let Some(report) = bench.read(self.key).expect("a key that is there") {
                if report[..4] != self.channel {
                    continue;
                }
                if report[4] == 0x80 | KEEPALIVE {
                    self.keepalives.push(report[7]);
                    continue;
                }
                if report[4] & 0x80 == 0 {
                    message.as_mut().expect("a first report").2.extend(&report[5..]);
                } else {
                    let len = usize::from(u16::from_be_bytes([report[5], report[6]]));
                    message = Some((report[4] & 0x7f, len, report[7..].to_vec()));
                }
                if let Some((command, len, payload)) = &mut message
                    && payload.len() >= *len
                {
                    payload.truncate(*len);
                    return Some((*command, payload.clone()));
                }
            }
            if bench.now() == deadline && !bench.wait(deadline) {
                return None;
            }
            bench.wait(deadline);
        }
    }

    /// One CTAP2 command: status and, if there is one, the map of the reply.
    pub fn call(&mut self, bench: &mut Bench, command: u8, parameters: &[(u64, Value)]) -> (u8, Map) {
        self.ask(bench, command, parameters);
        self.reply(bench)
    }

    pub fn ask(&mut self, bench: &mut Bench, command: u8, parameters: &[(u64, Value)]) {
        let mut payload = vec![command];
        if !parameters.is_empty() {
            let map = parameters.iter().map(|(key, value)| (Value::unsigned(*key), value.clone())).collect();
            sk_cbor::write(Value::map(map), &mut payload).unwrap();
        }
        self.send(bench, CBOR, &payload);
    }

    pub fn reply(&mut self, bench: &mut Bench) -> (u8, Map) {
        let (command, payload) = self.receive(bench, Duration::from_secs(60)).expect("a reply in a minute");
        assert_eq!(command, CBOR, "{payload:02x?}");
        let map = if payload.len() > 1 {
            sk_cbor::read(&payload[1..]).unwrap().extract_map().unwrap()
        } else {
            vec![]
        };
        (payload[0], Map(map))
    }

    pub fn make_credential(&mut self, bench: &mut Bench, discoverable: bool) -> (u8, Map) {
        self.call(bench, 0x01, &make_credential(discoverable))
    }
}

/// Cut a message into reports.
pub fn reports(channel: [u8; 4], command: u8, payload: &[u8]) -> Vec<Report> {
    let mut bytes = vec![command | 0x80];
    bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    bytes.extend(&payload[..payload.len().min(57)]);
    let mut pieces = vec![bytes];
    for (sequence, piece) in payload[payload.len().min(57)..].chunks(59).enumerate() {
        pieces.push([&[u8::try_from(sequence).unwrap()], piece].concat());
    }
    pieces
        .iter()
        .map(|piece| {
            let mut report = [0; 64];
            report[..4].copy_from_slice(&channel);
            report[4..4 + piece.len()].copy_from_slice(piece);
            report
        })
        .collect()
}

/// A CBOR map with small numbers as keys.
#[derive(Debug)]
pub struct Map(pub Vec<(Value, Value)>);

impl Map {
    pub fn field(&self, key: u64) -> Option<Value> {
        let key = Value::unsigned(key);
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
    }

    pub fn bytes(&self, key: u64) -> Vec<u8> {
        self.field(key).and_then(Value::extract_byte_string).expect("a byte string")
    }

    /// The option of that name in a getInfo reply.
    pub fn option(&self, name: &str) -> Option<bool> {
        let options = self.field(0x04).unwrap().extract_map().unwrap();
        options.into_iter().find(|(key, _)| *key == text(name)).and_then(|(_, value)| value.extract_bool())
    }
}

pub fn text(text: &str) -> Value {
    Value::text_string(text.to_owned())
}

pub fn bytes(bytes: &[u8]) -> Value {
    Value::byte_string(bytes.to_vec())
}

pub fn named(entries: &[(&str, Value)]) -> Value {
    Value::map(entries.iter().map(|(name, value)| (text(name), value.clone())).collect())
}

pub fn client_data_hash() -> [u8; 32] {
    [7; 32]
}

pub fn descriptor(credential_id: &[u8]) -> Value {
    named(&[("id", bytes(credential_id)), ("type", text("public-key"))])
}

pub fn make_credential(discoverable: bool) -> Vec<(u64, Value)> {
    vec![
        (0x01, bytes(&client_data_hash())),
        (0x02, named(&[("id", text("host.example"))])),
        (0x03, named(&[("id", bytes(&[5; 32])), ("name", text("alice"))])),
        (0x04, Value::array(vec![named(&[("alg", Value::integer(-7)), ("type", text("public-key"))])])),
        (0x07, named(&[("rk", Value::bool_value(discoverable))])),
    ]
}

pub fn get_assertion(credential_ids: &[&[u8]], up: bool) -> Vec<(u64, Value)> {
    let mut parameters = vec![(0x01, text("host.example")), (0x02, bytes(&client_data_hash()))];
    if !credential_ids.is_empty() {
        parameters.push((0x03, Value::array(credential_ids.iter().map(|id| descriptor(id)).collect())));
    }
    parameters.push((0x05, named(&[("up", Value::bool_value(up))])));
    parameters
}

/// What the authenticator data of a new credential holds: credential id and P-256 public key (x, y).
pub fn attested_credential(authenticator_data: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let len = usize::from(u16::from_be_bytes([authenticator_data[53], authenticator_data[54]]));
    let key = sk_cbor::read(&authenticator_data[55 + len..]).unwrap().extract_map().unwrap();
    let coordinate = |label: i64| {
        let label = Value::integer(label);
        key.iter().find(|(name, _)| *name == label).unwrap().1.clone().extract_byte_string().unwrap()
    };
    (authenticator_data[55..55 + len].to_vec(), coordinate(-2), coordinate(-3))
}
