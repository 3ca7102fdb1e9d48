//! A device that was never enrolled and lies: clean CTAPHID, and whatever claims and answers its configuration says.

mod answer;
mod assembly;
mod claim;
mod device;
mod presets;
mod record;
mod reply;

pub use self::answer::{Answer, Keepalive};
pub use self::claim::{Claim, ClaimedInfo, ImpostorConfig};
pub use self::device::Impostor;
pub use self::presets::PRESETS;
pub use self::record::{Blink, Record, Request, Requested};
