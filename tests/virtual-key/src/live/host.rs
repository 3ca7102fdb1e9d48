//! The control socket.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use serde_json::{Value, json};

use super::answer::Keys;
use super::command::Command;

/// Serve commands on a Unix socket until [`Command::Quit`]. `ready` is called once the socket can be used.
///
/// A command is one line of JSON, and so is the answer: `{"ok":true,…}` or `{"ok":false,"error":"…"}`.
pub fn serve(socket: &Path, ready: impl FnOnce()) -> io::Result<()> {
    // What an earlier run left behind; a socket cannot be bound twice.
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    ready();
    let keys = Arc::new(Keys::default());
    let socket = socket.to_owned();
    for connection in listener.incoming() {
        let (connection, keys, socket) = (connection?, Arc::clone(&keys), socket.clone());
        thread::spawn(move || {
            // A client that has gone needs no answer.
            if let Ok(true) = converse(&connection, &keys) {
                let _ = fs::remove_file(&socket);
                std::process::exit(0);
            }
        });
    }
    Ok(())
}

/// Answer one client to its end. Returns whether it said goodbye for all.
fn converse(connection: &UnixStream, keys: &Keys) -> io::Result<bool> {
    for line in BufReader::new(connection).lines() {
        let line = line?;
        let command = serde_json::from_str::<Command>(&line).map_err(|error| error.to_string());
        let answer = command.as_ref().map_err(Clone::clone).and_then(|command| keys.answer(command));
        let answer = match answer {
            Ok(Value::Object(mut facts)) => {
                facts.insert("ok".to_owned(), Value::Bool(true));
                Value::Object(facts)
            }
            Ok(other) => other,
            Err(error) => json!({ "ok": false, "error": error }),
        };
        let mut connection = connection;
        writeln!(connection, "{answer}")?;
        if command == Ok(Command::Quit) {
            return Ok(true);
        }
    }
    Ok(false)
}
