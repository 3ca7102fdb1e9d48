//! One sign-in in this process, which does nothing else.

use std::collections::VecDeque;
use std::io::Write;
use std::process::{Command, Stdio};

use bench_probe::{By, Cost, SignIn};
use pam_client::{Answer, Code, Person, Tone, Transaction};
use zeroize::Zeroizing;

use crate::process::{self, Memory};

pub(crate) fn measure(SignIn { by, answers }: &SignIn) -> Cost {
    match by {
        By::Pam { service, user } => pam(service, user, answers),
        By::Program(words) => program(words, answers),
    }
}

/// Answers at once.
struct Script {
    answers: VecDeque<String>,
    said: Vec<String>,
}

impl Person for Script {
    fn tell(&mut self, _tone: Tone, text: &str) {
        self.said.push(text.to_owned());
    }

    fn ask(&mut self, question: &str, _echo: bool) -> Answer {
        self.said.push(question.to_owned());
        self.answers
            .pop_front()
            .map_or(Answer::None, |answer| Answer::Typed(Zeroizing::new(answer.into_bytes())))
    }
}

fn pam(service: &str, user: &str, answers: &[String]) -> Cost {
    let mut script = Script { answers: answers.iter().cloned().collect(), said: Vec::new() };
    let (begun, cpu_begun) = (process::now(), process::cpu());
    let mut transaction = Transaction::start(service, user, None, &mut script)
        .unwrap_or_else(|error| panic!("{service}: {error}"));
    let started = process::now();
    let Code(code) = transaction.authenticate().err().unwrap_or(Code::SUCCESS);
    let ended = process::now();
    let cpu_ended = process::cpu();
    // What it takes to look is none of the sign-in's.
    let memory = Memory::of_this_process();
    let cpu_looked = process::cpu();
    drop(transaction);
    let cpu_ns = cpu_ended - cpu_begun + (process::cpu() - cpu_looked);
    let Memory { peak_kib, mapped_kib, anonymous_kib, libraries } = memory;
    Cost {
        code,
        said: script.said,
        begun,
        started,
        ended,
        cpu_ns,
        peak_kib,
        mapped_kib,
        anonymous_kib,
        libraries,
    }
}

/// Of a program that has ended, memory is known as the kernel counts it: its highest resident set.
fn program(words: &[String], answers: &[String]) -> Cost {
    let (program, arguments) = words.split_first().expect("a program");
    let (begun, cpu_begun) = (process::now(), process::cpu());
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    // One that asks for nothing does not read.
    let _ = stdin.write_all(answers.join("\n").as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it has an end");
    let ended = process::now();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Cost {
        code: output.status.code().unwrap_or(-1),
        said: said.into(),
        begun,
        started: begun,
        ended,
        cpu_ns: process::cpu() - cpu_begun,
        peak_kib: process::peak_of_children_kib(),
        mapped_kib: 0,
        anonymous_kib: 0,
        libraries: Vec::new(),
    }
}
