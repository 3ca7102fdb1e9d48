//! Fingerprints, inside the process that talks to the key (CTAP 2.1 §6.7).

use ctap::Pin;
use ctap::Status;
use ctap_hid_fido2::FidoKeyHid;
use ctap_hid_fido2::fidokey::bio::{EnrollStatus1, EnrollStatus2};

use super::child::{Channel, classify_error};
use super::protocol::{Event, Failure, Fingerprint, GOOD_SAMPLE, Outcome, Sample};

/// More samples than any sensor wants, good and bad together.
const MAX_SAMPLES: usize = 200;

pub(super) fn list(key: &FidoKeyHid, pin: &Pin) -> Result<Vec<Fingerprint>, Failure> {
    let listed = match classify_error(key.bio_enrollment_enumerate_enrollments(pin.as_str())) {
        // That there is none is an answer.
        Err(Failure::Status(status)) if Status(status) == Status::INVALID_OPTION => return Ok(Vec::new()),
        listed => listed?,
    };
    Ok(listed
        .into_iter()
        .map(|template| Fingerprint {
            id: template.template_id,
            name: template.template_friendly_name.unwrap_or_default(),
        })
        .collect())
}

/// Enrols a fingerprint, and tells after each sample how far it is. The crate gets a token with the PIN for the first sample and
/// another one for the name; a wrong PIN ends it at the first.
pub(super) fn add(
    key: &FidoKeyHid,
    pin: &Pin,
    name: &str,
    sample_timeout_ms: u16,
    channel: &mut Channel,
) -> Result<Outcome, Failure> {
    let sensor = classify_error(key.bio_enrollment_get_fingerprint_sensor_info())?;
    check_name(name, sensor.max_template_friendly_name)?;
    let mut progress =
        Sample { taken: 0, left: sensor.max_capture_samples_required_for_enroll, status: None };
    channel.send(&Event::Sample(progress));
    let (enrolment, first) = classify_error(key.bio_enrollment_begin(pin.as_str(), Some(sample_timeout_ms)))?;
    let captured = capture(key, &enrolment, first, sample_timeout_ms, &mut progress, channel);
    if captured.is_err() {
        // It may not be there any more.
        let _ = key.bio_enrollment_cancel();
    }
    captured?;
    let id = enrolment.template_id;
    // It is enrolled: without a name, should the key not take it.
    let named = classify_error(key.bio_enrollment_set_friendly_name(pin.as_str(), &id, name)).is_ok();
    let name = if named { name.to_owned() } else { String::new() };
    Ok(Outcome::Added { fingerprint: Fingerprint { id, name }, samples: progress.taken })
}

fn capture(
    key: &FidoKeyHid,
    enrolment: &EnrollStatus1,
    first: EnrollStatus2,
    sample_timeout_ms: u16,
    progress: &mut Sample,
    channel: &mut Channel,
) -> Result<(), Failure> {
    if enrolment.template_id.is_empty() {
        return Err(Failure::Garbled);
    }
    let mut sample = first;
    for _ in 0..MAX_SAMPLES {
        if sample.status == GOOD_SAMPLE {
            progress.taken = progress.taken.saturating_add(1);
        }
        progress.left = sample.remaining_samples;
        progress.status = Some(sample.status);
        if sample.is_finish {
            return Ok(());
        }
        channel.send(&Event::Sample(*progress));
        sample = classify_error(key.bio_enrollment_next(enrolment, Some(sample_timeout_ms)))?;
    }
    Err(Failure::Garbled)
}

pub(super) fn rename(key: &FidoKeyHid, pin: &Pin, id: &[u8], name: &str) -> Result<(), Failure> {
    let sensor = classify_error(key.bio_enrollment_get_fingerprint_sensor_info())?;
    check_name(name, sensor.max_template_friendly_name)?;
    classify_error(key.bio_enrollment_set_friendly_name(pin.as_str(), id, name))
}

pub(super) fn remove(key: &FidoKeyHid, pin: &Pin, id: &[u8]) -> Result<(), Failure> {
    classify_error(key.bio_enrollment_remove(pin.as_str(), id))
}

/// A key that tells no length takes what it takes.
fn check_name(name: &str, max_len: u32) -> Result<(), Failure> {
    let fits = max_len == 0 || u32::try_from(name.len()).is_ok_and(|len| len <= max_len);
    if fits { Ok(()) } else { Err(Failure::NameTooLong { max_len }) }
}
