//! Where words go: the terminal or a pipe, with a progress line where somebody looks at it.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};

use crate::findings::{Colour, ScenarioFindings};

/// Colour where standard output is a terminal and `NO_COLOR` is not set.
pub(super) fn automatic_colour() -> Colour {
    let is_wanted = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if is_wanted { Colour::Always } else { Colour::Never }
}

/// The console.
pub(super) struct Console {
    pub(super) colour: Colour,
    /// The scenarios in progress, oldest first; shown on one line of a terminal.
    in_progress: RefCell<Vec<String>>,
    is_terminal: bool,
}

impl Console {
    pub(super) fn new(colour: Colour) -> Self {
        Self { colour, in_progress: RefCell::new(Vec::new()), is_terminal: io::stdout().is_terminal() }
    }

    /// Prints text as it stands. A reader that went away is no reason to fail.
    pub(super) fn print(&self, text: &str) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    pub(super) fn line(&self, text: &str) {
        self.print(&format!("{text}\n"));
    }

    /// Says what went wrong; a message that says `error:` itself is printed as it stands.
    pub(super) fn error(&self, message: &str, hint: Option<&str>) {
        let mut err = io::stderr().lock();
        let lead = if message.starts_with("error: ") { "" } else { "error: " };
        let _ = writeln!(err, "{lead}{message}");
        if let Some(hint) = hint {
            let _ = writeln!(err, "  hint: {hint}");
        }
    }

    /// Says what is odd and stops nobody.
    pub(super) fn warning(&self, message: &str) {
        let _ = writeln!(io::stderr().lock(), "warning: {message}");
    }

    /// A scenario begins.
    pub(super) fn began(&self, title: &str, done: usize, of: usize) {
        self.in_progress.borrow_mut().push(title.to_owned());
        self.progress(done, of);
    }

    /// A scenario ended.
    pub(super) fn ended(&self, scenario: &ScenarioFindings, done: usize, of: usize) {
        self.in_progress.borrow_mut().retain(|title| *title != scenario.title);
        self.clear();
        let mark = self.colour.paint(scenario.verdict, &scenario.verdict.mark().to_string());
        let seconds = scenario.duration_ms / 1e3;
        self.line(&format!("  {mark} {:<44} {:>5.2} s  {}", scenario.feature, seconds, scenario.title));
        self.progress(done, of);
    }

    /// Takes the progress line away.
    pub(super) fn clear(&self) {
        if self.is_terminal {
            self.print("\r\u{1b}[2K");
        }
    }

    fn progress(&self, done: usize, of: usize) {
        if !self.is_terminal || done == of {
            return;
        }
        let in_progress = self.in_progress.borrow();
        let oldest = in_progress.first().map(String::as_str).unwrap_or_default();
        let text: String =
            format!("  {done} of {of}, {} running: {oldest}", in_progress.len()).chars().take(100).collect();
        self.print(&format!("\r\u{1b}[2K{text}"));
    }
}
