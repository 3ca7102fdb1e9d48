//! A fingerprint reader: the real fprintd with libfprint's virtual device, on a bus of its own.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use dbus::arg::{PropMap, RefArg, Variant};
use dbus::channel::Channel;
use dbus::{Message, MessageType};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

const FPRINT: &str = "net.reactivated.Fprint";
const DEVICE: &str = "net.reactivated.Fprint.Device";
const DEVICE_PATH: &str = "/net/reactivated/Fprint/Device/0";
const LIMIT: Duration = Duration::from_secs(10);
/// Scans of one finger until fprintd knows it.
const STAGES: usize = 5;

/// A bus, and what is on it.
pub(crate) struct Reader {
    folder: tempfile::TempDir,
    bus: Child,
    fprintd: Option<Child>,
    polkit: Option<Polkit>,
}

/// Whether anybody may do anything: stands in for polkit, of which fprintd asks whether it may answer. The package's own rule is tried in a
/// guest.
struct Polkit {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Reader {
    /// With fprintd, which knows no finger yet.
    pub(crate) fn start() -> Self {
        let mut reader = Self::without_fprintd();
        reader.polkit = Some(Polkit::start(&reader.address(), true));
        reader.start_fprintd();
        reader
    }

    /// A bus on which nobody is.
    pub(crate) fn without_fprintd() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("bus");
        let config = folder.path().join("bus.conf");
        // Like the system's, signals go to whomever they are sent to.
        let text = format!(
            "<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
             <policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>\
             <allow send_type=\"method_call\"/><allow send_type=\"signal\"/>\
             <allow send_requested_reply=\"true\" send_type=\"method_return\"/>\
             <allow send_requested_reply=\"true\" send_type=\"error\"/>\
             <allow receive_type=\"method_call\"/><allow receive_type=\"method_return\"/>\
             <allow receive_type=\"error\"/><allow receive_type=\"signal\"/></policy></busconfig>",
            socket.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut bus = Command::new("dbus-daemon");
        bus.arg(format!("--config-file={}", config.display())).args(["--nofork", "--nosyslog"]);
        let bus = spawn(bus, "dbus");
        let reader = Self { folder, bus, fprintd: None, polkit: None };
        Self::wait_for("the bus", || socket.exists() && UnixStream::connect(&socket).is_ok());
        reader
    }

    pub(crate) fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    fn device(&self) -> PathBuf {
        self.folder.path().join("device")
    }

    pub(crate) fn start_fprintd(&mut self) {
        let prints = self.folder.path().join("prints");
        let _ = std::fs::create_dir(&prints);
        let mut fprintd = Command::new("/usr/libexec/fprintd");
        fprintd.arg("--no-timeout");
        fprintd.env("DBUS_SYSTEM_BUS_ADDRESS", self.address());
        fprintd.env("FP_VIRTUAL_DEVICE", self.device()).env("STATE_DIRECTORY", &prints);
        self.fprintd = Some(spawn(fprintd, "fprintd"));
        let peer = Peer::new(&self.address());
        Self::wait_for("fprintd", || {
            peer.call((BUS, "/", BUS, "NameHasOwner"), |call| call.append1(FPRINT)).unwrap().read1().unwrap()
        });
    }

    pub(crate) fn kill_fprintd(&mut self) {
        if let Some(mut fprintd) = self.fprintd.take() {
            fprintd.kill().unwrap();
            fprintd.wait().unwrap();
        }
    }

    /// From now on polkit refuses everything.
    pub(crate) fn refuse(&mut self) {
        self.polkit.take().unwrap().end();
        self.polkit = Some(Polkit::start(&self.address(), false));
    }

    /// Makes a finger known as this account's.
    pub(crate) fn enrol(&self, user: &str, finger: &str) {
        let peer = Peer::new(&self.address());
        peer.subscribe();
        peer.device("Claim", |call| call.append1(user)).unwrap();
        peer.device("EnrollStart", |call| call.append1("right-index-finger")).unwrap();
        for _ in 0..STAGES {
            self.scan(finger);
            peer.signal("EnrollStatus");
        }
        peer.device("EnrollStop", |call| call).unwrap();
        peer.device("Release", |call| call).unwrap();
    }

    /// Puts a finger on the reader, which must be in use.
    pub(crate) fn scan(&self, finger: &str) {
        self.command(&format!("SCAN {finger}"));
    }

    /// Has the reader say something of its own.
    pub(crate) fn command(&self, command: &str) {
        let device = self.device();
        let mut connection = None;
        Self::wait_for("the virtual device", || {
            connection = UnixStream::connect(&device).ok();
            connection.is_some()
        });
        connection.unwrap().write_all(command.as_bytes()).unwrap();
    }

    #[track_caller]
    fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !is_there() {
            assert!(begun.elapsed() < LIMIT, "{what} is not there");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn spawn(mut command: Command, package: &str) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; apt-get install {package}"))
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.kill_fprintd();
        if let Some(polkit) = self.polkit.take() {
            polkit.end();
        }
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

impl Polkit {
    fn start(address: &str, allows: bool) -> Self {
        let peer = Peer::new(address);
        peer.own("org.freedesktop.PolicyKit1");
        let ends = Arc::new(AtomicBool::new(false));
        let has_ended = Arc::clone(&ends);
        let thread = thread::spawn(move || {
            while !has_ended.load(Ordering::Relaxed) {
                let Ok(Some(message)) = peer.0.blocking_pop_message(Duration::from_millis(50)) else {
                    continue;
                };
                if message.msg_type() != MessageType::MethodCall {
                    continue;
                }
                let reply = match message.member().as_deref() {
                    Some("CheckAuthorization") => {
                        let details: std::collections::HashMap<String, String> =
                            std::collections::HashMap::new();
                        message.method_return().append1((allows, false, details))
                    }
                    _ => message.method_return().append1(PropMap::new()),
                };
                let _ = peer.0.send(reply);
            }
        });
        Self { ends, thread }
    }

    fn end(self) {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

const BUS: &str = "org.freedesktop.DBus";

/// Another program on the bus.
pub(crate) struct Peer(Channel);

impl Peer {
    pub(crate) fn new(address: &str) -> Self {
        let mut channel = Channel::open_private(address).unwrap();
        channel.register().unwrap();
        Self(channel)
    }

    fn call(
        &self,
        (destination, path, interface, member): (&str, &str, &str, &str),
        with: impl FnOnce(Message) -> Message,
    ) -> Result<Message, dbus::Error> {
        let call = Message::new_method_call(destination, path, interface, member).unwrap();
        self.0.send_with_reply_and_block(with(call), LIMIT)
    }

    pub(crate) fn device(
        &self,
        member: &str,
        with: impl FnOnce(Message) -> Message,
    ) -> Result<Message, dbus::Error> {
        self.call((FPRINT, DEVICE_PATH, DEVICE, member), with)
    }

    fn own(&self, name: &str) {
        let reply = self.call((BUS, "/", BUS, "RequestName"), |call| call.append2(name, 4_u32)).unwrap();
        assert_eq!(reply.read1::<u32>().unwrap(), 1);
    }

    fn subscribe(&self) {
        let rule = format!("type='signal',interface='{DEVICE}'");
        self.call((BUS, "/", BUS, "AddMatch"), |call| call.append1(rule)).unwrap();
    }

    /// Waits for a signal.
    fn signal(&self, member: &str) {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            let message = self.0.blocking_pop_message(LIMIT).unwrap();
            if message.is_some_and(|message| message.member().as_deref() == Some(member)) {
                return;
            }
        }
        panic!("no {member}");
    }

    /// Everybody on the bus, as they are called there.
    fn names(&self) -> Vec<String> {
        self.call((BUS, "/", BUS, "ListNames"), |call| call).unwrap().read1().unwrap()
    }

    /// Says to everybody, each by name, what fprintd alone may say.
    pub(crate) fn forge(&self, result: &str) {
        for name in self.names().into_iter().filter(|name| name.starts_with(':')) {
            let mut signal =
                Message::new_signal(DEVICE_PATH, DEVICE, "VerifyStatus").unwrap().append2(result, true);
            signal.set_destination(Some(name.into()));
            self.0.send(signal).unwrap();
        }
        self.0
            .send(Message::new_signal(DEVICE_PATH, DEVICE, "VerifyStatus").unwrap().append2(result, true))
            .unwrap();
        self.0.flush();
    }

    /// Takes fprintd's place, and answers everything with this.
    pub(crate) fn impersonate(self, answer: impl Fn(&Message) -> Message + Send + 'static) -> JoinHandle<()> {
        self.own(FPRINT);
        thread::spawn(move || {
            while let Ok(message) = self.0.blocking_pop_message(LIMIT) {
                if let Some(message) = message.filter(|message| message.msg_type() == MessageType::MethodCall)
                {
                    let _ = self.0.send(answer(&message));
                }
            }
        })
    }
}

/// A bus that lets everybody connect and says nothing.
pub(crate) fn mute_bus(folder: &Path) -> (String, UnixListener) {
    let path = folder.join("mute");
    let listener = UnixListener::bind(&path).unwrap();
    (format!("unix:path={}", path.display()), listener)
}

/// A bus that has as many connections waiting as it can have, with those that fill it.
pub(crate) fn full_bus(folder: &Path) -> (String, Vec<OwnedFd>) {
    let path = folder.join("full");
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = || rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap();
    let address = SocketAddrUnix::new(&path).unwrap();
    let mut held = vec![socket()];
    rustix::net::bind(&held[0], &address).unwrap();
    rustix::net::listen(&held[0], 0).unwrap();
    loop {
        let next = socket();
        let connected = rustix::net::connect(&next, &address);
        held.push(next);
        match connected {
            Ok(()) => {}
            Err(Errno::AGAIN) => return (format!("unix:path={}", path.display()), held),
            Err(errno) => panic!("{errno}"),
        }
    }
}

/// A map as D-Bus has it, for those who want another type.
pub(crate) fn nonsense() -> Variant<Box<dyn RefArg>> {
    Variant(Box::new(7_u32))
}
