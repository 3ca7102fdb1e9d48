//! Playing a transcript.

use std::env;
use std::fs;

use crate::UPDATE;
use crate::document::{Act, Beat, Block, Document, Scripted};

/// What a command without a terminal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its exit status.
    pub status: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// A machine with a person before it.
pub trait Stage {
    /// The person's side of a terminal.
    type Dialogue: Dialogue;

    /// Has something happen that is no command.
    fn direct(&mut self, words: &str);
    /// Runs a command without a terminal to its end.
    fn run(&mut self, command: &str, input: &str) -> Ran;
    /// Starts a command at a terminal.
    fn open(&mut self, command: &str) -> Self::Dialogue;
    /// Replaces what differs from run to run.
    fn redact(&mut self, text: &str) -> String;
}

/// A person and a command at a terminal.
pub trait Dialogue {
    /// Waits until `text` is shown; what has been shown since it was last asked, up to its end.
    fn wait_for(&mut self, text: &str) -> String;
    /// Waits for the command to end; what else it has shown, and its exit status.
    fn end(&mut self) -> (String, i32);
    /// Types a line.
    fn type_line(&mut self, line: &str);
    /// Gives up.
    fn give_up(&mut self);
}

/// Plays a transcript, and holds what came of it against what is written; with [`UPDATE`] in the environment, writes it anew.
///
/// # Panics
/// When something else came of it.
pub fn play(document: &Document, stage: &mut impl Stage) {
    let blocks = document.blocks.iter().map(|block| match block {
        Block::Prose(_) => block.clone(),
        Block::Direction(words) => {
            stage.direct(words);
            block.clone()
        }
        Block::Scripted(step) => Block::Scripted(script(step, stage)),
        Block::Act(written) => Block::Act(act(written, stage)),
    });
    let played = Document { path: document.path.clone(), blocks: blocks.collect() };
    let (written, played) = (document.text(), played.text());
    if written == played {
        return;
    }
    if env::var_os(UPDATE).is_some() {
        fs::write(&document.path, played).unwrap();
        return;
    }
    let path = document.path.display();
    panic!(
        "{path} is not what happens; {UPDATE}=1 in the environment writes it anew\n{}",
        difference(&written, &played)
    );
}

fn script(step: &Scripted, stage: &mut impl Stage) -> Scripted {
    println!("$ {}", step.command);
    let input = lines("", &step.input);
    let ran = stage.run(&step.command, &input);
    Scripted {
        command: step.command.clone(),
        input: step.input.clone(),
        status: ran.status,
        stdout: stage.redact(&ran.stdout),
        stderr: stage.redact(&ran.stderr),
    }
}

/// What stands on the line on which the next output begins.
#[derive(Clone, Copy)]
enum Before<'a> {
    /// Nothing.
    Nothing,
    /// Words that were waited for.
    Prompt,
    /// A line that was typed after such words.
    Typed { line: &'a str, secret: bool },
    /// A Ctrl-C that was typed after such words.
    CtrlC,
}

fn act<S: Stage>(written: &Act, stage: &mut S) -> Act {
    println!("$ {}", written.command);
    let mut dialogue = stage.open(&written.command);
    let mut beats = Vec::new();
    let mut before = Before::Nothing;
    for (index, beat) in written.beats.iter().enumerate() {
        match beat {
            // What comes last is shown by the end.
            Beat::Shown(_) if index + 1 == written.beats.len() => continue,
            Beat::Shown(lines) => {
                let until = lines.last().map(String::as_str).unwrap_or_default();
                let shown = dialogue.wait_for(until);
                beats.extend(shown_beat(&stage.redact(&shown), before));
                before = Before::Prompt;
                continue;
            }
            Beat::Typed { line, secret } => {
                dialogue.type_line(line);
                before = Before::Typed { line, secret: *secret };
            }
            Beat::GivesUp => {
                dialogue.give_up();
                before = Before::CtrlC;
            }
            Beat::Direction(words) => stage.direct(words),
        }
        beats.push(beat.clone());
    }
    let (shown, status) = dialogue.end();
    beats.extend(shown_beat(&stage.redact(&shown), before));
    Act { command: written.command.clone(), beats, status }
}

/// What was shown, without the rest of the line that began `before`: the terminal shows what is typed, unless it is secret.
fn shown_beat(shown: &str, before: Before<'_>) -> Option<Beat> {
    let after_prompt = shown.trim_start_matches(' ');
    let line_end = |text: &'_ str| text.strip_prefix('\n').unwrap_or(text).to_owned();
    let rest = match before {
        Before::Nothing => shown.to_owned(),
        Before::Prompt => line_end(after_prompt),
        Before::Typed { line, secret: false } => match after_prompt.strip_prefix(line) {
            Some(rest) => line_end(rest),
            None => panic!("what is typed, {line:?}, is not shown: {shown:?}"),
        },
        Before::Typed { line, secret: true } => {
            assert!(line.is_empty() || !shown.contains(line), "the secret {line:?} is shown: {shown:?}");
            line_end(after_prompt)
        }
        // Shown where the cursor stood.
        Before::CtrlC => line_end(&line_end(after_prompt).replacen("^C", "", 1)),
    };
    let lines: Vec<String> = rest.lines().map(|line| line.trim_end_matches(' ').to_owned()).collect();
    (!lines.is_empty()).then_some(Beat::Shown(lines))
}

/// The lines from the first to the last one that differ, with some before.
fn difference(written: &str, played: &str) -> String {
    const BEFORE: usize = 4;
    let (written, played): (Vec<&str>, Vec<&str>) = (written.lines().collect(), played.lines().collect());
    let same = written.iter().zip(&played).take_while(|(one, other)| one == other).count();
    let rest = |lines: &[&str]| lines.iter().skip(same).rev().map(ToString::to_string).collect::<Vec<_>>();
    let tail = rest(&written).iter().zip(&rest(&played)).take_while(|(one, other)| one == other).count();
    let part = |mark, text: &[&str]| lines(mark, &text[same..text.len() - tail]);
    let before = lines("  ", &written[same.saturating_sub(BEFORE)..same]);
    format!("{before}{}{}", part("- ", &written), part("+ ", &played))
}

/// Each with its end, behind `mark`.
fn lines(mark: &str, lines: &[impl AsRef<str>]) -> String {
    lines.iter().flat_map(|line| [mark, line.as_ref(), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::path::PathBuf;

    use super::*;

    /// A tool that greets, and asks its person for a PIN.
    struct Tool(VecDeque<&'static str>);

    impl Stage for Tool {
        type Dialogue = Self;

        fn direct(&mut self, _words: &str) {}

        fn run(&mut self, command: &str, input: &str) -> Ran {
            Ran { status: 3, stdout: format!("{command} {input}"), stderr: String::new() }
        }

        fn open(&mut self, _command: &str) -> Self {
            Self(["PIN:", " \nDone. Go on?", " yes\nBye.\n"].into())
        }

        fn redact(&mut self, text: &str) -> String {
            text.replace("Bye", "See you")
        }
    }

    impl Dialogue for Tool {
        fn wait_for(&mut self, text: &str) -> String {
            let shown = self.0.pop_front().unwrap().to_owned();
            assert!(shown.contains(text));
            shown
        }

        fn end(&mut self) -> (String, i32) {
            (self.0.pop_front().unwrap().to_owned(), 0)
        }

        fn type_line(&mut self, _line: &str) {}

        fn give_up(&mut self) {}
    }

    fn played(shown: &str) -> Act {
        let beats = vec![
            Beat::Shown(vec!["PIN:".to_owned()]),
            Beat::Typed { line: "1234".to_owned(), secret: true },
            Beat::Shown(vec!["Done. Go on?".to_owned()]),
            Beat::Typed { line: shown.to_owned(), secret: false },
            Beat::Shown(vec!["whatever".to_owned()]),
        ];
        act(&Act { beats, ..Act::default() }, &mut Tool(VecDeque::new()))
    }

    #[test]
    fn what_is_typed_is_told_from_what_is_shown() {
        assert_eq!(played("yes").beats.last(), Some(&Beat::Shown(vec!["See you.".to_owned()])));
    }

    #[test]
    #[should_panic(expected = "is not shown")]
    fn what_should_be_seen_and_is_not_is_noticed() {
        played("no");
    }

    #[test]
    #[should_panic(expected = "- nothing\n+ greet 1")]
    fn another_answer_than_the_written_one_is_noticed() {
        let step = Scripted {
            command: "greet".to_owned(),
            input: vec!["1".to_owned()],
            status: 3,
            stdout: "nothing\n".to_owned(),
            ..Scripted::default()
        };
        let document = Document { path: PathBuf::from("t.md"), blocks: vec![Block::Scripted(step)] };
        play(&document, &mut Tool(VecDeque::new()));
    }
}
