//! Services that sign people in from other machines.

/// Parts of the names of services that serve other machines.
const REMOTE_SERVICES: [&str; 10] =
    ["ssh", "telnet", "ftp", "rsh", "rlogin", "rexec", "vnc", "xrdp", "cockpit", "mosh"];

/// Whether `service` signs people in from other machines, going by its name: nobody there can touch a key that is plugged in here.
pub fn serves_other_machines(service: &str) -> bool {
    let service = service.to_ascii_lowercase();
    REMOTE_SERVICES.iter().any(|part| service.contains(part))
}
