//! This machine's libpam, with `pam_debug.so` in the place of every module: it gives the answer that it is told to give.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;

use pam_client::{Answer, Tone, Transaction};

use super::Person;
use crate::pam::parse::{Content, Facility, Line, ReturnValue, ServiceFiles};

/// Its lines speak for services that have none.
const OTHER: &str = "other";

/// Stands for the folder of the files until there is one.
const FOLDER: &str = "{folder}";

/// Files by name, with stand-ins for their modules.
type Files = BTreeMap<String, String>;

/// Whether a service lets this person in: they are who they say, and may come in.
pub(super) fn signs_in(files: &ServiceFiles, service: &str, person: Person) -> bool {
    /// Machines have much in common, and people to whom all modules answer alike.
    static DONE: Mutex<BTreeMap<(String, Files), bool>> = Mutex::new(BTreeMap::new());
    let asked = (service.to_owned(), with_stand_ins(files, service, person));
    if let Some(done) = DONE.lock().unwrap().get(&asked) {
        return *done;
    }
    let is_in = run(service, &asked.1);
    DONE.lock().unwrap().insert(asked, is_in);
    is_in
}

fn run(service: &str, files: &Files) -> bool {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text.replace(FOLDER, folder.path().to_str().unwrap())).unwrap();
    }
    let mut silent = Silent;
    let mut transaction = Transaction::start(service, "nobody", Some(folder.path()), &mut silent)
        .unwrap_or_else(|error| panic!("libpam refuses {service}: {error}"));
    transaction.authenticate().is_ok() && transaction.check_account().is_ok()
}

/// The service's file and all that are included, as they are but for the modules; and `other`.
fn with_stand_ins(files: &ServiceFiles, service: &str, person: Person) -> Files {
    let mut done = BTreeMap::from([(OTHER.to_owned(), "auth required pam_deny.so\n".to_owned())]);
    let mut open = vec![service.to_owned()];
    while let Some(name) = open.pop() {
        if done.contains_key(&name) {
            continue;
        }
        let (_, file) = files.read(&name).unwrap_or_else(|error| panic!("{service} includes {error}"));
        let mut text = String::new();
        for line in file.lines() {
            text.push_str(&with_stand_in(line, person));
            if let Content::Include(include) = &line.content {
                open.push(include.target.clone());
            }
        }
        done.insert(name, text);
    }
    done
}

/// The line with all that stands before the module, or the included file's name.
fn with_stand_in(line: &Line, person: Person) -> String {
    let text = String::from_utf8(line.bytes.clone()).unwrap();
    match &line.content {
        Content::Nothing => String::new(),
        Content::Include(include) => {
            // By its path, since some libpams look for names in /etc/pam.d only.
            let (before, _) = text.rsplit_once(&include.target).unwrap();
            format!("{before}{FOLDER}/{}\n", include.target)
        }
        Content::Rule(rule) => {
            let (before, _) = text.split_once(&rule.module).unwrap();
            let answer: ReturnValue = person.answer(rule);
            let event = match rule.facility {
                Facility::Auth => "auth",
                Facility::Account => "acct",
                Facility::Session => "open_session",
                Facility::Password => "chauthtok",
            };
            format!("{before}pam_debug.so {event}={}\n", answer.name())
        }
        Content::Flawed { flaw, .. } => panic!("{text:?}: {flaw}"),
    }
}

/// Asks nobody, and `pam_debug.so` may say what it likes.
struct Silent;

impl pam_client::Person for Silent {
    fn tell(&mut self, _: Tone, _: &str) {}

    fn ask(&mut self, _: &str, _: bool) -> Answer {
        Answer::None
    }
}
