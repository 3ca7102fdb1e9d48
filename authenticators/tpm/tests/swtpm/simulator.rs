//! swtpm, started and ended, with a bus that is listened on.

use std::io::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use passkey_tpm::tpm::Tpm;
use tss_esapi::tcti_ldr::TctiNameConf;

const LOCAL: &str = "127.0.0.1";
/// The hierarchy that may change how the TPM counts, and clear it. Its password is empty.
const LOCKOUT_HIERARCHY: u32 = 0x4000_000a;

/// The command is to be sent again.
const RETRY: u32 = 0x922;

/// A TPM in software, with its state in a folder of its own.
pub(crate) struct Simulator {
    folder: tempfile::TempDir,
    process: Child,
    bus: Arc<Mutex<Bus>>,
    /// Where clients find the bus; its control channel is at the next port.
    port: u16,
}

/// The way to the TPM, on which one command goes after the other.
struct Bus {
    tpm: Option<UnixStream>,
    /// Everything that went over it, both ways.
    traffic: Vec<u8>,
    /// A command whose reply is kept back, and who hears of it.
    held: Option<(u32, Sender<()>)>,
}

impl Simulator {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = spawn(folder.path());
        let tpm = connect(folder.path());
        let [_, control_socket] = sockets(folder.path());
        let bus = Arc::new(Mutex::new(Bus { tpm: Some(tpm), traffic: Vec::new(), held: None }));
        let (data, control) = free_pair();
        let port = data.local_addr().unwrap().port();
        let for_data = Arc::clone(&bus);
        listen(data, move |client| while forward(client, &for_data).is_some() {});
        listen(control, move |client| {
            let Ok(tpm) = UnixStream::connect(&control_socket) else { return };
            let (mut to, mut from) = (tpm.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
            let _ = std::io::copy(&mut { tpm }, client);
            let _ = client.shutdown(Shutdown::Both);
        });
        Self { folder, process, bus, port }
    }

    /// Everything that went over the bus.
    pub(crate) fn traffic(&self) -> Vec<u8> {
        self.bus.lock().unwrap().traffic.clone()
    }

    pub(crate) fn tcti(&self) -> String {
        format!("swtpm:host={LOCAL},port={}", self.port)
    }

    pub(crate) fn tpm(&self) -> Tpm {
        Tpm::new(TctiNameConf::from_str(&self.tcti()).unwrap())
    }

    /// As if the computer were switched off and on, not always as it should be.
    pub(crate) fn power_cycle(&mut self) {
        self.stop();
        self.process = spawn(self.folder.path());
        self.bus.lock().unwrap().tpm = Some(connect(self.folder.path()));
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.bus.lock().unwrap().tpm = None;
    }

    /// How many wrong ones lock it, and how many seconds it takes until it forgets one (`TPM2_DictionaryAttackParameters`).
    pub(crate) fn set_lockout(&self, max_tries: u32, interval: u32) {
        let parameters = [max_tries, interval, 1].map(u32::to_be_bytes).concat();
        self.authorized(0x13a, &parameters);
    }

    /// What the firmware's settings do (`TPM2_Clear`).
    pub(crate) fn clear(&self) {
        self.authorized(0x126, &[]);
    }

    pub(crate) fn lockout_counter(&self) -> u32 {
        let request = [0x17a_u32, 6, 0x20e, 1].map(u32::to_be_bytes).concat();
        let reply = self.command(0x8001, &request);
        u32::from_be_bytes(*reply.last_chunk().unwrap())
    }

    /// Keeps back the reply to the next command of that code, for good. Says when the TPM has given it.
    pub(crate) fn hold(&self, code: u32) -> Receiver<()> {
        let (sender, receiver) = mpsc::channel();
        self.bus.lock().unwrap().held = Some((code, sender));
        receiver
    }

    fn authorized(&self, code: u32, parameters: &[u8]) {
        let mut request = [code, LOCKOUT_HIERARCHY, 9, 0x4000_0009].map(u32::to_be_bytes).concat();
        request.extend([0, 0, 0, 0, 0]);
        request.extend(parameters);
        let reply = self.command(0x8002, &request);
        assert_eq!(reply[6..10], [0; 4], "{reply:02x?}");
    }

    fn command(&self, tag: u16, rest: &[u8]) -> Vec<u8> {
        let len = u32::try_from(rest.len() + 6).unwrap();
        let command = [&tag.to_be_bytes()[..], &len.to_be_bytes(), rest].concat();
        self.bus.lock().unwrap().exchange(&command).unwrap()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Bus {
    fn exchange(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        let tpm = self.tpm.as_mut()?;
        self.traffic.extend(command);
        tpm.write_all(command).ok()?;
        let reply = read_message(tpm)?;
        self.traffic.extend(&reply);
        Some(reply)
    }
}

/// One command of a client's and its reply; `None` when the client or the TPM has gone.
fn forward(client: &mut TcpStream, bus: &Mutex<Bus>) -> Option<()> {
    let command = read_message(client)?;
    let mut bus = bus.lock().unwrap();
    let reply = bus.exchange(&command)?;
    // The first use of a PIN after start-up is put off: the TPM first writes down that there was one.
    let is_put_off = reply[6..10] == RETRY.to_be_bytes();
    let is_held = |(code, _): &(u32, Sender<()>)| command[6..10] == code.to_be_bytes();
    if !is_put_off && bus.held.as_ref().is_some_and(is_held) {
        let (_, sender) = bus.held.take()?;
        drop(bus);
        sender.send(()).ok()?;
        // Until the client has gone.
        let _ = read_message(client);
        return None;
    }
    client.write_all(&reply).ok()
}

/// Tag, length of the whole, and what follows.
fn read_message(stream: &mut impl std::io::Read) -> Option<Vec<u8>> {
    let mut message = vec![0; 6];
    stream.read_exact(&mut message).ok()?;
    let len = u32::from_be_bytes(*message.last_chunk().unwrap());
    let mut rest = vec![0; usize::try_from(len).unwrap() - 6];
    stream.read_exact(&mut rest).ok()?;
    message.extend(rest);
    Some(message)
}

fn listen(listener: TcpListener, serve: impl Fn(&mut TcpStream) + Clone + Send + 'static) {
    // Until the test is over.
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, serve) = (client.unwrap(), serve.clone());
            client.set_nodelay(true).unwrap();
            thread::spawn(move || serve(&mut client));
        }
    });
}

/// Two ports in a row.
fn free_pair() -> (TcpListener, TcpListener) {
    loop {
        let first = TcpListener::bind((LOCAL, 0)).unwrap();
        let next = first.local_addr().unwrap().port().checked_add(1);
        if let Some(Ok(second)) = next.map(|port| TcpListener::bind((LOCAL, port))) {
            return (first, second);
        }
    }
}

/// Where swtpm listens: the command and the control channel.
fn sockets(folder: &Path) -> [PathBuf; 2] {
    ["tpm.sock", "control.sock"].map(|name| folder.join(name))
}

fn spawn(folder: &Path) -> Child {
    let [data, control] = sockets(folder);
    for socket in [&data, &control] {
        let _ = std::fs::remove_file(socket);
    }
    // It ends with its connection, so that none is left where a test is killed.
    Command::new("swtpm")
        .args(["socket", "--tpm2", "--terminate", "--tpmstate", &format!("dir={}", folder.display())])
        .args(["--server", &format!("type=unixio,path={}", data.display())])
        .args(["--ctrl", &format!("type=unixio,path={}", control.display())])
        .args(["--flags", "not-need-init,startup-clear"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("swtpm: {error}; apt-get install swtpm"))
}

fn connect(folder: &Path) -> UnixStream {
    let [data, _] = sockets(folder);
    let begun = Instant::now();
    loop {
        if let Ok(stream) = UnixStream::connect(&data) {
            return stream;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "swtpm does not listen");
        thread::sleep(Duration::from_millis(2));
    }
}
