//! The guest's side. It runs as root under busybox init, reads requests from the virtio port and answers them;
//! beside that it is the machine's system log and the device manager that gives people access to their security keys.

mod account;
mod devices;
mod keyboard;
mod process;
mod syslog;
mod terminal;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::protocol::{Action, Answer, Event, PORT, Request};
pub(crate) use devices::GROUP;
use keyboard::Keyboard;
use terminal::Terminal;

/// Serves the host until it hangs up, which ends the guest: a test that has been killed leaves nothing behind.
pub fn serve() -> io::Result<()> {
    syslog::start()?;
    devices::start()?;
    let port = OpenOptions::new().read(true).write(true).open(port()?)?;
    let host = Host { port: Arc::new(Mutex::new(port.try_clone()?)) };
    host.tell(0, Answer::Ready);
    let mut bench = Bench::default();
    for line in BufReader::new(port).lines() {
        let Request { id, action } = serde_json::from_str(&line?)?;
        if let Err(error) = perform(&host, &mut bench, id, action) {
            host.tell(id, Answer::Failed { reason: error.to_string() });
        }
    }
    Command::new("busybox").args(["poweroff", "-f"]).status().map(drop)
}

/// What the person works with.
#[derive(Default)]
struct Bench {
    terminals: HashMap<u64, Terminal>,
    /// Plugged in when it is first used: tests that know none see no other device than security keys.
    keyboard: Option<Keyboard>,
}

fn perform(host: &Host, bench: &mut Bench, id: u64, action: Action) -> io::Result<()> {
    let Bench { terminals, keyboard } = bench;
    match action {
        Action::Run { user, command, stdin } => {
            let host = host.clone();
            thread::spawn(move || {
                let answer = process::run(&user, &command, &stdin);
                host.tell(id, answer.unwrap_or_else(|error| Answer::Failed { reason: error.to_string() }));
            });
        }
        Action::Terminal { user, command, size } => {
            terminals.insert(id, Terminal::open(host, id, &user, command.as_deref(), size)?);
        }
        Action::Input { terminal, data } => terminals.get(&terminal).map_or(Ok(()), |t| t.input(&data))?,
        Action::Resize { terminal, size } => terminals.get(&terminal).map_or(Ok(()), |t| t.resize(size))?,
        Action::Press { keys } => {
            if keyboard.is_none() {
                *keyboard = Some(Keyboard::plug_in()?);
            }
            keyboard.as_mut().map_or(Ok(()), |keyboard| keyboard.press(&keys))?;
            host.tell(id, Answer::Pressed);
        }
        Action::HangUp { terminal } => drop(terminals.remove(&terminal)),
    }
    Ok(())
}

/// The way back to the host, shared by everything that answers.
#[derive(Clone)]
struct Host {
    port: Arc<Mutex<File>>,
}

impl Host {
    /// A host that does not listen any more is not an error: the reading side notices and ends the guest.
    fn tell(&self, id: u64, answer: Answer) {
        let mut line = serde_json::to_vec(&Event { id, answer }).expect("an event is always JSON");
        line.push(b'\n');
        let _ = self.port.lock().expect("no holder panics").write_all(&line);
    }
}

fn port() -> io::Result<PathBuf> {
    for entry in fs::read_dir("/sys/class/virtio-ports")? {
        let entry = entry?;
        let name = fs::read_to_string(entry.path().join("name")).unwrap_or_default();
        if name.trim() == PORT {
            return Ok(PathBuf::from("/dev").join(entry.file_name()));
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "no virtio port of ours"))
}

fn exit_status(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
