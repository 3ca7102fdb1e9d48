//! A machine with many users: a credential file each, and a line each of pam_u2f's authfile.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use bench_probe::Population;

/// Links that one file may have: ext4's limit is 65,000.
const LINKS: usize = 50_000;

pub(crate) fn make(population: &Population) {
    let Population { users, user, credential_file, folder, u2f_line, authfile } = population;
    let (folder, middle) = (Path::new(folder), users / 2);
    fs::create_dir_all(folder).unwrap();
    let credentials = fs::read(credential_file).unwrap();
    let rest_of_line = u2f_line.trim_end().strip_prefix(user.as_str()).expect("her line");
    let mut lines = BufWriter::new(File::create(authfile).unwrap());
    // The file that gets links, and how many it has.
    let mut original: Option<(PathBuf, usize)> = None;
    for number in 0..*users {
        let name = if number == middle { user.clone() } else { format!("user{number:07}") };
        writeln!(lines, "{name}{rest_of_line}").unwrap();
        let path = folder.join(format!("{name}.toml"));
        match &mut original {
            // A file is her own, so that what is recorded of her is of no other user.
            _ if number == middle => fs::write(path, &credentials).unwrap(),
            Some((original, count)) if *count < LINKS => {
                fs::hard_link(original, path).unwrap();
                *count += 1;
            }
            _ => {
                fs::write(&path, &credentials).unwrap();
                original = Some((path, 1));
            }
        }
    }
    lines.flush().unwrap();
}
