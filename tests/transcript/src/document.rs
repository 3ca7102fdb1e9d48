//! A transcript as it is written.

use std::fs;
use std::path::{Path, PathBuf};

/// A transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it is written.
    pub path: PathBuf,
    /// From top to bottom.
    pub blocks: Vec<Block>,
}

/// A part of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A line of prose, or a fence.
    Prose(String),
    /// Something that happens between commands.
    Direction(String),
    /// A command of a script.
    Scripted(Scripted),
    /// A command at a terminal.
    Act(Act),
}

/// A command without a terminal, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scripted {
    /// For the shell.
    pub command: String,
    /// Lines of its standard input.
    pub input: Vec<String>,
    /// Its exit status.
    pub status: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// A command at a terminal, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Act {
    /// For the shell.
    pub command: String,
    /// What is seen and done, in order.
    pub beats: Vec<Beat>,
    /// Its exit status.
    pub status: i32,
}

/// What is seen or done at a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beat {
    /// These lines are shown; the last one may wait for something, and has no line end then.
    Shown(Vec<String>),
    /// A line is typed; `secret` where it is not shown.
    Typed {
        /// Without its line end.
        line: String,
        /// Whether the terminal keeps it to itself.
        secret: bool,
    },
    /// The person gives up.
    GivesUp,
    /// Something happens.
    Direction(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fence {
    None,
    Console,
    Terminal,
}

impl Document {
    /// Reads one.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path: path.to_owned(), blocks: parse(&text) }
    }

    /// All of a folder, by name.
    ///
    /// # Panics
    /// When the folder or one of them cannot be read.
    pub fn read_all(folder: &Path) -> Vec<Self> {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .collect();
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// As it is written.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            match block {
                Block::Prose(line) => push(&mut text, "", line),
                Block::Direction(words) => push(&mut text, "% ", words),
                Block::Scripted(step) => step.write(&mut text),
                Block::Act(act) => act.write(&mut text),
            }
        }
        text
    }
}

fn parse(text: &str) -> Vec<Block> {
    let mut fence = Fence::None;
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            fence = match (fence, kind) {
                (Fence::None, "console") => Fence::Console,
                (Fence::None, "terminal") => Fence::Terminal,
                _ => Fence::None,
            };
            blocks.push(Block::Prose(line.to_owned()));
            continue;
        }
        match (fence, line.strip_prefix("$ "), line.strip_prefix("% ")) {
            (Fence::None, ..) => blocks.push(Block::Prose(line.to_owned())),
            (Fence::Console, Some(command), _) => {
                blocks.push(Block::Scripted(Scripted { command: command.to_owned(), ..Scripted::default() }));
            }
            (Fence::Terminal, Some(command), _) => {
                blocks.push(Block::Act(Act { command: command.to_owned(), ..Act::default() }));
            }
            (_, None, direction) => match (blocks.last_mut(), direction) {
                (Some(Block::Act(act)), _) => act.take(line),
                (_, Some(words)) => blocks.push(Block::Direction(words.to_owned())),
                (Some(Block::Scripted(step)), None) => step.take(line),
                (_, None) => panic!("before any command: {line}"),
            },
        }
    }
    blocks
}

fn push(text: &mut String, mark: &str, line: &str) {
    text.push_str(mark);
    text.push_str(line);
    // Nobody sees what stands at the end of a line, and editors take it away.
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

/// Whether a line would be taken for something else than output.
fn is_marked(line: &str) -> bool {
    ["$ ", "< ", "? ", "! ", "> ", "* ", "% ", "```"].iter().any(|mark| line.starts_with(mark))
        || line == "^C"
}

fn push_output(text: &mut String, line: &str) {
    assert!(!is_marked(line), "this line of output has a meaning of its own in a transcript: {line}");
    push(text, "", line);
}

fn status_of(line: &str) -> Option<i32> {
    line.strip_prefix("? ")
        .map(|status| status.trim().parse().unwrap_or_else(|_| panic!("no status: {line}")))
}

impl Scripted {
    fn take(&mut self, line: &str) {
        if let Some(input) = line.strip_prefix("< ") {
            self.input.push(input.to_owned());
        } else if let Some(status) = status_of(line) {
            self.status = status;
        } else if let Some(said) = line.strip_prefix('!') {
            push(&mut self.stderr, "", said.strip_prefix(' ').unwrap_or(said));
        } else {
            push(&mut self.stdout, "", line);
        }
    }

    fn write(&self, text: &mut String) {
        push(text, "$ ", &self.command);
        for line in &self.input {
            push(text, "< ", line);
        }
        if self.status != 0 {
            push(text, "? ", &self.status.to_string());
        }
        for line in self.stderr.lines() {
            push(text, "! ", line);
        }
        for line in self.stdout.lines() {
            push_output(text, line);
        }
    }
}

impl Act {
    fn take(&mut self, line: &str) {
        if let Some(status) = status_of(line) {
            self.status = status;
            return;
        }
        let done = if let Some(words) = line.strip_prefix("% ") {
            Beat::Direction(words.to_owned())
        } else if line == "^C" {
            Beat::GivesUp
        } else if let Some(line) = line.strip_prefix("> ") {
            Beat::Typed { line: line.to_owned(), secret: false }
        } else if let Some(line) = line.strip_prefix("* ") {
            Beat::Typed { line: line.to_owned(), secret: true }
        } else if let Some(Beat::Shown(lines)) = self.beats.last_mut() {
            lines.push(line.to_owned());
            return;
        } else {
            Beat::Shown(vec![line.to_owned()])
        };
        self.beats.push(done);
    }

    fn write(&self, text: &mut String) {
        push(text, "$ ", &self.command);
        for beat in &self.beats {
            match beat {
                Beat::Shown(lines) => lines.iter().for_each(|line| push_output(text, line)),
                Beat::Typed { line, secret } => push(text, if *secret { "* " } else { "> " }, line),
                Beat::GivesUp => push(text, "", "^C"),
                Beat::Direction(words) => push(text, "% ", words),
            }
        }
        if self.status != 0 {
            push(text, "? ", &self.status.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Title

```console
% unplug blue
$ tool --json
< 1234
? 4
! error: no
{
}
% plug blue
$ tool
```

```terminal
$ tool ask
PIN:
* 1234
Really?
> yes
% touch blue
Done.
^C
? 7
```
";

    #[test]
    fn what_was_read_is_written_again() {
        let document = Document { path: PathBuf::new(), blocks: parse(TEXT) };
        assert_eq!(document.text(), TEXT);
        let kinds = document.blocks.iter().filter(|block| !matches!(block, Block::Prose(_))).count();
        assert_eq!(kinds, 5);
    }

    #[test]
    #[should_panic(expected = "meaning of its own")]
    fn output_that_looks_like_something_else_is_refused() {
        let step = Scripted { stdout: "$ rm\n".to_owned(), ..Scripted::default() };
        step.write(&mut String::new());
    }
}
