//! Who a command runs as.

use std::fs;
use std::io;

/// One line of `/etc/passwd`.
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    home: String,
    shell: String,
}

impl Account {
    pub(super) fn find(user: &str) -> io::Result<Self> {
        fs::read_to_string("/etc/passwd")?
            .lines()
            .find_map(|line| Self::parse(user, line))
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no user '{user}' in the guest")))
    }

    fn parse(user: &str, line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, shell] = fields[..] else { return None };
        (name == user).then_some(())?;
        Some(Self {
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            home: home.to_owned(),
            shell: shell.to_owned(),
        })
    }

    /// The words that start the person's shell with their groups and a fresh environment, as a sign-in does.
    /// No command: the shell is a login shell.
    pub(super) fn shell(&self, command: Option<&str>) -> Vec<String> {
        let mut words = vec![
            "setpriv".to_owned(),
            format!("--reuid={}", self.uid),
            format!("--regid={}", self.gid),
            "--init-groups".to_owned(),
            "--reset-env".to_owned(),
            "--".to_owned(),
            "env".to_owned(),
            "--chdir".to_owned(),
            self.home.clone(),
            "LANG=C.UTF-8".to_owned(),
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
            self.shell.clone(),
        ];
        match command {
            Some(command) => words.extend(["-c".to_owned(), command.to_owned()]),
            None => words.push("-l".to_owned()),
        }
        words
    }
}
