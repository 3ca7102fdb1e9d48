//! swtpm, started and ended.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use passkey_tpm::tpm::Tpm;
use tss_esapi::tcti_ldr::TctiNameConf;

/// A TPM in software, with its state in a folder of its own.
pub(crate) struct Simulator {
    folder: tempfile::TempDir,
    port: u16,
    process: Child,
}

impl Simulator {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, process) = spawn(folder.path());
        Self { folder, port, process }
    }

    /// Everything that went over the bus, as far as it is logged: in hexadecimal.
    pub(crate) fn traffic(&self) -> String {
        std::fs::read_to_string(log(self.folder.path())).unwrap()
    }

    pub(crate) fn tcti(&self) -> String {
        format!("swtpm:host=127.0.0.1,port={}", self.port)
    }

    pub(crate) fn tpm(&self) -> Tpm {
        Tpm::new(TctiNameConf::from_str(&self.tcti()).unwrap())
    }

    /// As if the computer were switched off and on.
    pub(crate) fn power_cycle(&mut self) {
        self.stop();
        (self.port, self.process) = spawn(self.folder.path());
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
    }
}

fn log(folder: &Path) -> PathBuf {
    folder.join("log")
}

/// The library finds the control channel at the next port.
fn free_ports() -> u16 {
    loop {
        let first = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let pair = [first, first.saturating_add(1)].map(|port| TcpListener::bind(("127.0.0.1", port)));
        if pair.iter().all(Result::is_ok) && first < u16::MAX {
            return first;
        }
    }
}

fn spawn(folder: &Path) -> (u16, Child) {
    loop {
        let port = free_ports();
        let control = port + 1;
        let mut process = Command::new("swtpm")
            .args(["socket", "--tpm2", "--tpmstate", &format!("dir={}", folder.display())])
            .args(["--server", &format!("type=tcp,bindaddr=127.0.0.1,port={port}")])
            .args(["--ctrl", &format!("type=tcp,bindaddr=127.0.0.1,port={control}")])
            .args(["--flags", "not-need-init,startup-clear"])
            .args(["--log", &format!("file={},level=20", log(folder).display())])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("swtpm is installed (apt-get install swtpm)");
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
            if let Ok(Some(_)) = process.try_wait() {
                // Another test was faster with the port.
                break;
            }
            if std::net::TcpStream::connect(("127.0.0.1", control)).is_ok() {
                return (port, process);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = process.kill();
        let _ = process.wait();
    }
}
