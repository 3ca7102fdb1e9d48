//! `virtual-key run` hosts security keys on `/dev/uhid`; `virtual-key ctl` plugs, touches and questions them.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command line talks

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use serde_json::Value;
use virtual_key::attestation_root;
use virtual_key::live::{self, Command};

/// Security keys in software on /dev/uhid, for tests.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant)] // there is one of it
enum Part {
    /// Host keys until told to quit.
    Run {
        /// Where to listen for commands.
        #[arg(long, default_value = "/run/virtual-key.sock")]
        socket: PathBuf,
    },
    /// Print the root certificate of the keys' attestation (DER in hexadecimal).
    AttestationRoot,
    /// Send one command; the answer is one line of JSON.
    Ctl {
        /// Where the keys' host listens.
        #[arg(long, default_value = "/run/virtual-key.sock")]
        socket: PathBuf,
        /// How long to wait for the host to come up, in milliseconds.
        #[arg(long, value_name = "MS", default_value_t = 10_000)]
        patience: u64,
        #[command(subcommand)]
        command: Command,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().part {
        Part::Run { socket } => live::serve(&socket, || println!("{{\"ok\":true}}")).map(|()| true),
        Part::AttestationRoot => {
            let digits: Vec<String> = attestation_root().iter().map(|byte| format!("{byte:02x}")).collect();
            println!("{}", digits.concat());
            Ok(true)
        }
        Part::Ctl { socket, patience, command } => ctl(&socket, Duration::from_millis(patience), &command),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("virtual-key: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether the command succeeded.
fn ctl(socket: &Path, patience: Duration, command: &Command) -> io::Result<bool> {
    let mut connection = connect(socket, patience)?;
    writeln!(connection, "{}", serde_json::to_string(command)?)?;
    let mut answer = String::new();
    BufReader::new(connection).read_line(&mut answer)?;
    print!("{answer}");
    io::stdout().flush()?;
    let answer: Value = serde_json::from_str(&answer)?;
    Ok(answer.get("ok") == Some(&Value::Bool(true)))
}

fn connect(socket: &Path, patience: Duration) -> io::Result<UnixStream> {
    let start = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Err(_) if start.elapsed() < patience => thread::sleep(Duration::from_millis(20)),
            result => return result,
        }
    }
}
