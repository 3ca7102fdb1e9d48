//! The program in the guest that does what the test on the host asks for.

fn main() -> std::io::Result<()> {
    guest::agent::serve()
}
