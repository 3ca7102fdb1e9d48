//! The status line that a person sees during a wait.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// How often the prompt moves.
const TICK: Duration = Duration::from_millis(100);

/// One line on stderr that moves while something is waited for, and is gone afterwards. Where stderr is no terminal, each
/// sentence is a line of its own.
#[derive(Debug)]
pub(crate) struct LivingPrompt {
    moves: bool,
    bar: Option<ProgressBar>,
}

impl LivingPrompt {
    pub(crate) fn new() -> Self {
        let moves_cursor = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        Self { moves: io::stderr().is_terminal() && moves_cursor, bar: None }
    }

    /// Shows a sentence for as long as it holds.
    pub(crate) fn show(&mut self, sentence: &str) {
        if self.moves {
            self.bar.get_or_insert_with(spinner).set_message(sentence.to_owned());
        } else {
            line(sentence);
        }
    }

    /// Says a sentence that stays.
    pub(crate) fn say(&mut self, sentence: &str) {
        self.clear();
        line(sentence);
    }

    /// Takes away what is shown.
    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for LivingPrompt {
    fn drop(&mut self) {
        self.clear();
    }
}

fn spinner() -> ProgressBar {
    // The console of the kernel has few characters.
    let ticks = if std::env::var_os("TERM").is_some_and(|term| term == "linux") {
        r"|/-\ "
    } else {
        "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "
    };
    let bar =
        ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like(Box::new(Stderr(Term::stderr()))));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style.tick_chars(ticks));
    }
    bar.enable_steady_tick(TICK);
    bar
}

fn line(sentence: &str) {
    // A person who closed stderr does not want to hear it.
    let _ = writeln!(io::stderr(), "{sentence}");
}

/// The terminal at stderr. indicatif fills the rest of a line with spaces, which would push what the person types, be it
/// Ctrl-C, on to the next line, where it stays; left where the text ends it goes with the text.
#[derive(Debug)]
struct Stderr(Term);

impl TermLike for Stderr {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.chars().all(|c| c == ' ') { Ok(()) } else { self.0.write_str(text) }
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
