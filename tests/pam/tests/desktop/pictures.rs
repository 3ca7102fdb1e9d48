//! Pictures for people to look at.

use std::env;
use std::path::Path;

use guest::{Area, Picture};

/// Keeps a part of a picture in `docs/pictures` if that is asked for.
pub(crate) fn keep(picture: &Picture, area: Area, name: &str) {
    if env::var_os("UPDATE_PICTURES").is_some() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
        picture.crop(area).save(&folder.join(format!("{name}.png")));
    }
}
