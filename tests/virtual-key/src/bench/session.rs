//! One powered OpenSK key on a thread of its own that runs only while the bench waits for it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Report;
use crate::key::{self, Port, Shared, Wake};

/// The bench's end.
pub(super) struct Session {
    wake: Sender<(Duration, Wake)>,
    sleep: Receiver<Sleep>,
    thread: Option<JoinHandle<()>>,
    /// When the key wants to be woken, if nothing happens before.
    pub(super) deadline: Option<Duration>,
    /// The key wants to be pulled out.
    pub(super) pulled_out: bool,
}

/// The key has nothing more to do for now.
struct Sleep {
    sent: Vec<Report>,
    deadline: Option<Duration>,
    pulled_out: bool,
}

impl Session {
    pub(super) fn start(now: Duration, shared: Arc<Shared>) -> Self {
        let (wake, woken) = channel();
        let (asleep, sleep) = channel();
        let port = DeskPort { now, sent: Vec::new(), pulled_out: false, woken, asleep };
        let thread = std::thread::spawn(move || key::run(&shared, port));
        let mut session = Self { wake, sleep, thread: Some(thread), deadline: None, pulled_out: false };
        let sent = session.until_asleep();
        assert!(sent.is_empty(), "a key says nothing unasked");
        session
    }

    /// Wake the key and let it run until it sleeps again. Returns what it sent meanwhile.
    pub(super) fn wake(&mut self, now: Duration, wake: Wake) -> Vec<Report> {
        // A key that has panicked shows below.
        let _ = self.wake.send((now, wake));
        self.until_asleep()
    }

    fn until_asleep(&mut self) -> Vec<Report> {
        let Ok(Sleep { sent, deadline, pulled_out }) = self.sleep.recv() else {
            panic!("a virtual key's thread has ended by itself");
        };
        self.deadline = deadline;
        self.pulled_out = pulled_out;
        sent
    }
}

impl Drop for Session {
    /// Cut the power, and wait until the key is out.
    fn drop(&mut self) {
        let _ = self.wake.send((Duration::MAX, Wake::Unplugged));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "a virtual key's thread has panicked");
        }
    }
}

/// The key's end.
struct DeskPort {
    now: Duration,
    sent: Vec<Report>,
    pulled_out: bool,
    woken: Receiver<(Duration, Wake)>,
    asleep: Sender<Sleep>,
}

impl Port for DeskPort {
    fn now(&self) -> Duration {
        self.now
    }

    fn send(&mut self, report: &Report) {
        self.sent.push(*report);
    }

    fn wait(&mut self, deadline: Option<Duration>) -> Wake {
        let sleep = Sleep { sent: std::mem::take(&mut self.sent), deadline, pulled_out: self.pulled_out };
        let Ok(()) = self.asleep.send(sleep) else { return Wake::Unplugged };
        match self.woken.recv() {
            // The clock does not run on for a key without power.
            Ok((_, Wake::Unplugged)) | Err(_) => Wake::Unplugged,
            Ok((now, wake)) => {
                self.now = now;
                wake
            }
        }
    }

    fn pull_out(&mut self) {
        self.pulled_out = true;
    }
}
