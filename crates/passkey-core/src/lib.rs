#![allow(missing_docs)]

pub mod client_data;
pub mod config;
pub mod credential;
pub mod safe_file;
mod toml_text;
pub mod verify;
