//! The steps that ceremonies are made of.
//!
//! - [`allow_list`] cuts the passkeys that are asked for into lists that a key takes.
//! - [`assertion`] asks one key for an assertion and verifies its reply.
//! - [`selection`] makes a key blink so that the person can touch the one they mean.
//! - [`uv_method`] decides how a key verifies its user, and [`pin_uv_token`] has it do so by PIN or sensor.
//! - [`grace_period`] is how long slow keys hold the others up; [`single_key`] is for ceremonies over one key.
//! - [`timing`] has the times.

pub(super) mod allow_list;
pub(super) mod assertion;
pub(super) mod grace_period;
pub(super) mod pin_uv_token;
pub(super) mod selection;
pub(super) mod single_key;
pub(super) mod timing;
pub(super) mod uv_method;
