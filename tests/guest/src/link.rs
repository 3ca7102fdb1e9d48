//! The host's end of the line to the agent.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::protocol::{Action, Answer, Event, Request};

type Waiting = Arc<Mutex<HashMap<u64, Sender<Answer>>>>;

/// Sends requests; answers arrive on a channel per request, which closes when the guest is gone.
pub(crate) struct Link {
    stream: Mutex<(UnixStream, u64)>,
    waiting: Waiting,
}

impl Link {
    /// The second value yields `Ready` when the guest is up.
    pub(crate) fn new(stream: UnixStream) -> Result<(Self, Receiver<Answer>), String> {
        let reader = stream.try_clone().map_err(|error| error.to_string())?;
        let (sender, ready) = channel();
        let waiting: Waiting = Arc::new(Mutex::new(HashMap::from([(0, sender)])));
        let to = Arc::clone(&waiting);
        thread::spawn(move || {
            for line in BufReader::new(reader).lines() {
                let Ok(Event { id, answer }) =
                    line.map_err(drop).and_then(|l| serde_json::from_str(&l).map_err(drop))
                else {
                    break;
                };
                let last = !matches!(answer, Answer::Output { .. });
                let mut to = to.lock().unwrap();
                if let Some(sender) = to.get(&id) {
                    // Nobody waits for a terminal that was closed.
                    let _ = sender.send(answer);
                }
                if last {
                    to.remove(&id);
                }
            }
            to.lock().unwrap().clear();
        });
        Ok((Self { stream: Mutex::new((stream, 0)), waiting }, ready))
    }

    /// Has the guest do something that is answered; returns the request's number.
    pub(crate) fn ask(&self, action: Action) -> (u64, Receiver<Answer>) {
        let (sender, receiver) = channel();
        let mut stream = self.stream.lock().unwrap();
        stream.1 += 1;
        let id = stream.1;
        self.waiting.lock().unwrap().insert(id, sender);
        if !write(&mut stream.0, &Request { id, action }) {
            self.waiting.lock().unwrap().remove(&id);
        }
        (id, receiver)
    }

    /// Has the guest do something that is not answered.
    pub(crate) fn tell(&self, action: Action) {
        let mut stream = self.stream.lock().unwrap();
        stream.1 += 1;
        let id = stream.1;
        write(&mut stream.0, &Request { id, action });
    }
}

/// False when the guest is gone; whoever waits for an answer is told by the closed channel.
fn write(stream: &mut UnixStream, request: &Request) -> bool {
    let mut line = serde_json::to_vec(request).unwrap();
    line.push(b'\n');
    stream.write_all(&line).is_ok()
}
