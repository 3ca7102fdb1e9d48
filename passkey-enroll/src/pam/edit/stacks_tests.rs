use std::fs;
use std::path::Path;

use super::*;
use crate::pam::parse::{Dialect, Includes, Reader};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks")
}

fn machine(name: &str) -> (tempfile::TempDir, ServiceFiles) {
    let root = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(folder().join(name)).unwrap();
    for section in text.split("==> ").skip(1) {
        let (path, lines) = section.split_once(" <==\n").unwrap();
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, lines).unwrap();
    }
    let d = Dialect::default();
    let dialect = if name.starts_with("debian-12") || name.starts_with("ubuntu") {
        Dialect { reader: Reader::Old, includes: Includes::EtcOnly, ..d }
    } else if name.starts_with("debian-13") {
        Dialect { includes: Includes::EtcOnly, ..d }
    } else {
        Dialect { at_include: false, ..d }
    };
    let files = ServiceFiles::new(root.path(), dialect);
    (root, files)
}

fn lines(text: &[u8]) -> String {
    let text = String::from_utf8(text.to_vec()).unwrap();
    text.lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty())
        .filter(|l| !l.contains("account"))
        .map(|line| {
            line.replace("auth\t", "")
                .replace("auth ", "")
                .replace('\t', " ")
                .replace(".so", "")
                .trim()
                .to_owned()
                + "; "
        })
        .collect()
}

fn ex(e: &[Exemption]) -> String {
    e.iter()
        .map(|e| {
            format!(
                " !{}({})={:?}",
                e.line.rule.module,
                e.line.place.path.file_name().unwrap().display(),
                e.factors
            )
        })
        .collect()
}

#[test]
fn dump() {
    let mut names: Vec<_> =
        fs::read_dir(folder()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    for name in names {
        println!("## {name}");
        let (_root, files) = machine(&name);
        let config = Config::default();
        for service in [
            "sudo",
            "su",
            "su-l",
            "login",
            "sshd",
            "gdm-password",
            "gdm-fingerprint",
            "gdm-smartcard",
            "sddm",
            "lightdm",
            "polkit-1",
            "other",
        ] {
            if files.read(service).is_err() {
                continue;
            }
            let start = std::time::Instant::now();
            let access = ServiceAccess::of(&files, service, &config).unwrap();
            let v = access.verdict();
            let before = match &v {
                Ok(v) => {
                    let w: Vec<_> = v.ways.iter().map(|w| format!("{:?}", w.factors)).collect();
                    format!(
                        "{}{} unknown {:?}",
                        w.join(" "),
                        ex(&v.exempt),
                        v.unknown.iter().map(|l| l.rule.module.clone()).collect::<Vec<_>>()
                    )
                }
                Err(_) => "TooComplex".into(),
            };
            println!("{service}: {before}  [{} ms]", start.elapsed().as_millis());
            for way in [Way::SecondFactor, Way::Passwordless] {
                let start = std::time::Instant::now();
                let r = match with_passkeys(&files, &config, service, way, &[]) {
                    Ok(d) => format!("{}{}", lines(&d.bytes), ex(&d.exempt)),
                    Err(NoDraft::Faulty(f)) => format!("FAULT {f}"),
                    Err(e) => format!("REFUSED {e:?}"),
                };
                println!("    {:?}: {r} [{} ms]", way, start.elapsed().as_millis());
            }
        }
    }
}

#[test]
fn perf() {
    let (_root, files) = machine("debian-12");
    let cases = [
        ("unknown60", (0..60).map(|n| format!("auth [success=1 default=ignore] pam_site{n}.so\n")).collect::<String>() + "auth required pam_unix.so\n"),
        ("unknown60required", (0..60).map(|n| format!("auth required pam_site{n}.so\n")).collect::<String>() + "auth required pam_unix.so\n"),
        ("unknown60only", (0..60).map(|n| format!("auth [success=1 default=ignore] pam_site{n}.so\n")).collect::<String>()),
        ("unknown60sufficient", (0..60).map(|n| format!("auth sufficient pam_site{n}.so\n")).collect::<String>() + "auth required pam_unix.so\n"),
        ("checks30twice", (0..2).map(|_| (0..30).map(|n| format!("auth [success=1 default=ignore] pam_succeed_if.so user = u{n}\n")).collect::<String>()).collect::<String>() + "auth required pam_unix.so\n"),
        ("checks12twice", (0..2).map(|_| (0..12).map(|n| format!("auth [success=1 default=ignore] pam_succeed_if.so user = u{n}\n")).collect::<String>()).collect::<String>() + "auth required pam_unix.so\n"),
        ("checks60", (0..60).map(|n| format!("auth [success=1 default=ignore] pam_succeed_if.so user = u{n}\n")).collect::<String>() + "auth required pam_unix.so\n"),
        ("checks60sufficient", (0..60).map(|n| format!("auth sufficient pam_succeed_if.so user = u{n}\n")).collect::<String>() + "auth required pam_unix.so\n"),
    ];
    for (name, text) in cases {
        let files = files.clone().with("door", text.into_bytes());
        let start = std::time::Instant::now();
        let access = ServiceAccess::of(&files, "door", &Config::default()).unwrap();
        let v = access.verdict();
        println!("{name}: verdict {:?} {} ms", v.as_ref().map(|v| (v.ways.iter().map(|w| w.factors).collect::<Vec<_>>(), v.exempt.len())), start.elapsed().as_millis());
        for way in [Way::SecondFactor, Way::Passwordless] {
            let start = std::time::Instant::now();
            let d = with_passkeys(&files, &Config::default(), "door", way, &[]);
            println!("   {way:?} {} {} ms", match d { Ok(d) => format!("ok, {} exempt", d.exempt.len()), Err(NoDraft::Faulty(f)) => f.to_string(), Err(e) => format!("{e:?}") }, start.elapsed().as_millis());
        }
    }
}
