//! One QEMU process.

use std::fs::{self, File};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::architecture::Architecture;
use crate::hardware::{AGENT, CONSOLE, Hardware, MONITOR, TPM};
use crate::monitor::{Monitor, quote};
use crate::usage::Usage;

/// What QEMU itself has to say.
const ERRORS: &str = "qemu";

/// A running one; dropping it pulls the plug.
pub(crate) struct Qemu {
    child: Child,
    /// The TPM, which is a program of its own.
    tpm: Option<Child>,
    pub(crate) monitor: Monitor,
}

impl Qemu {
    /// Starts a machine, from a saved state or by switching it on; the stream leads to the agent's port.
    pub(crate) fn start(
        hardware: &Hardware,
        folder: &Path,
        state: Option<&Path>,
    ) -> Result<(Self, UnixStream), String> {
        let tpm = hardware.tpm.then(|| start_tpm(folder)).transpose()?;
        let agent = listen(&folder.join(AGENT))?;
        let monitor = listen(&folder.join(MONITOR))?;
        // The plug is pulled also when this process is killed: setpriv sees to it here, the agent in the guest.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--", Architecture::own().emulator])
            .args(hardware.arguments(folder))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.join(ERRORS)).map_err(|error| error.to_string())?);
        if let Some(state) = state {
            command.args(["-incoming", &format!("exec:exec cat {}", quote(state))]);
        }
        let mut child = spawn(command)?;
        let connected = accept(&mut child, &monitor)
            .and_then(Monitor::new)
            .and_then(|monitor| Ok((monitor, accept(&mut child, &agent)?)));
        match connected {
            Ok((monitor, stream)) => Ok((Self { child, tpm, monitor }, stream)),
            Err(reason) => {
                end(&mut child);
                if let Some(mut tpm) = tpm {
                    end(&mut tpm);
                }
                Err(format!("{reason}\n{}", said(folder)))
            }
        }
    }

    /// What it has made of this machine's processors so far; none without power.
    pub(crate) fn usage(&self) -> Option<Usage> {
        Usage::of(self.child.id())
    }

    /// Pulls the plug, at once.
    pub(crate) fn kill(&mut self) {
        end(&mut self.child);
        if let Some(tpm) = &mut self.tpm {
            end(tpm);
        }
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a TPM that has never been used, and waits until QEMU can talk to it.
fn start_tpm(folder: &Path) -> Result<Child, String> {
    let (state, socket) = (folder.join("tpm-state"), folder.join(TPM));
    let _ = fs::remove_dir_all(&state);
    let _ = fs::remove_file(&socket);
    fs::create_dir(&state).map_err(|error| error.to_string())?;
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--", "swtpm", "socket", "--tpm2"])
        .args(["--tpmstate", &format!("dir={}", state.display())])
        .args(["--ctrl", &format!("type=unixio,path={}", socket.display())])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("swtpm")).map_err(|error| error.to_string())?);
    let mut child = spawn(command)?;
    let start = Instant::now();
    while !socket.exists() {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("swtpm ended with {status}; './check' installs it"));
        }
        if start.elapsed() > Duration::from_secs(20) {
            end(&mut child);
            return Err("swtpm does not come up".to_owned());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(child)
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// What the kernel and QEMU have said.
pub(crate) fn said(folder: &Path) -> String {
    let read = |name| {
        fs::read(folder.join(name))
            .map_or_else(|_| String::new(), |b| String::from_utf8_lossy(&b).into_owned())
    };
    format!("{}{}", read(CONSOLE), read(ERRORS))
}

fn listen(socket: &Path) -> Result<UnixListener, String> {
    // Of an attempt that came to nothing.
    let _ = fs::remove_file(socket);
    UnixListener::bind(socket).map_err(|error| format!("{}: {error}", socket.display()))
}

fn accept(child: &mut Child, listener: &UnixListener) -> Result<UnixStream, String> {
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).map_err(|error| error.to_string())?;
            return Ok(stream);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("QEMU ended with {status}"));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Err("QEMU does not come up".to_owned())
}

/// Starts it from a thread that lives as long as the process: the death signal goes by the parent *thread*, and a guest may be handed
/// from the thread that booted it to another.
fn spawn(mut command: Command) -> Result<Child, String> {
    let (started, child) = mpsc::channel();
    thread::Builder::new()
        .name("qemu parent".to_owned())
        .spawn(move || {
            let _ = started.send(command.spawn());
            loop {
                thread::park();
            }
        })
        .map_err(|error| error.to_string())?;
    child
        .recv()
        .map_err(|error| error.to_string())?
        .map_err(|error| format!("cannot start QEMU: {error}; './check' installs it"))
}
