//! One QEMU process.

use std::fs;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::image::{BootFiles, Init};
use crate::protocol::PORT;
use crate::slot::Slot;

const KERNEL_WORDS: &str = "console=ttyS0 quiet mitigations=off random.trust_cpu=on panic=-1";

/// A running machine; dropping it pulls the plug.
pub(crate) struct Machine {
    qemu: Child,
    folder: TempDir,
    _slot: Slot,
}

impl Machine {
    /// Starts a machine whose second disk is `seed.tar` in `folder` and waits until QEMU has connected the agent's port.
    pub(crate) fn start(
        files: &BootFiles,
        init: Init,
        folder: TempDir,
        slot: Slot,
    ) -> Result<(Self, UnixStream), String> {
        let socket = folder.path().join("agent");
        let listener =
            UnixListener::bind(&socket).map_err(|error| format!("{}: {error}", socket.display()))?;
        let qemu = spawn(command(files, init, folder.path()))?;
        let mut machine = Self { qemu, folder, _slot: slot };
        let stream = machine.accept(&listener)?;
        Ok((machine, stream))
    }

    fn accept(&mut self, listener: &UnixListener) -> Result<UnixStream, String> {
        listener.set_nonblocking(true).map_err(|error| error.to_string())?;
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            if let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(false).map_err(|error| error.to_string())?;
                return Ok(stream);
            }
            if let Ok(Some(status)) = self.qemu.try_wait() {
                return Err(format!("QEMU ended with {status}:\n{}", self.console()));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err("QEMU does not come up".to_owned())
    }

    /// What the kernel and QEMU have said.
    pub(crate) fn console(&self) -> String {
        let read = |name| {
            fs::read(self.folder.path().join(name))
                .map_or_else(|_| String::new(), |b| String::from_utf8_lossy(&b).into_owned())
        };
        format!("{}{}", read("console"), read("qemu"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

fn command(files: &BootFiles, init: Init, folder: &Path) -> Command {
    let console = folder.join("console");
    let option =
        |text: &str, path: &PathBuf| format!("{text}{}", path.display().to_string().replace(',', ",,"));
    // The plug is pulled also when this process is killed: setpriv sees to it here, the agent in the guest.
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--", "qemu-system-x86_64"])
        // KVM is not to be had on many build machines, and hangs on some where it is nested.
        .args(["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024"])
        .args(["-display", "none", "-nodefaults", "-no-reboot", "-monitor", "none"])
        .args(["-serial", &option("file:", &console)])
        .args(["-kernel", &files.kernel.to_string_lossy(), "-initrd", &files.initrd.to_string_lossy()])
        .args(["-append", &format!("{KERNEL_WORDS}{}", init.kernel_words())])
        .args(["-drive", &option("if=virtio,format=raw,readonly=on,file.locking=off,file=", &files.root)])
        .args(["-drive", &option("if=virtio,format=raw,readonly=on,file=", &folder.join("seed.tar"))])
        .args(["-chardev", &option("socket,id=agent,path=", &folder.join("agent"))])
        .args([
            "-device",
            "virtio-serial-pci",
            "-device",
            &format!("virtserialport,chardev=agent,name={PORT}"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    match fs::File::create(folder.join("qemu")) {
        Ok(file) => command.stderr(file),
        Err(_) => command.stderr(Stdio::null()),
    };
    command
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
