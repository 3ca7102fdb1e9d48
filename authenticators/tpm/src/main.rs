//! The service: `passkey-tpm [--tcti SPEC] [--state FOLDER] [--runtime FOLDER] [--settings PATH] [--listen PATH]`.

#![forbid(unsafe_code)]

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr as _;

use authenticator_service::{ListenError, Listener, ServeError, Settings, log, serve};
use passkey_tpm::TpmAuthenticator;
use passkey_tpm::fingerprint::{Fprintd, Limits};
use passkey_tpm::fingers::Fingers;
use passkey_tpm::state::{FingerSeals, StateError, Store};
use passkey_tpm::tpm::Tpm;
use tss_esapi::tcti_ldr::TctiNameConf;

const DEFAULT_TCTI: &str = "device:/dev/tpmrm0";
const SETTINGS: &str = "/etc/passkey/tpm.toml";
/// The superuser's user id.
const ROOT: u32 = 0;
/// Where the system bus is, unless the environment says so (D-Bus Specification, "Well-known Message Bus Instances").
const SYSTEM_BUS: &str = "unix:path=/run/dbus/system_bus_socket";
const USAGE: &str = "usage: passkey-tpm [--tcti SPEC] [--state FOLDER] [--runtime FOLDER] [--settings PATH] [--listen PATH]
  --tcti SPEC      how the TPM is reached (device:/dev/tpmrm0)
  --state FOLDER   where accounts are kept ($STATE_DIRECTORY, which systemd sets)
  --runtime FOLDER where what fingers unlock is kept, in memory ($RUNTIME_DIRECTORY, which systemd sets); without it, fingers stay off
  --settings PATH  what the administrator has decided (/etc/passkey/tpm.toml)
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
    runtime: Option<PathBuf>,
    settings: PathBuf,
    listen: Option<PathBuf>,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Result<Self, Error> {
        let (mut tcti, mut listen) = (DEFAULT_TCTI.to_owned(), None);
        let mut state = env::var_os("STATE_DIRECTORY").map(PathBuf::from);
        let mut runtime = env::var_os("RUNTIME_DIRECTORY").map(PathBuf::from);
        let mut settings = PathBuf::from(SETTINGS);
        while let Some(argument) = arguments.next() {
            let name = argument.to_string_lossy().into_owned();
            if name == "--help" || name == "-h" {
                return Err(Error::Help);
            }
            if !matches!(name.as_str(), "--tcti" | "--state" | "--runtime" | "--settings" | "--listen") {
                return Err(Error::Usage(format!("unknown argument {name:?}")));
            }
            let value = arguments.next().ok_or_else(|| Error::Usage(format!("{name} takes a value")))?;
            match name.as_str() {
                "--tcti" => tcti = value.to_string_lossy().into_owned(),
                "--state" => state = Some(PathBuf::from(value)),
                "--runtime" => runtime = Some(PathBuf::from(value)),
                "--settings" => settings = PathBuf::from(value),
                _ => listen = Some(PathBuf::from(value)),
            }
        }
        let tcti = TctiNameConf::from_str(&tcti)
            .map_err(|_| Error::Usage(format!("--tcti: {tcti:?} is no way to a TPM")))?;
        let state = state.ok_or_else(|| Error::Usage("--state is missing".to_owned()))?;
        Ok(Self { tcti, state, runtime, settings, listen })
    }
}

fn run() -> Result<(), Error> {
    let Arguments { tcti, state, runtime, settings, listen } = Arguments::parse(env::args_os().skip(1))?;
    let store = Store::open(&state).map_err(Error::State)?;
    let listener = match listen {
        Some(path) => Listener::bind(&path),
        None => Listener::from_systemd(),
    };
    let listener = listener.map_err(Error::Listen)?;
    let mut authenticator = TpmAuthenticator::new(Tpm::new(tcti), store);
    if let Some(runtime) = runtime {
        let seals = FingerSeals::open(&runtime).map_err(Error::State)?;
        let bus = env::var("DBUS_SYSTEM_BUS_ADDRESS").unwrap_or_else(|_| SYSTEM_BUS.to_owned());
        let fingers = Fingers::new(settings, ROOT, seals, Fprintd { bus, limits: Limits::default() });
        authenticator = authenticator.with_fingers(fingers);
    }
    serve(&listener, &mut authenticator, &Settings::default()).map_err(Error::Serve)
}
