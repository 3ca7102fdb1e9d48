//! Where a key differs from plain OpenSK: requests refused before it sees them, replies dressed up after.

use sk_cbor::{Value, reader, writer};

use super::Body;
use crate::message::{CBOR, ERR_INVALID_CMD, ERROR, INIT, MSG, Message};
use crate::{
    Asked, Corruption, Fingerprints, Form, HmacSecret, Hybrid, PinProtocols, Profile, Refusal, Report,
};

const MAKE_CREDENTIAL: u8 = 0x01;
const GET_ASSERTION: u8 = 0x02;
const GET_INFO: u8 = 0x04;
const CLIENT_PIN: u8 = 0x06;
const GET_NEXT_ASSERTION: u8 = 0x08;
const BIO_ENROLLMENT: u8 = 0x09;

/// The extension's name (CTAP 2.1 §12.5).
const HMAC_SECRET: &str = "hmac-secret";

const OK: u8 = 0x00;
pub(crate) const INVALID_COMMAND: u8 = 0x01;
const INVALID_PARAMETER: u8 = 0x02;
const LIMIT_EXCEEDED: u8 = 0x15;
const UNSUPPORTED_EXTENSION: u8 = 0x16;
const PIN_REQUIRED: u8 = 0x36;
const UNSUPPORTED_OPTION: u8 = 0x2b;
/// Of a service that has something to show.
const CAPABILITY_SHOW: u8 = 0x40;
const INVALID_SUBCOMMAND: u8 = 0x3e;

/// Subcommands of clientPIN (CTAP 2.1 §6.5.5).
const GET_TOKEN_WITH_UV: u64 = 0x06;
const GET_UV_RETRIES: u64 = 0x07;

/// Label of a COSE key's algorithm (RFC 9052 §7.1).
const COSE_ALG: i64 = 3;

/// CTAPHID capability bit for CBOR (CTAP 2.1 §11.2.9.1.3).
const CAPABILITY_CBOR: u8 = 0x04;

type Map = Vec<(Value, Value)>;

pub(crate) fn is_assertion(command: u8) -> bool {
    matches!(command, GET_ASSERTION | GET_NEXT_ASSERTION)
}

/// The status with which this key refuses a request that OpenSK would accept.
pub(crate) fn refuse(body: &Body, request: &[u8]) -> Option<u8> {
    let (&command, parameters) = request.split_first()?;
    let config = &body.config;
    match config.profile {
        // The reply is turned into a CTAPHID error; what matters is that nothing is done.
        Profile::U2f | Profile::U2fClaimingCbor(_) => return Some(INVALID_COMMAND),
        Profile::Ctap20 if command > GET_NEXT_ASSERTION => return Some(INVALID_COMMAND),
        Profile::Ctap20 | Profile::Ctap21 => {}
    }
    if command == BIO_ENROLLMENT && config.fingerprints == Fingerprints::NoSensor {
        return Some(INVALID_COMMAND);
    }
    // Malformed parameters are OpenSK's to refuse.
    let parameters = reader::read(parameters).ok()?.extract_map()?;
    let (list, auth_param, protocol) = match command {
        MAKE_CREDENTIAL => (field(&parameters, 0x05), field(&parameters, 0x08), field(&parameters, 0x09)),
        GET_ASSERTION => (field(&parameters, 0x03), field(&parameters, 0x06), field(&parameters, 0x07)),
        CLIENT_PIN => (None, None, field(&parameters, 0x01)),
        _ => (None, None, None),
    };
    if let Some(limit) = config.max_credential_count_in_list
        && list.and_then(Value::extract_array).is_some_and(|list| list.len() > limit)
    {
        return Some(LIMIT_EXCEEDED);
    }
    let speaks_two = config.protocols != PinProtocols::One && config.profile == Profile::Ctap21;
    if !speaks_two && protocol.and_then(Value::extract_unsigned) == Some(2) {
        return Some(INVALID_PARAMETER);
    }
    if command == GET_ASSERTION
        && let Some(protocol) = salts_under(&parameters)
    {
        match config.quirks.hmac_secret {
            HmacSecret::Unknown => return Some(UNSUPPORTED_EXTENSION),
            HmacSecret::Refuses(status) => return Some(status),
            HmacSecret::ByOneOnly(status) if protocol != 1 => return Some(status),
            HmacSecret::Makes | HmacSecret::ByOneOnly(_) => {}
        }
    }
    if command == CLIENT_PIN {
        let subcommand = field(&parameters, 0x02).and_then(Value::extract_unsigned);
        let no_sensor = config.fingerprints == Fingerprints::NoSensor;
        match subcommand {
            Some(GET_TOKEN_WITH_UV | GET_UV_RETRIES) if no_sensor => return Some(INVALID_SUBCOMMAND),
            Some(6..) if config.profile == Profile::Ctap20 => return Some(INVALID_PARAMETER),
            _ => {}
        }
    }
    if command == MAKE_CREDENTIAL
        && config.profile == Profile::Ctap20
        && auth_param.is_none()
        && !asks_for_uv(&parameters)
        && body.has_pin()
    {
        return Some(PIN_REQUIRED);
    }
    None
}

/// The PIN/UV auth protocol of the salts that the parameters of getAssertion have, if they have any.
fn salts_under(parameters: &Map) -> Option<u64> {
    let name = Value::text_string(HMAC_SECRET.to_owned());
    let extensions = field(parameters, 0x04)?.extract_map()?;
    let input = extensions.into_iter().find(|(key, _)| *key == name)?.1.extract_map()?;
    Some(field(&input, 0x04).and_then(Value::extract_unsigned).unwrap_or(1))
}

/// Whether the parameters of makeCredential ask for verification by the key's own sensor.
fn asks_for_uv(parameters: &Map) -> bool {
    let uv = (Value::text_string("uv".to_owned()), Value::bool_value(true));
    field(parameters, 0x07).and_then(Value::extract_map).is_some_and(|options| options.contains(&uv))
}

/// Replace the status of a CBOR reply and drop its body.
pub(crate) fn set_status(reply: &mut Vec<Report>, status: u8) {
    if let Some(mut message) = Message::join(reply)
        && message.command == CBOR
    {
        message.payload = vec![status];
        *reply = message.split();
    }
}

/// A silent assertion as one that asks for a touch; any other request as it is.
pub(crate) fn with_touch(request: &[Report]) -> Option<Vec<Report>> {
    let mut message = Message::join(request)?;
    if message.command != CBOR || Asked::of(&message.payload) != Some(Asked::SilentAssertion) {
        return None;
    }
    let mut parameters = reader::read(&message.payload[1..]).ok()?.extract_map()?;
    let mut options = field(&parameters, 0x05)?.extract_map()?;
    options.retain(|(name, _)| *name != Value::text_string("up".to_owned()));
    set(&mut parameters, 0x05, Value::map(options));
    message.payload.truncate(1);
    writer::write(Value::map(parameters), &mut message.payload).ok()?;
    Some(message.split())
}

/// The credential ids that a getAssertion request names.
pub(crate) fn allow_list(request: &[u8]) -> Vec<Vec<u8>> {
    let ids = |request: &[u8]| {
        let (&GET_ASSERTION, parameters) = request.split_first()? else { return None };
        let parameters = reader::read(parameters).ok()?.extract_map()?;
        let list = field(&parameters, 0x03)?.extract_array()?;
        Some(list.into_iter().filter_map(|descriptor| id(&descriptor.extract_map()?)).collect())
    };
    ids(request).unwrap_or_default()
}

/// The credential id in a descriptor.
fn id(descriptor: &Map) -> Option<Vec<u8>> {
    let name = Value::text_string("id".to_owned());
    descriptor.iter().find(|(key, _)| *key == name)?.1.clone().extract_byte_string()
}

/// What is wrong in a reply.
#[derive(Clone, Copy)]
pub(crate) struct Lie<'a> {
    pub(crate) corruption: Corruption,
    /// The credential ids in the request.
    pub(crate) allow_list: &'a [Vec<u8>],
}

/// Make OpenSK's reply to `command` the one of this key, with this wrong in it.
pub(crate) fn dress(
    body: &Body,
    lie: Option<Lie<'_>>,
    command: Option<u8>,
    asked: Option<Asked>,
    reply: Vec<Report>,
) -> Vec<Report> {
    let Some(mut message) = Message::join(&reply) else { return reply };
    let cbor_refusal = match body.config.profile {
        Profile::U2f => Some(Refusal::HidError(ERR_INVALID_CMD)),
        Profile::U2fClaimingCbor(refusal) => Some(refusal),
        Profile::Ctap20 | Profile::Ctap21 => None,
    };
    match (message.command, command) {
        (INIT, _) if body.config.profile == Profile::U2f => {
            if let Some(capabilities) = message.payload.get_mut(16) {
                *capabilities &= !CAPABILITY_CBOR;
            }
        }
        (CBOR, _) if cbor_refusal.is_some() => match cbor_refusal {
            Some(Refusal::HidError(code)) => (message.command, message.payload) = (ERROR, vec![code]),
            Some(Refusal::Status(status)) => message.payload = vec![status],
            None => return reply,
        },
        (CBOR, Some(command)) if body.garbled && command != GET_INFO => {
            message.command = ERROR;
            message.payload = vec![OK];
        }
        (CBOR, Some(GET_INFO)) => rewrite(&mut message.payload, |info| dress_info(body, info)),
        (CBOR, _) if asked == Some(Asked::SilentAssertion) && body.config.form == Form::Platform => {
            if message.payload.first() != Some(&OK) {
                return reply;
            }
            message.payload = vec![PIN_REQUIRED];
        }
        (CBOR, _) if asked == Some(Asked::SilentAssertion) && body.config.form == Form::Hybrid => {
            message.payload = vec![UNSUPPORTED_OPTION];
        }
        (INIT, _) if body.config.form == Form::Hybrid => {
            if let Some(capabilities) = message.payload.get_mut(16) {
                *capabilities |= CAPABILITY_SHOW;
            }
        }
        (CBOR, Some(command)) if is_assertion(command) || command == MAKE_CREDENTIAL => {
            let omits = body.config.quirks.omits_credential && is_assertion(command);
            if lie.is_none() && !omits {
                return reply;
            }
            rewrite(&mut message.payload, |signed| {
                if let Some(lie) = lie {
                    corrupt(lie, signed);
                }
                if omits {
                    signed.retain(|(key, _)| *key != Value::unsigned(0x01));
                }
            });
        }
        (CBOR, Some(CLIENT_PIN)) if asked == Some(Asked::KeyAgreement) => {
            let Some(alg) = body.config.quirks.key_agreement_alg else { return reply };
            rewrite(&mut message.payload, |agreement| {
                let mut key = field(agreement, 0x01).and_then(Value::extract_map).expect("a COSE key");
                key.retain(|(label, _)| *label != Value::integer(COSE_ALG));
                key.push((Value::integer(COSE_ALG), Value::integer(alg)));
                set(agreement, 0x01, Value::map(key));
            });
        }
        // A registration starts with 5, an authentication with the flags.
        (MSG, _) if message.payload.len() > 7 && message.payload[0] <= 1 => {
            let Some(lie) = lie else { return reply };
            corrupt_u2f(lie.corruption, &mut message.payload);
        }
        _ => return reply,
    }
    message.split()
}

/// Change the map in a successful reply.
fn rewrite(payload: &mut Vec<u8>, change: impl FnOnce(&mut Map)) {
    if payload.first() != Some(&OK) {
        return;
    }
    let mut map = reader::read(&payload[1..]).expect("OpenSK's own CBOR").extract_map().expect("a map");
    change(&mut map);
    payload.truncate(1);
    writer::write(Value::map(map), payload).expect("it was read from CBOR");
}

fn dress_info(body: &Body, info: &mut Map) {
    let config = &body.config;
    let old = config.profile == Profile::Ctap20;
    if old {
        info.retain(|(key, _)| key.clone().extract_unsigned().is_some_and(|key| key <= 0x06));
        set(info, 0x01, texts(&["U2F_V2", "FIDO_2_0"]));
        set(info, 0x02, texts(&["credProtect", HMAC_SECRET]));
    }
    if config.quirks.hmac_secret == HmacSecret::Unknown
        && let Some(mut extensions) = field(info, 0x02).and_then(Value::extract_array)
    {
        extensions.retain(|name| *name != Value::text_string(HMAC_SECRET.to_owned()));
        set(info, 0x02, Value::array(extensions));
    }
    if old || config.protocols == PinProtocols::One {
        set(info, 0x06, Value::array(vec![Value::unsigned(1)]));
    }
    if config.quirks.omits_pin_protocols {
        info.retain(|(key, _)| *key != Value::unsigned(0x06));
    }
    let sensor = config.fingerprints != Fingerprints::NoSensor;
    if !sensor {
        // preferredPlatformUvAttempts and uvModality
        info.retain(|(key, _)| !matches!(key.clone().extract_unsigned(), Some(0x11 | 0x12)));
    }
    let mut options = field(info, 0x04).and_then(Value::extract_map).expect("OpenSK states its options");
    options.retain(|(name, _)| match name.clone().extract_text_string().as_deref() {
        Some("uv") => sensor,
        Some("bioEnroll") => sensor && !old,
        Some("rk" | "up" | "clientPin") => true,
        _ => !old,
    });
    if config.form == Form::Platform {
        options.push((Value::text_string("plat".to_owned()), Value::bool_value(true)));
        set(info, 0x09, texts(&["internal"]));
    }
    if config.form == Form::Hybrid {
        set(info, 0x09, texts(&["hybrid"]));
    }
    set(info, 0x04, Value::map(options));
}

/// What there is to show, as `docs/protocol.md` has it.
pub(crate) fn shown() -> Vec<u8> {
    let text = |text: &str| Value::text_string(text.to_owned());
    let shown = [("uri", Hybrid::URI), ("text", Hybrid::TEXT), ("drawing", Hybrid::DRAWING)];
    let map = shown.map(|(key, value)| (text(key), text(value))).to_vec();
    let mut payload = Vec::new();
    writer::write(Value::map(map), &mut payload).expect("a flat map");
    payload
}

/// The reply to getAssertion, or to makeCredential, which differs where there is nothing to change.
fn corrupt(Lie { corruption, allow_list }: Lie<'_>, assertion: &mut Map) {
    if corruption == Corruption::CredentialId
        && let Some(mut descriptor) = field(assertion, 0x01).and_then(Value::extract_map)
        && let Some(mut honest) = id(&descriptor)
    {
        let other = allow_list.iter().find(|other| **other != honest).cloned();
        honest[0] ^= 0x01;
        let name = Value::text_string("id".to_owned());
        descriptor.retain(|(key, _)| *key != name);
        descriptor.push((name, Value::byte_string(other.unwrap_or(honest))));
        set(assertion, 0x01, Value::map(descriptor));
    }
    if let Some(mut authenticator_data) = field(assertion, 0x02).and_then(Value::extract_byte_string) {
        corruption.apply(&mut authenticator_data);
        set(assertion, 0x02, Value::byte_string(authenticator_data));
    }
    if corruption == Corruption::Signature
        && let Some(mut signature) = field(assertion, 0x03).and_then(Value::extract_byte_string)
    {
        // The last byte belongs to a number in every encoding, so the signature stays well-formed.
        if let Some(last) = signature.last_mut() {
            *last ^= 0x01;
        }
        set(assertion, 0x03, Value::byte_string(signature));
    }
}

/// Flags, counter, signature and status word (FIDO U2F raw messages §5.4).
fn corrupt_u2f(corruption: Corruption, authentication: &mut [u8]) {
    let mut authenticator_data = [0; 37];
    authenticator_data[32..].copy_from_slice(&authentication[..5]);
    corruption.apply(&mut authenticator_data);
    authentication[..5].copy_from_slice(&authenticator_data[32..]);
    if corruption == Corruption::Signature {
        let last = authentication.len() - 3;
        authentication[last] ^= 0x01;
    }
}

fn field(map: &Map, key: u64) -> Option<Value> {
    let key = Value::unsigned(key);
    map.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
}

fn set(map: &mut Map, key: u64, value: Value) {
    let key = Value::unsigned(key);
    map.retain(|(name, _)| *name != key);
    map.push((key, value));
}

fn texts(texts: &[&str]) -> Value {
    Value::array(texts.iter().map(|text| Value::text_string((*text).to_owned())).collect())
}
