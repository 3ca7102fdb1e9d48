//! The command `passkey-enroll`.

fn main() -> std::process::ExitCode {
    passkey_enroll::main()
}
