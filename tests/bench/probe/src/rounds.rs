//! Sign-ins in turn, each in a process of its own.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bench_probe::{Cost, Measurement, Plan, SignIn};

use crate::keys::Keys;

pub(crate) fn measure(plan: &Plan) -> Vec<Measurement> {
    let mut keys = Keys::connect();
    let patience = Duration::from_millis(plan.patience_ms);
    let mut measurements = Vec::new();
    for _ in 0..plan.rounds {
        for (number, sign_in) in plan.sign_ins.iter().enumerate() {
            for name in &plan.keys {
                keys.take(name);
            }
            if plan.is_cold {
                // Pages that are not written back yet stay.
                rustix::fs::sync();
                fs::write("/proc/sys/vm/drop_caches", "3").expect("it is root's");
            }
            let cost = once(sign_in, patience);
            let records = plan.keys.iter().map(|name| keys.take(name)).collect();
            if cost.is_none() {
                plan.keys.iter().for_each(|name| keys.replug(name));
            }
            measurements.push(Measurement { sign_in: number, cost, keys: records });
        }
    }
    measurements
}

/// None: it did not end in time.
fn once(sign_in: &SignIn, patience: Duration) -> Option<Cost> {
    let program = std::env::current_exe().expect("it runs");
    let mut child = Command::new(program)
        .arg("once")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it has been started before");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(&serde_json::to_vec(sign_in).expect("plain data")).expect("it reads");
    drop(stdin);
    let mut stdout = child.stdout.take().expect("piped");
    let (sender, answer) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let _ = stdout.read_to_string(&mut text);
        // The other side may have lost its patience.
        let _ = sender.send(text);
    });
    let text = answer.recv_timeout(patience);
    if text.is_err() {
        child.kill().expect("it is ours");
    }
    child.wait().expect("it is ours");
    let text = text.ok()?;
    Some(
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("a sign-in has failed ({error}): {text:?}")),
    )
}
