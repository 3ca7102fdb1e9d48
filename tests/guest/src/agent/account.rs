//! Who a command runs as.

use std::fs;
use std::io;

/// Of Debian for root; a superset of everybody's.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One line of `/etc/passwd`.
pub(super) struct Account {
    name: String,
    pub(super) uid: u32,
    gid: u32,
    pub(super) home: String,
    shell: String,
}

impl Account {
    pub(super) fn find(user: &str) -> io::Result<Self> {
        fs::read_to_string("/etc/passwd")?
            .lines()
            .filter_map(Self::parse)
            .find(|account| account.name == user)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no user '{user}' in the guest")))
    }

    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, shell] = fields[..] else { return None };
        Some(Self {
            name: name.to_owned(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            home: home.to_owned(),
            shell: shell.to_owned(),
        })
    }

    /// The words that start the person's shell with their groups. No command: it is a login shell.
    pub(super) fn shell(&self, command: Option<&str>) -> Vec<String> {
        let mut words = Vec::new();
        // Every further program costs a tenth of a second under emulation.
        if self.uid != 0 {
            let (uid, gid) = (format!("--reuid={}", self.uid), format!("--regid={}", self.gid));
            words.extend(["setpriv".to_owned(), uid, gid, "--init-groups".to_owned()]);
        }
        words.push(self.shell.clone());
        match command {
            Some(command) => words.extend(["-c".to_owned(), command.to_owned()]),
            None => words.push("-l".to_owned()),
        }
        words
    }

    /// What a sign-in leaves in the environment, and nothing else.
    pub(super) fn environment(&self) -> [(&str, &str); 6] {
        [
            ("HOME", &self.home),
            ("LOGNAME", &self.name),
            ("USER", &self.name),
            ("SHELL", &self.shell),
            ("PATH", PATH),
            ("LANG", "C.UTF-8"),
        ]
    }
}
