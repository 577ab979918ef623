//! Where words go: the terminal or a pipe, with a progress line where somebody looks at it.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, IsTerminal, Write};

use crate::findings::{Colour, PAGE, ScenarioFindings, printable};
use crate::spec::one_line;

/// Columns of a terminal that does not say how many it has.
const USUAL_WIDTH: usize = 80;
/// Columns that paragraphs get at least, however narrow the terminal is.
const NARROWEST: usize = 40;

/// What writing to a terminal gives that was closed.
const EIO: i32 = 5;

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
    /// Why something could not be printed, the first time that it happened.
    trouble: RefCell<Option<io::Error>>,
    /// Whether the reader went away.
    is_reader_gone: Cell<bool>,
}

impl Console {
    pub(super) fn new(colour: Colour) -> Self {
        let (in_progress, trouble) = (RefCell::new(Vec::new()), RefCell::new(None));
        let is_reader_gone = Cell::new(false);
        Self { colour, in_progress, is_terminal: io::stdout().is_terminal(), trouble, is_reader_gone }
    }

    /// Prints text as it stands. What cannot be printed stops nobody; [`Console::trouble`] tells it at the end.
    pub(super) fn print(&self, text: &str) {
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            match is_reader_gone(&error, self.is_terminal) {
                true => self.is_reader_gone.set(true),
                false => _ = self.trouble.borrow_mut().get_or_insert(error),
            }
        }
    }

    /// Whether nobody reads any more what is printed.
    pub(super) fn is_reader_gone(&self) -> bool {
        self.is_reader_gone.get()
    }

    pub(super) fn line(&self, text: &str) {
        self.print(&format!("{text}\n"));
    }

    /// Why not everything was printed; nothing when it was, or when the reader went away.
    pub(super) fn trouble(&self) -> Option<io::Error> {
        self.trouble.take()
    }

    /// Says what went wrong; a message that says `error:` itself is not given it again.
    ///
    /// Messages repeat what was typed and what files hold, so control characters are made visible.
    pub(super) fn error(&self, message: &str, hint: Option<&str>) {
        let mut err = io::stderr().lock();
        let lead = if message.starts_with("error: ") { "" } else { "error: " };
        let _ = writeln!(err, "{lead}{}", printable(message));
        if let Some(hint) = hint {
            let _ = writeln!(err, "  hint: {}", printable(hint));
        }
    }

    /// Says what is odd and stops nobody.
    pub(super) fn warning(&self, message: &str) {
        let _ = writeln!(io::stderr().lock(), "warning: {}", printable(message));
    }

    /// Says what somebody has to know meanwhile; apart from what is found, which a program may read.
    pub(super) fn note(&self, message: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", printable(message));
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
        let (feature, title) = (one_line(&scenario.feature), one_line(&scenario.title));
        self.line(&format!("  {mark} {feature:<44} {seconds:>5.2} s  {title}"));
        self.progress(done, of);
    }

    /// Shows how far something is, on a terminal and until the next line.
    pub(super) fn passing(&self, text: &str) {
        if self.is_terminal {
            let text: String = one_line(text).chars().take(columns().saturating_sub(1)).collect();
            self.print(&format!("\r\u{1b}[2K{text}"));
        }
    }

    /// Takes the progress line away.
    pub(super) fn clear(&self) {
        if self.is_terminal {
            self.print("\r\u{1b}[2K");
        }
    }

    /// Columns for paragraphs: those of the terminal, else those of a page.
    pub(super) fn width(&self) -> usize {
        if self.is_terminal { columns().max(NARROWEST) } else { PAGE }
    }

    fn progress(&self, done: usize, of: usize) {
        if !self.is_terminal || done == of {
            return;
        }
        let text = progress_line(done, of, &self.in_progress.borrow(), columns());
        self.print(&format!("\r\u{1b}[2K{text}"));
    }
}

/// Whether nobody reads any more, which is no trouble: a reader that has seen enough, such as `head`, or a terminal that
/// was closed, whose run ends as interrupted.
fn is_reader_gone(error: &io::Error, is_terminal: bool) -> bool {
    error.kind() == ErrorKind::BrokenPipe || is_terminal && error.raw_os_error() == Some(EIO)
}

/// Columns of the terminal behind standard output; it may change its size at any time.
fn columns() -> usize {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map_or(USUAL_WIDTH, |(terminal_size::Width(columns), _)| usize::from(columns))
}

/// The progress in one row of `columns`. The last column stays free: a terminal may begin a new row when it is written.
fn progress_line(done: usize, of: usize, in_progress: &[String], columns: usize) -> String {
    let oldest = in_progress.first().map(|title| one_line(title)).unwrap_or_default();
    let text = format!("  {done} of {of}, {} running: {oldest}", in_progress.len());
    text.chars().take(columns.saturating_sub(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_terminal_is_a_reader_that_went_away_and_a_broken_disk_is_not() {
        let (pipe, terminal) = (io::Error::from(ErrorKind::BrokenPipe), io::Error::from_raw_os_error(EIO));

        assert!(is_reader_gone(&pipe, false) && is_reader_gone(&terminal, true));
        assert!(!is_reader_gone(&terminal, false));
        assert!(!is_reader_gone(&ErrorKind::StorageFull.into(), true));
    }

    #[test]
    fn the_progress_fits_in_a_row_of_the_terminal() {
        let titles =
            ["A Device whose title is longer than what is left of the row \u{1b}[31m".to_owned(), "B".to_owned()];

        for columns in [0, 20, 80, 200] {
            let text = progress_line(3, 62, &titles, columns);

            assert!(text.chars().count() < columns.max(1), "{columns}: {text}");
            assert!(!text.contains('\u{1b}'));
        }
        assert_eq!(progress_line(3, 62, &titles, 20), "  3 of 62, 2 runnin");
    }
}
