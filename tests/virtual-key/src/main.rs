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
use virtual_key::live::{self, Command};
use virtual_key::{Model, attestation_root, metadata, metadata_root};

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
    /// Print a signed BLOB of the FIDO Metadata Service that knows one model of these keys.
    Metadata {
        /// The model: 32 hexadecimal digits, hyphens allowed.
        #[arg(long, value_parser = live::aaguid)]
        aaguid: [u8; 16],
        /// What became of it, such as `FIDO_CERTIFIED_L1` or `REVOKED`; several times in the order of time.
        #[arg(long)]
        status: Vec<String>,
        /// The day by which there is a newer one.
        #[arg(long, default_value = "2049-12-31")]
        next_update: String,
    },
    /// Print the root certificate that its signature leads to (DER in hexadecimal).
    MetadataRoot,
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
            println!("{}", hexadecimal(&attestation_root()));
            Ok(true)
        }
        Part::Metadata { aaguid, status, next_update } => {
            let model = Model { aaguid, description: "Virtual key".to_owned(), statuses: status };
            println!("{}", metadata(&[model], &next_update));
            Ok(true)
        }
        Part::MetadataRoot => {
            println!("{}", hexadecimal(&metadata_root()));
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

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
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
