//! `/dev/log` into `/var/log/syslog`: whole messages, however long, each with its facility and severity.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::thread;

/// Under systemd a link to the journal's socket, which services with a `/dev` of their own know by that name.
const SOCKET: &str = "/dev/log";
const FILE: &str = "/var/log/syslog";

/// Programs can log as soon as this returns.
pub(super) fn start() -> io::Result<()> {
    let socket = fs::read_link(SOCKET).unwrap_or_else(|_| SOCKET.into());
    let _ = fs::remove_file(&socket);
    let listener = UnixDatagram::bind(&socket)?;
    fs::set_permissions(&socket, Permissions::from_mode(0o666))?;
    let mut file = OpenOptions::new().create(true).append(true).open(FILE)?;
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length) = listener.recv(&mut buffer) {
            let _ = file.write_all(line(&buffer[..length]).as_bytes());
        }
    });
    Ok(())
}

/// `<86>Nov 23 …` becomes `authpriv.info Nov 23 …`; control characters are shown as rsyslog shows them, `#012`.
fn line(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let (priority, text) = text
        .strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
        .and_then(|(number, text)| Some((number.parse::<usize>().ok()?, text)))
        .unwrap_or((13, &text));
    let mut line = format!("{}.{} ", facility(priority >> 3), SEVERITIES[priority & 7]);
    for character in text.trim_end_matches(['\n', '\0']).chars() {
        if character.is_control() {
            let _ = write!(line, "#{:03o}", u32::from(character));
        } else {
            line.push(character);
        }
    }
    line.push('\n');
    line
}

const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

fn facility(number: usize) -> String {
    match number {
        0 => "kern".to_owned(),
        1 => "user".to_owned(),
        3 => "daemon".to_owned(),
        4 => "auth".to_owned(),
        10 => "authpriv".to_owned(),
        other => format!("facility{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_line_shows_priority_and_hides_nothing() {
        assert_eq!(line(b"<86>Nov 23 02:00:00 sudo: a\nb\0"), "authpriv.info Nov 23 02:00:00 sudo: a#012b\n");
        assert_eq!(line(b"bare"), "user.notice bare\n");
        assert_eq!(line(b"<x>y"), "user.notice <x>y\n");
    }
}
