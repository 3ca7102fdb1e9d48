//! The processes that the doctor asks, as it starts them.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::machine;
use crate::scene::PROGRAM;

/// What a module looks like from outside.
const MODULE: &str = "int pam_sm_authenticate(void) { return 0; }\n";

fn probe(words: &[&str]) -> std::process::Output {
    Command::new(PROGRAM).arg("probe-machine").args(words).env_clear().output().unwrap()
}

fn answer(words: &[&str]) -> Value {
    let output = probe(words);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn libpam_itself_says_where_modules_are() {
    let folder = answer(&["module-folder"]);
    assert!(Path::new(folder.as_str().unwrap()).join("pam_unix.so").exists(), "{folder}");
}

#[test]
fn modules_are_loaded_as_libpam_would() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let library = |name: &str, source: &str, options: &[&str]| {
        fs::write(path("code.c"), source).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).args([path(name), path("code.c")]).args(options);
        assert!(compiler.status().unwrap().success(), "{name}");
        path(name).to_str().unwrap().to_owned()
    };
    let loading = |module: &str| answer(&["module", module]);
    let refusal = |module: &str| loading(module)["refused"].as_str().unwrap_or_default().to_owned();

    let good = library("pam_good.so", MODULE, &[]);
    assert_eq!(loading(&good), "loads");
    assert_eq!(loading(&library("libother.so", "int other;\n", &[])), "not_a_module");

    let needed = library("libneeded.so", "int needed(void) { return 0; }\n", &[]);
    let needy = format!("int needed(void);\nint use(void) {{ return needed(); }}\n{MODULE}");
    let needy = library("pam_needy.so", &needy, &[&needed]);
    fs::remove_file(&needed).unwrap();
    let words = refusal(&needy);
    assert!(words.contains("libneeded.so: cannot open shared object file"), "{words}");

    let bytes = fs::read(&good).unwrap();
    fs::write(path("half.so"), &bytes[..bytes.len() / 4]).unwrap();
    let half = probe(&["module", path("half.so").to_str().unwrap()]);
    // Refused or killed by the kernel: it does not load either way.
    assert!(!String::from_utf8_lossy(&half.stdout).contains("loads"), "{half:?}");

    let deadly = "#include <stdlib.h>\n__attribute__((constructor)) static void end(void) { abort(); }\n";
    let deadly = probe(&["module", &library("pam_deadly.so", &format!("{deadly}{MODULE}"), &[])]);
    assert_eq!((deadly.status.code(), deadly.stdout.as_slice()), (None, &b""[..]));
}

#[test]
fn the_user_database_is_listed_to_its_end() {
    let output = probe(&["users", "1000", "60000"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.last(), Some(&"end"));
    let root = lines.iter().find_map(|line| {
        let user: Value = serde_json::from_str(line).ok()?;
        (user["name"] == "root").then_some(user)
    });
    let root = root.unwrap();
    assert_eq!((&root["uid"], &root["home"]), (&json!(0), &json!("/root")));
    // Whether there is a password is root's alone to know, and the hash is nobody's.
    let is_known = root["password"] == "usable" || root["password"] == "locked";
    assert_eq!(is_known, rustix::process::geteuid().is_root(), "{root}");
    assert!(!text.contains('$'), "{text}");
}

/// Asks one process several questions.
fn accesses(questions: &[(u32, &Path, &str)]) -> Vec<Value> {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["probe-machine", "access"]).stdin(OwnedFd::from(theirs)).stdout(Stdio::null());
    let mut process = command.spawn().unwrap();
    drop(command);
    let mut socket = BufReader::new(ours);
    let answers = questions.iter().map(|(id, path, access)| {
        let path: Vec<u8> = path.to_str().unwrap().bytes().collect();
        let question =
            json!({ "user": { "uid": id, "gid": id, "groups": [4] }, "path": path, "access": access });
        writeln!(socket.get_mut(), "{question}").unwrap();
        let mut line = String::new();
        socket.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    });
    let answers = answers.collect();
    drop(socket);
    assert!(process.wait().unwrap().success());
    answers
}

#[test]
fn the_kernel_says_what_a_user_may_do() {
    // Nobody else can take on another user's rights.
    if !machine::has(rustix::process::geteuid().is_root(), "root, for another user's rights") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let own = |path: &Path, user, group| std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
    mode(dir.path(), 0o755);
    let file = |name: &str| {
        let path = dir.path().join(name);
        fs::write(&path, "").unwrap();
        path
    };
    let (open, closed, grouped, owned) = (file("open"), file("closed"), file("grouped"), file("owned"));
    mode(&open, 0o644);
    mode(&closed, 0o600);
    own(&grouped, 0, 4);
    mode(&grouped, 0o660);
    // Whoever is meant first is not asked again: the owner has less than everyone else.
    own(&owned, 1000, 1000);
    mode(&owned, 0o066);
    let hidden = dir.path().join("folder/file");
    fs::create_dir(hidden.parent().unwrap()).unwrap();
    fs::write(&hidden, "").unwrap();
    mode(&hidden, 0o644);
    mode(hidden.parent().unwrap(), 0o700);
    let missing = dir.path().join("missing");
    let questions = [
        (1000, open.as_path(), "read", json!(true)),
        (1000, &open, "read_write", json!(false)),
        (1000, &closed, "read", json!(false)),
        (0, &closed, "read_write", json!(true)),
        (1000, &grouped, "read_write", json!(true)),
        (1000, &owned, "read", json!(false)),
        (1001, &owned, "read_write", json!(true)),
        (1000, &hidden, "read", json!(false)),
        (1000, &missing, "read", json!(null)),
        // The rights of the one before are gone.
        (1002, &owned, "read", json!(true)),
        (1000, &closed, "read", json!(false)),
    ];
    let asked: Vec<_> = questions.iter().map(|(id, path, access, _)| (*id, *path, *access)).collect();
    let expected: Vec<Value> = questions.into_iter().map(|(.., answer)| answer).collect();
    assert_eq!(accesses(&asked), expected);
}

/// As udev and logind give a key to the person at the machine.
#[test]
fn access_control_lists_count() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = dir.path().join("hidraw0");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
    // posix_acl_xattr.h: the owner, user 1000, the owning group, the mask, others.
    let mut list = vec![2, 0, 0, 0];
    let none = u32::MAX;
    for (tag, rights, id) in
        [(1_u16, 6_u16, none), (2, 6, 1000), (4, 0, none), (0x10, 6, none), (0x20, 0, none)]
    {
        list.extend([tag.to_le_bytes(), rights.to_le_bytes()].concat());
        list.extend(id.to_le_bytes());
    }
    let flags = rustix::fs::XattrFlags::empty();
    let has_lists = rustix::process::geteuid().is_root()
        && rustix::fs::setxattr(&path, "system.posix_acl_access", &list, flags).is_ok();
    if !machine::has(has_lists, "root, and a file system with access control lists for temporary files") {
        return;
    }
    assert_eq!(accesses(&[(1000, &path, "read_write"), (1001, &path, "read")]), [json!(true), json!(false)]);
}

#[test]
fn half_a_question_is_none() {
    for words in [&[][..], &["module"], &["users", "1000"], &["users", "x", "y"], &["nothing"]] {
        let output = probe(words);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{words:?}");
    }
}
