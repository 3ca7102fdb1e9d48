//! `./demo`: a passkey enrolled and used in a throw-away guest, on a terminal that the person can watch.

fn main() -> std::process::ExitCode {
    guest::demo::main()
}
