//! The service: `passkey-tpm [--tcti SPEC] [--state FOLDER] [--listen PATH]`.

#![forbid(unsafe_code)]

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr as _;

use authenticator_service::{ListenError, Listener, ServeError, Settings, log, serve};
use passkey_tpm::TpmAuthenticator;
use passkey_tpm::state::{StateError, Store};
use passkey_tpm::tpm::Tpm;
use tss_esapi::tcti_ldr::TctiNameConf;

const DEFAULT_TCTI: &str = "device:/dev/tpmrm0";
const USAGE: &str = "usage: passkey-tpm [--tcti SPEC] [--state FOLDER] [--listen PATH]
  --tcti SPEC      how the TPM is reached (device:/dev/tpmrm0)
  --state FOLDER   where accounts are kept ($STATE_DIRECTORY, which systemd sets)
  --listen PATH    the socket; without it the one that systemd hands over";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Help) => {
            log(USAGE);
            ExitCode::SUCCESS
        }
        Err(error @ Error::Usage(_)) => {
            log(format_args!("passkey-tpm: {error}\n{USAGE}"));
            ExitCode::from(2)
        }
        Err(error) => {
            log(format_args!("passkey-tpm: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Why the service does not run.
enum Error {
    Help,
    Usage(String),
    Listen(ListenError),
    State(StateError),
    Serve(ServeError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Help => f.write_str(USAGE),
            Self::Usage(message) => f.write_str(message),
            Self::Listen(error) => error.fmt(f),
            Self::State(error) => error.fmt(f),
            Self::Serve(error) => error.fmt(f),
        }
    }
}

struct Arguments {
    tcti: TctiNameConf,
    state: PathBuf,
    listen: Option<PathBuf>,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Result<Self, Error> {
        let (mut tcti, mut listen) = (DEFAULT_TCTI.to_owned(), None);
        let mut state = env::var_os("STATE_DIRECTORY").map(PathBuf::from);
        while let Some(argument) = arguments.next() {
            let name = argument.to_string_lossy().into_owned();
            if name == "--help" || name == "-h" {
                return Err(Error::Help);
            }
            if !matches!(name.as_str(), "--tcti" | "--state" | "--listen") {
                return Err(Error::Usage(format!("unknown argument {name:?}")));
            }
            let value = arguments.next().ok_or_else(|| Error::Usage(format!("{name} takes a value")))?;
            match name.as_str() {
                "--tcti" => tcti = value.to_string_lossy().into_owned(),
                "--state" => state = Some(PathBuf::from(value)),
                _ => listen = Some(PathBuf::from(value)),
            }
        }
        let tcti = TctiNameConf::from_str(&tcti)
            .map_err(|_| Error::Usage(format!("--tcti: {tcti:?} is no way to a TPM")))?;
        let state = state.ok_or_else(|| Error::Usage("--state is missing".to_owned()))?;
        Ok(Self { tcti, state, listen })
    }
}

fn run() -> Result<(), Error> {
    let Arguments { tcti, state, listen } = Arguments::parse(env::args_os().skip(1))?;
    let store = Store::open(&state).map_err(Error::State)?;
    let listener = match listen {
        Some(path) => Listener::bind(&path),
        None => Listener::from_systemd(),
    };
    let listener = listener.map_err(Error::Listen)?;
    let mut authenticator = TpmAuthenticator::new(Tpm::new(tcti), store);
    serve(&listener, &mut authenticator, &Settings::default()).map_err(Error::Serve)
}
