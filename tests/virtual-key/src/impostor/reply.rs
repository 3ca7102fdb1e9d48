//! Answers as messages.

use sha2::{Digest, Sha256};
use sk_cbor::{Value, reader, writer};

use super::{Answer, Claim};
use crate::Refusal;
use crate::message::{ERROR, MSG, Message};
use crate::sabotage::status_word;

/// A point on P-256: the public key of RFC 6979 §A.2.5.
const POINT: [[u8; 32]; 2] = [
    [
        0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68, 0xc0,
        0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6,
    ],
    [
        0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64, 0xf2,
        0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99,
    ],
];

/// The credential that is named where none was asked for.
const INVENTED_CREDENTIAL: [u8; 32] = [0x5a; 32];
const INVENTED_USER_HANDLE: [u8; 32] = [0x5b; 32];

type Map = Vec<(Value, Value)>;

/// The reply that says `answer` at once; None if that says nothing. `signatures` is how many were made by now, this one included.
pub(super) fn reply(answer: &Answer, request: &Message, signatures: u32) -> Option<Message> {
    let u2f = request.command == MSG;
    let with = |payload: Vec<u8>| Message { payload, ..request.clone() };
    let success = |content: Vec<u8>| {
        with(if u2f { [&content[..], &[0x90, 0x00]].concat() } else { [&[0][..], &content].concat() })
    };
    let member = |key: u64, value: Value| success(encode(Value::map(vec![(Value::unsigned(key), value)])));
    Some(match answer {
        Answer::Silent | Answer::After { .. } | Answer::OnTouch(_) => return None,
        Answer::Status(status) if u2f => with(status_word(*status).to_vec()),
        Answer::Status(status) => with(vec![*status]),
        Answer::StatusWord(word) if u2f => with(word.to_be_bytes().to_vec()),
        Answer::StatusWord(word) => with(vec![word.to_be_bytes()[0]]),
        Answer::HidError(code) => error(request.channel, *code),
        Answer::Success(content) => success(content.clone()),
        Answer::SignsNonsense | Answer::SignsNonsenseUnnamed if u2f => {
            success([&[0x01][..], &signatures.to_be_bytes(), &signature()].concat())
        }
        Answer::SignsNonsense => success(encode(assertion(&request.payload, signatures, true))),
        Answer::SignsNonsenseUnnamed => success(encode(assertion(&request.payload, signatures, false))),
        Answer::KeyAgreement { alg } => member(0x01, key_agreement(*alg)),
        Answer::PinRetries(left) => member(0x03, Value::unsigned(*left)),
        Answer::UvRetries(left) => member(0x05, Value::unsigned(*left)),
        Answer::Token => {
            let two = field(&parameters(&request.payload), 0x01) == Some(Value::unsigned(2));
            // Protocol 2 puts an initialization vector in front (CTAP 2.1 §6.5.7).
            member(0x02, Value::byte_string(vec![0x5c; if two { 16 + 32 } else { 32 }]))
        }
    })
}

/// The reply to getInfo.
pub(super) fn info(claim: &Claim, request: &Message) -> Message {
    let success = |content: &[u8]| Message { payload: [&[0], content].concat(), ..request.clone() };
    match claim {
        Claim::Info(info) => success(&info.encode()),
        Claim::Raw(content) => success(content),
        Claim::Refused(Refusal::Status(status)) => Message { payload: vec![*status], ..request.clone() },
        Claim::Refused(Refusal::HidError(code)) => error(request.channel, *code),
    }
}

/// `CTAPHID_ERROR`.
pub(super) fn error(channel: [u8; 4], code: u8) -> Message {
    Message { channel, command: ERROR, payload: vec![code] }
}

/// The parameters of a CTAP2 request; none if it has none.
pub(super) fn parameters(request: &[u8]) -> Map {
    let map = || reader::read(request.get(1..)?).ok()?.extract_map();
    map().unwrap_or_default()
}

pub(super) fn field(map: &Map, key: u64) -> Option<Value> {
    let key = Value::unsigned(key);
    map.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
}

/// A value as CBOR.
pub(super) fn encode(value: Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    writer::write(value, &mut bytes).expect("what is configured is CBOR, each member named once");
    bytes
}

/// The reply to getAssertion (CTAP 2.1 §6.2) of a key that claims to hold the first credential it is asked for.
fn assertion(request: &[u8], signatures: u32, named: bool) -> Value {
    let parameters = parameters(request);
    let rp_id = field(&parameters, 0x01).and_then(Value::extract_text_string).unwrap_or_default();
    let options = field(&parameters, 0x05).and_then(Value::extract_map).unwrap_or_default();
    let option = |name: &str| {
        let value = options.iter().find(|(key, _)| *key == text(name))?.1.clone();
        value.extract_bool()
    };
    let verified = option("uv") == Some(true) || field(&parameters, 0x06).is_some();
    let flags = u8::from(option("up") != Some(false)) | u8::from(verified) << 2;
    let authenticator_data =
        [&Sha256::digest(rp_id.as_bytes())[..], &[flags], &signatures.to_be_bytes()].concat();

    let first =
        field(&parameters, 0x03).and_then(Value::extract_array).and_then(|list| list.into_iter().next());
    let invented = || {
        Value::map(vec![
            (text("id"), Value::byte_string(INVENTED_CREDENTIAL.to_vec())),
            (text("type"), text("public-key")),
        ])
    };
    let user = || Value::map(vec![(text("id"), Value::byte_string(INVENTED_USER_HANDLE.to_vec()))]);
    let discoverable = first.is_none();
    let mut reply = vec![
        (Value::unsigned(0x02), Value::byte_string(authenticator_data)),
        (Value::unsigned(0x03), Value::byte_string(signature())),
    ];
    if named {
        reply.push((Value::unsigned(0x01), first.unwrap_or_else(invented)));
    }
    if discoverable {
        reply.push((Value::unsigned(0x04), user()));
    }
    Value::map(reply)
}

/// Two numbers in the range of P-256 as DER, the signature of nothing (RFC 3279 §2.2.3).
fn signature() -> Vec<u8> {
    [&[0x30, 0x44, 0x02, 0x20][..], &[0x11; 32], &[0x02, 0x20], &[0x22; 32]].concat()
}

fn key_agreement(alg: i64) -> Value {
    let [x, y] = POINT.map(|coordinate| Value::byte_string(coordinate.to_vec()));
    Value::map(vec![
        (Value::integer(1), Value::integer(2)),
        (Value::integer(3), Value::integer(alg)),
        (Value::integer(-1), Value::integer(1)),
        (Value::integer(-2), x),
        (Value::integer(-3), y),
    ])
}

fn text(text: &str) -> Value {
    Value::text_string(text.to_owned())
}
