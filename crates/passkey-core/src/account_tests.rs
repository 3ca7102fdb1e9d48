use std::fs;

use super::*;

/// A database that ignores case, and gives the first entry for an id.
#[derive(Debug)]
struct Database {
    entries: Vec<PasswdEntry>,
    passwd: PathBuf,
}

impl UserDatabase for Database {
    fn by_name(&self, name: &str) -> io::Result<Option<Account>> {
        Ok(self.find(|entry| entry.name.eq_ignore_ascii_case(name)))
    }

    fn by_uid(&self, uid: u32) -> io::Result<Option<Account>> {
        Ok(self.find(|entry| entry.uid == uid))
    }

    fn passwd_file(&self) -> &Path {
        &self.passwd
    }
}

impl Database {
    fn find(&self, is_it: impl Fn(&PasswdEntry) -> bool) -> Option<Account> {
        self.entries.iter().find(|entry| is_it(entry)).cloned().map(Account::from_entry)
    }
}

fn entry(name: &str, uid: u32) -> PasswdEntry {
    PasswdEntry { name: name.to_owned(), uid, gid: 100, home: "/home".into() }
}

fn names(database: &Database, name: &str, uid: u32) -> io::Result<Vec<String>> {
    let account = Account::from_entry(entry(name, uid));
    Ok(with_same_uid(database, &account)?.iter().map(|account| account.name.clone()).collect())
}

#[test]
fn an_account_has_the_name_of_the_database() {
    let database = Database { entries: vec![entry("alice", 1000)], passwd: PathBuf::new() };
    assert_eq!(database.by_name("ALICE").unwrap().unwrap().name, "alice");
}

#[test]
fn a_line_of_passwd_is_an_entry() {
    let expected = PasswdEntry { name: "alice".to_owned(), uid: 1000, gid: 1001, home: "/home/alice".into() };
    for line in ["alice:x:1000:1001:Alice,,,:/home/alice:/bin/bash", "alice::1000:1001::/home/alice"] {
        assert_eq!(PasswdEntry::parse(line).as_ref(), Some(&expected), "{line}");
    }
    for line in
        ["", "alice", "+alice:x:1:1::/:", "-alice:x:1:1::/:", "#a:x:1:1::/:", ":x:1:1::/:", "a:x:-1:1::/:"]
    {
        assert_eq!(PasswdEntry::parse(line), None, "{line}");
    }
}

#[test]
fn all_names_of_an_id_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let passwd = dir.path().join("passwd");
    let text = "root:x:0:0:root:/root:/bin/bash\nbin:x:2:2::/bin:\ntoor:x:0:0::/root:/bin/sh\n\
                +nis:x:0:0::/:\nend:x:0:0::/:/bin/sh";
    fs::write(&passwd, [text.as_bytes(), b"\n\xffbad:x:0:0::/:\n"].concat()).unwrap();
    let database = Database { entries: vec![entry("first", 0), entry("alice", 1000)], passwd };
    assert_eq!(names(&database, "toor", 0).unwrap(), ["first", "root", "end"]);
    assert_eq!(names(&database, "root", 0).unwrap(), ["first", "toor", "end"]);
    assert!(names(&database, "alice", 1000).unwrap().is_empty());
}

#[test]
fn an_answer_about_another_id_is_not_believed() {
    #[derive(Debug)]
    struct Liar;
    impl UserDatabase for Liar {
        fn by_name(&self, _: &str) -> io::Result<Option<Account>> {
            Ok(None)
        }
        fn by_uid(&self, _: u32) -> io::Result<Option<Account>> {
            Ok(Some(Account::from_entry(entry("mallory", 1001))))
        }
        fn passwd_file(&self) -> &Path {
            Path::new("/nonexistent")
        }
    }
    assert!(with_same_uid(&Liar, &Account::from_entry(entry("alice", 1000))).unwrap().is_empty());
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_not_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let database = |passwd: PathBuf| Database { entries: vec![], passwd };
    assert!(names(&database(dir.path().join("missing")), "alice", 1000).unwrap().is_empty());
    assert!(names(&database(dir.path().to_owned()), "alice", 1000).is_err());
    // Sparse, so that it costs nothing.
    let long = dir.path().join("long");
    File::create(&long).unwrap().set_len(MAX_PASSWD_LEN + 1).unwrap();
    let error = names(&database(long.clone()), "alice", 1000).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    File::options().write(true).open(&long).unwrap().set_len(MAX_PASSWD_LEN).unwrap();
    assert!(names(&database(long), "alice", 1000).unwrap().is_empty());
}
