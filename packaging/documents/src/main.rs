//! `documents FOLDER`: writes the manual pages and the completions into a folder, as they are laid out below `/usr/share`. The pages
//! bear the day of `SOURCE_DATE_EPOCH` (<https://reproducible-builds.org>), else today.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        return failed("usage: documents FOLDER", 2);
    };
    match write(Path::new(&folder), today()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("documents: {error}"), 1),
    }
}

fn today() -> Date {
    let given = env::var("SOURCE_DATE_EPOCH")
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds.parse().ok()?).ok());
    given.unwrap_or_else(Timestamp::now).to_zoned(TimeZone::UTC).date()
}

fn write(folder: &Path, date: Date) -> io::Result<()> {
    for document in documents::all(date) {
        let path = folder.join(document.path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, document.text)?;
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a program of its own, at a terminal or in a build")]
fn failed(reason: &str, code: u8) -> ExitCode {
    eprintln!("{reason}");
    code.into()
}
