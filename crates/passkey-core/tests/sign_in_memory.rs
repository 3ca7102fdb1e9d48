//! The memory that is asked for in advance is enough.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "tests stop at the first surprise")]

use std::path::Path;

use passkey_core::config::Config;
use passkey_core::memory::{PER_BYTE_OF_TEXT, SIGN_IN};
use passkey_core::store::{CredentialFile, State};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The longest configuration.
const MAX_CONFIG_LEN: usize = 64 * 1024;
/// For whatever else a sign-in has in memory at the same time; `tests/memory.rs` holds sixteen keys to a part of it.
const REST: usize = 1024 * 1024;

fn peak<T>(work: impl FnOnce() -> T) -> usize {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    drop(work());
    MEMORY.peak_usage() - before
}

/// Texts of about `len` bytes that cost the parser as much as their form can.
fn costly(len: usize) -> Vec<String> {
    let around = |before: &str, unit: &str, after: &str| {
        let head = "version = 1\nuser_handle = \"CQkJ\"\n";
        let count = (len - head.len() - before.len() - after.len()) / unit.len();
        format!("{head}{before}{}{after}", unit.repeat(count))
    };
    let entry = "[[credential]]\nid = \"AQ\"\n";
    let mut texts = vec![
        around("", "[[credential]]\n", ""),
        around("", entry, ""),
        around("a=[", "[],", "]"),
        around("a=[", "1,", "]"),
        around("a=[", "\"\",", "]"),
        around("", "#\n", ""),
        around("", "\n", ""),
        around("", "=", ""),
        around("", "=\n", ""),
        around("", "]\n", ""),
        around("", "a.", "a=1\n"),
        around("[", "a.", "a]\n"),
        around("a=", "[", ""),
        around("a=", "{a=", ""),
    ];
    for end in ["=1\n", "={}\n"] {
        let mut text = String::new();
        for number in 0_u32.. {
            if text.len() + 16 > len {
                break;
            }
            text.extend([format!("{number:x}").as_str(), end]);
        }
        texts.push(text);
    }
    texts
}

/// One test alone in its process: the memory of all threads is counted.
#[test]
fn a_sign_in_needs_no_more_than_it_asks_for() {
    let beginning = |text: &str| text.chars().take(80).collect::<String>();
    // The parser's buffers double: the most for each byte is needed just after they did.
    let lens = (0..16).map(|eighth| 40_000 + eighth * 5_000).chain([500_000, 530_000, 700_000, 1_048_000]);
    for len in lens {
        for text in costly(len) {
            let credentials = peak(|| CredentialFile::parse(&text).map(|file| file.encode()));
            let state = peak(|| State::parse(&text).map(|state| state.encode()));
            let most = credentials.max(state);
            assert!(
                most < text.len() * PER_BYTE_OF_TEXT,
                "{most} bytes for {} of {:?}",
                text.len(),
                beginning(&text)
            );
        }
    }
    for len in [MAX_CONFIG_LEN, MAX_CONFIG_LEN / 2 + 2_000] {
        for text in costly(len) {
            let most = peak(|| Config::parse(Path::new("passkey.toml"), &text).is_ok());
            assert!(most + REST < SIGN_IN, "{most} bytes for {} of {:?}", text.len(), beginning(&text));
        }
    }
}
