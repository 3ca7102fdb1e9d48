//! Pictures for people to look at.

use std::path::Path;
use std::time::Duration;
use std::{env, thread};

use guest::{Area, Guest};

/// Longer than it takes a message to be faded in.
const FADED_IN: Duration = Duration::from_secs(1);

/// Keeps a part of what the screen shows in `docs/pictures` if that is asked for.
pub(crate) fn keep(guest: &Guest, area: Area, name: &str) {
    if env::var_os("UPDATE_PICTURES").is_some() {
        thread::sleep(FADED_IN);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
        guest.display().picture().crop(area).save(&folder.join(format!("{name}.png")));
    }
}
