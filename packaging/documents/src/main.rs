//! `documents FOLDER`: writes the manual pages and the completions into a folder, as they are laid out below `/usr/share`, and for each
//! package `notices/PACKAGE` and, for Debian, `copyright/PACKAGE`. The pages bear the day of `SOURCE_DATE_EPOCH`
//! (<https://reproducible-builds.org>), else today.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use documents::licenses::Notices;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        return failed("usage: documents FOLDER", 2);
    };
    let folder = Path::new(&folder);
    let written =
        write(folder, today()).map_err(|error| error.to_string()).and_then(|()| write_notices(folder));
    match written {
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
        write_file(&folder.join(document.path), &document.text)?;
    }
    Ok(())
}

fn write_notices(folder: &Path) -> Result<(), String> {
    for notices in Notices::all().map_err(|error| error.to_string())? {
        for (kind, text) in [("notices", notices.text()), ("copyright", notices.debian_copyright())] {
            let path = folder.join(kind).join(notices.package().name());
            write_file(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

fn write_file(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

#[expect(clippy::print_stderr, reason = "a program of its own, at a terminal or in a build")]
fn failed(reason: &str, code: u8) -> ExitCode {
    eprintln!("{reason}");
    code.into()
}
