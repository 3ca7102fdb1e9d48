//! The person before the client.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use webauthn_authenticator_rs::types::{CableRequestType, CableState, EnrollSampleStatus};
use webauthn_authenticator_rs::ui::UiCallback;

/// Types the PIN that they have in mind, and counts what else they are asked for.
#[derive(Debug)]
pub(crate) struct Person {
    pin: Mutex<String>,
    touches: AtomicUsize,
}

impl Person {
    pub(crate) fn new(pin: &str) -> Self {
        Self { pin: Mutex::new(pin.to_owned()), touches: AtomicUsize::new(0) }
    }

    /// From now on they type this one.
    pub(crate) fn types(&self, pin: &str) {
        pin.clone_into(&mut self.pin.lock().expect("nobody panics with it"));
    }

    pub(crate) fn was_asked_for_touch(&self) -> bool {
        self.touches.load(Ordering::Relaxed) > 0
    }
}

impl UiCallback for Person {
    fn request_pin(&self) -> Option<String> {
        Some(self.pin.lock().expect("nobody panics with it").clone())
    }

    fn request_touch(&self) {
        self.touches.fetch_add(1, Ordering::Relaxed);
    }

    fn processing(&self) {}

    fn fingerprint_enrollment_feedback(&self, _: u32, _: Option<EnrollSampleStatus>) {
        panic!("no finger is enrolled");
    }

    fn cable_qr_code(&self, _: CableRequestType, _: String) {
        panic!("no phone is asked");
    }

    fn dismiss_qr_code(&self) {
        panic!("no phone is asked");
    }

    fn cable_status_update(&self, _: CableState) {
        panic!("no phone is asked");
    }
}
