//! PIN/UV auth protocol 1 (CTAP 2.1 §6.5.6), the host's side.

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use p256::{PublicKey, SecretKey, ecdh};
use sha2::{Digest, Sha256};
use sk_cbor::Value;
use virtual_key::Bench;

use super::{Host, bytes, text};

pub struct Session {
    platform_key: Value,
    shared_secret: [u8; 32],
}

impl Session {
    /// getKeyAgreement.
    pub fn open(bench: &mut Bench, host: &mut Host) -> Self {
        let (status, reply) =
            host.call(bench, 0x06, &[(0x01, Value::unsigned(1)), (0x02, Value::unsigned(0x02))]);
        assert_eq!(status, 0);
        let theirs = reply.field(0x01).unwrap().extract_map().unwrap();
        let coordinate = |label: i64| {
            let label = Value::integer(label);
            theirs.iter().find(|(name, _)| *name == label).unwrap().1.clone().extract_byte_string().unwrap()
        };
        let theirs = [&[4][..], &coordinate(-2), &coordinate(-3)].concat();
        let theirs = PublicKey::from_sec1_bytes(&theirs).unwrap();
        let ours = SecretKey::from_slice(&[0x11; 32]).unwrap();
        let shared = ecdh::diffie_hellman(ours.to_nonzero_scalar(), theirs.as_affine());
        let point = ours.public_key().to_sec1_bytes();
        assert_eq!(point.len(), 65);
        let platform_key = Value::map(vec![
            (Value::integer(1), Value::integer(2)),
            (Value::integer(3), Value::integer(-25)),
            (Value::integer(-1), Value::integer(1)),
            (Value::integer(-2), bytes(&point[1..33])),
            (Value::integer(-3), bytes(&point[33..])),
        ]);
        Self { platform_key, shared_secret: Sha256::digest(shared.raw_secret_bytes()).into() }
    }

    /// getPinToken, or with `permissions` getPinUvAuthTokenUsingPinWithPermissions: the token or a status.
    pub fn token(
        &self,
        bench: &mut Bench,
        host: &mut Host,
        pin: &str,
        permissions: Option<u64>,
    ) -> Result<[u8; 32], u8> {
        let mut block = aes::Block::default();
        block.copy_from_slice(&Sha256::digest(pin)[..16]);
        let cipher = Aes256::new(&self.shared_secret.into());
        cipher.encrypt_block(&mut block);
        let mut parameters = vec![
            (0x01, Value::unsigned(1)),
            (0x02, Value::unsigned(if permissions.is_some() { 0x09 } else { 0x05 })),
            (0x03, self.platform_key.clone()),
            (0x06, bytes(&block)),
        ];
        if let Some(permissions) = permissions {
            parameters.push((0x09, Value::unsigned(permissions)));
            parameters.push((0x0a, text("host.example")));
        }
        let (status, reply) = host.call(bench, 0x06, &parameters);
        if status != 0 {
            return Err(status);
        }
        let encrypted: [u8; 32] = reply.bytes(0x02).try_into().unwrap();
        let mut token = [0; 32];
        for half in 0..2 {
            block.copy_from_slice(&encrypted[half * 16..half * 16 + 16]);
            cipher.decrypt_block(&mut block);
            token[half * 16..half * 16 + 16].copy_from_slice(&block);
        }
        for index in 0..16 {
            token[16 + index] ^= encrypted[index];
        }
        Ok(token)
    }
}

/// pinUvAuthParam over the client data hash.
pub fn auth_param(token: &[u8; 32]) -> Value {
    let mut mac = Hmac::<Sha256>::new_from_slice(token).unwrap();
    mac.update(&super::client_data_hash());
    bytes(&mac.finalize().into_bytes()[..16])
}
