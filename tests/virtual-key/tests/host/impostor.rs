//! One impostor on a bench and a host with a channel on it.

use std::time::Duration;

use sk_cbor::Value;
use virtual_key::{Bench, ImpostorConfig, KeyId, Record, Requested};

use super::{CBOR, Host, Map};

pub const SECOND: Duration = Duration::from_secs(1);
pub const MS: Duration = Duration::from_millis(1);
pub const INIT: u8 = 0x06;
pub const PING: u8 = 0x01;
pub const MSG: u8 = 0x03;
pub const GET_INFO: u8 = 0x04;
pub const BROADCAST: [u8; 4] = [0xff; 4];

pub struct Scene {
    pub bench: Bench,
    pub key: KeyId,
    pub record: Record,
    pub host: Host,
}

impl Scene {
    pub fn new(config: ImpostorConfig) -> Self {
        let mut bench = Bench::new();
        let (key, record) = bench.add_impostor(config);
        let host = Host::open(&mut bench, key);
        record.clear();
        Self { bench, key, record, host }
    }

    pub fn preset(preset: &str) -> Self {
        Self::new(ImpostorConfig::preset("red", preset).unwrap())
    }

    /// The payload of the reply to a CTAP2 request, which comes at once.
    pub fn cbor(&mut self, request: &[u8]) -> Vec<u8> {
        let start = self.bench.now();
        self.host.send(&mut self.bench, CBOR, request);
        let (command, payload) = self.host.receive(&mut self.bench, SECOND).unwrap();
        assert_eq!((command, self.bench.now()), (CBOR, start));
        payload
    }

    pub fn message(&mut self, command: u8, payload: &[u8]) -> Option<(u8, Vec<u8>)> {
        self.host.send(&mut self.bench, command, payload);
        self.host.receive(&mut self.bench, SECOND)
    }

    pub fn call(&mut self, command: u8, parameters: &[(u64, Value)]) -> (u8, Map) {
        self.host.call(&mut self.bench, command, parameters)
    }

    pub fn init(&mut self, channel: [u8; 4], nonce: u8) -> Vec<u8> {
        self.host.channel = channel;
        let (command, reply) = self.message(INIT, &[nonce; 8]).unwrap();
        assert_eq!((command, &reply[..8]), (INIT, &[nonce; 8][..]));
        reply
    }

    pub fn requests(&self) -> Vec<Requested> {
        self.record.requests().into_iter().map(|request| request.what).collect()
    }
}

pub fn client_pin(subcommand: u64) -> Vec<(u64, Value)> {
    vec![(0x01, Value::unsigned(1)), (0x02, Value::unsigned(subcommand))]
}

pub fn u2f(instruction: u8, control: u8, length: u8) -> Vec<u8> {
    [&[0, instruction, control, 0, 0, 0, length][..], &vec![1; length.into()], &[0, 0]].concat()
}
