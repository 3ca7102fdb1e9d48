//! Credential ids of 64 bytes, as most keys that people own make them: what they stand for stays in the key's memory. OpenSK's own
//! carry everything inside, are four times as long, and so fewer of them fit into one request.

use opensk::api::key_store::{CredentialSource, Error, KeyStore};
use opensk::ctap::secret::Secret;

use super::Port;
use super::env::KeyEnv;
use super::sha256;

impl<P: Port> KeyStore for KeyEnv<P> {
    fn init(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn wrap_credential(&mut self, credential: CredentialSource) -> Result<Vec<u8>, Error> {
        let mut body = self.shared.lock();
        let mut id = vec![0; 64];
        body.random.fill(&mut id);
        body.sources.insert(id.clone(), credential);
        Ok(id)
    }

    fn unwrap_credential(&mut self, id: &[u8], rp_id_hash: &[u8]) -> Result<Option<CredentialSource>, Error> {
        let body = self.shared.lock();
        Ok(body.sources.get(id).filter(|source| source.rp_id_hash == *rp_id_hash).cloned())
    }

    fn cred_random(&mut self, has_uv: bool) -> Result<Secret<[u8; 32]>, Error> {
        let seed = self.shared.lock().config.seed;
        Ok(Secret::from_exposed_secret(sha256(&[b"hmac-secret", &seed, &[u8::from(has_uv)]])))
    }

    fn encrypt_pin_hash(&mut self, plain: &[u8; 16]) -> Result<[u8; 16], Error> {
        Ok(*plain)
    }

    fn decrypt_pin_hash(&mut self, cipher: &[u8; 16]) -> Result<Secret<[u8; 16]>, Error> {
        Ok(Secret::from_exposed_secret(*cipher))
    }

    fn reset(&mut self) -> Result<(), Error> {
        self.shared.lock().sources.clear();
        Ok(())
    }
}
