//! Services that sign people in from other machines.

/// Parts of the names of services that serve other machines.
const REMOTE_SERVICES: [&str; 10] =
    ["ssh", "telnet", "ftp", "rsh", "rlogin", "rexec", "vnc", "xrdp", "cockpit", "mosh"];

/// Whether `service` signs people in from other machines, going by its name: a person there cannot touch a key that is plugged in here.
pub fn serves_other_machines(service: &str) -> bool {
    let contains = |part: &str| {
        service.as_bytes().windows(part.len()).any(|bytes| bytes.eq_ignore_ascii_case(part.as_bytes()))
    };
    REMOTE_SERVICES.into_iter().any(contains)
}
