//! Real greeters on a real display: what a person sees, types and touches, from the greeter to the session.
//!
//! Each part reads the screen in two ways: what the greeter tells a screen reader, and whether the place of which it says so shows
//! anything. `UPDATE_PICTURES=1` keeps pictures of the steps in `docs/pictures`.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod gdm_json;
mod gdm_password;
mod gnome;
mod gtk;
mod heavy;
mod keyring;
mod lightdm;
mod pictures;
mod scene;
mod sddm;
mod this_computer;

use scene::Suite;

#[test]
fn lightdm_on_debian_12() {
    lightdm::through(Suite::Bookworm, &lightdm::WAYS_IN);
}

#[test]
#[ignore = "takes long: ./check desktop-full"]
fn lightdm_besides_on_debian_12() {
    lightdm::through(Suite::Bookworm, &lightdm::BESIDES);
}

#[test]
#[ignore = "takes long: ./check desktop-full"]
fn lightdm_on_debian_13() {
    lightdm::through(Suite::Trixie, &[&lightdm::BESIDES[..], &lightdm::WAYS_IN].concat());
}

#[test]
#[ignore = "takes long: ./check desktop-full"]
fn lightdm_without_a_name_on_debian_12() {
    lightdm::without_a_name(Suite::Bookworm);
}

#[test]
#[ignore = "takes long: ./check desktop-full"]
fn this_computer_at_lightdm_on_debian_12() {
    this_computer::all();
}

#[test]
#[ignore = "takes long: ./check desktop-full"]
fn sddm_on_debian_13() {
    sddm::all("trixie");
}

#[test]
#[ignore = "takes long: ./check desktop-full"]
fn gdm_passkey_screen_on_debian_sid() {
    gdm_json::all("sid");
}

#[test]
#[ignore = "takes long: ./check desktop-full"]
fn gdm_password_on_debian_sid() {
    gdm_password::all("sid");
}

#[test]
#[ignore = "takes long: ./check desktop-full"]
fn gdm_password_on_debian_13() {
    gdm_password::all("trixie");
}

#[test]
#[ignore = "takes long: ./check desktop-full"]
fn gdm_outlives_long_last_words_on_debian_sid() {
    gdm_password::long_last_words("sid");
}

#[test]
#[ignore = "takes long: ./check desktop-full"]
fn gtkgreet_and_gtklock_on_debian_13() {
    gtk::all("trixie");
}
