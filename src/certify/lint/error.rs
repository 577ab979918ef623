//! Lint errors: what is wrong, where, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

/// How many characters of a message or a hint are shown; a file may hold a line of a mebibyte.
const LONGEST_TEXT: usize = 1000;

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1; none when the whole file is meant.
    pub line: Option<usize>,
    /// The column in octets, counted from 1.
    pub column: Option<usize>,
}

impl Place {
    /// A whole file.
    pub fn file(file: &Path) -> Self {
        Self { file: file.to_owned(), line: None, column: None }
    }

    /// A line of a file.
    pub fn line(file: &Path, line: usize) -> Self {
        Self { file: file.to_owned(), line: Some(line), column: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        for number in self.line.into_iter().chain(self.column) {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}

/// What the lint found wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LintKind {
    /// A file or folder cannot be read.
    #[error("cannot read it: {reason}")]
    Unreadable {
        /// What the file system says.
        reason: String,
    },
    /// A pipe, a device or a socket where a file should be.
    #[error("it is not a regular file")]
    NotAFile,
    /// A bound on what is read is passed, so something would silently be left out.
    #[error("more than {max} {what}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much is read.
        max: u64,
    },
    /// There is no folder of that name.
    #[error("no such folder")]
    NoFolder,
    /// The folder holds no feature file.
    #[error("no feature file")]
    NoFeatures,
    /// There is no register.
    #[error("no register of requirements")]
    NoRegister,
    /// The register cannot be used.
    #[error("{reason}")]
    BrokenRegister {
        /// What is wrong with it.
        reason: String,
    },
    /// A fixture cannot be used.
    #[error("{reason}")]
    BrokenFixture {
        /// What is wrong with it.
        reason: String,
    },
    /// A sentence names a fixture that does not exist.
    #[error("no {kind} is called `{name}`")]
    UnknownFixture {
        /// Population or campaign.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A sentence names a Device that the population does not have.
    #[error("the scenario has no Device `{name}`")]
    UnknownDevice {
        /// The name.
        name: String,
    },
    /// The feature is no Gherkin.
    #[error("the feature does not parse: {reason}")]
    Malformed {
        /// What the parser stumbled over.
        reason: String,
    },
    /// A byte order mark, before which the parser gives up without a word.
    #[error("a byte order mark stands before the text")]
    ByteOrderMark,
    /// A second feature in one file.
    #[error("a second `Feature:` in one file; the first is on line {first}")]
    SecondFeature {
        /// The line of the first.
        first: usize,
    },
    /// The feature is written in another language than English.
    #[error("the feature is not in English: `{directive}`")]
    ForeignLanguage {
        /// The line that says so.
        directive: String,
    },
    /// No sentence of the phrasebook matches.
    #[error("no sentence matches `{sentence}`")]
    UndefinedSentence {
        /// The sentence.
        sentence: String,
    },
    /// Several sentences of the phrasebook match.
    #[error("several sentences match `{sentence}`: {}", quoted(candidates))]
    AmbiguousSentence {
        /// The sentence.
        sentence: String,
        /// Those that match.
        candidates: Vec<String>,
    },
    /// A table or a doc string under a step, which no sentence would read.
    #[error("no sentence takes a {what}: `{sentence}`")]
    TakesNone {
        /// `table` or `doc string`.
        what: &'static str,
        /// The sentence above it.
        sentence: String,
    },
    /// A value that the step could not use.
    #[error("{reason}, in `{sentence}`")]
    UnfitValue {
        /// What is wrong with the value.
        reason: String,
        /// The sentence.
        sentence: String,
    },
    /// A tag that means nothing.
    #[error("unknown tag `@{tag}`")]
    UnknownTag {
        /// The tag, without `@`.
        tag: String,
    },
    /// A requirement id that the register does not have.
    #[error("the register has no requirement `{id}`")]
    UnknownRequirement {
        /// The id.
        id: String,
    },
    /// A requirement that the register excludes or has withdrawn.
    #[error("requirement `{id}` is {state}: {reason}")]
    UnavailableRequirement {
        /// The id.
        id: String,
        /// `excluded` or `removed`.
        state: &'static str,
        /// Why, in the register's words.
        reason: String,
    },
    /// A scenario without a requirement.
    #[error("no `@req.` tag")]
    NoRequirement,
    /// A scenario that has none or several of the tags of which it needs exactly one.
    #[error("exactly one `@{family}.` tag is needed, there are {found}")]
    NotOne {
        /// `flow` or `role`.
        family: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A covered requirement that no scenario carries.
    #[error("requirement `{id}` is covered, and no scenario carries its tag")]
    CoveredWithoutScenario {
        /// The id.
        id: String,
    },
    /// A planned requirement that a scenario carries.
    #[error("requirement `{id}` is planned, and `{slug}` carries its tag")]
    PlannedWithScenario {
        /// The id.
        id: String,
        /// The first scenario.
        slug: String,
    },
    /// A flow of a requirement that names scenarios which are not there, or do not carry the requirement's tag.
    #[error("no scenario with the tag of requirement `{id}` is called `{entry}`")]
    NoSuchTeller {
        /// The requirement.
        id: String,
        /// What the flow names.
        entry: String,
    },
    /// A flow of a requirement that names a broken implementation which is not there.
    #[error("no deviation is called `{name}`, and a flow of requirement `{id}` names it")]
    UnknownDeviation {
        /// The requirement.
        id: String,
        /// The name.
        name: String,
    },
    /// A line that became a description and would never run.
    #[error("`{text}` is taken for a description and never runs")]
    Swallowed {
        /// The line.
        text: String,
    },
    /// A feature without scenarios.
    #[error("the feature has no scenario")]
    NoScenarios,
    /// An outline without examples, which would run with its placeholders.
    #[error("the outline has no Examples")]
    NoExamples,
    /// An Examples block without rows, which would vanish.
    #[error("the Examples have no row")]
    NoRows,
    /// Rows that do not follow the heading of their Examples line by line.
    #[error("a blank line or a comment between `Examples` and its last row gives rows the wrong line numbers")]
    Gap,
    /// A row with more cells than its heading; the surplus would be dropped.
    #[error("a row of {found} cells below a heading of {expected}")]
    RowLength {
        /// Cells of the row.
        found: usize,
        /// Cells of the heading.
        expected: usize,
    },
    /// A placeholder without a column.
    #[error("no column for the placeholder `<{name}>`")]
    UnknownPlaceholder {
        /// The placeholder.
        name: String,
    },
    /// A scenario without a title.
    #[error("the scenario has no title")]
    NoTitle,
    /// A scenario without steps.
    #[error("the scenario has no step")]
    NoSteps,
    /// A scenario in which nothing happens.
    #[error("the scenario has no When")]
    NoWhen,
    /// A scenario in which several things happen.
    #[error("a second When: `{sentence}`")]
    SecondWhen {
        /// The second event.
        sentence: String,
    },
    /// A scenario that expects nothing.
    #[error("the scenario has no Then")]
    NoThen,
    /// A Given after the event, or a When after an outcome.
    #[error("`{sentence}` comes too late: state, then one event, then outcomes")]
    OutOfOrder {
        /// The sentence.
        sentence: String,
    },
    /// A background that does more than state what is given.
    #[error("a background only gives: `{sentence}`")]
    NotGiven {
        /// The sentence.
        sentence: String,
    },
    /// Two examples with one title.
    #[error("the title `{title}` stands at `{first}` already")]
    DuplicateTitle {
        /// The title.
        title: String,
        /// Where it stands first.
        first: String,
    },
    /// Two examples with one slug.
    #[error("the slug `{slug}` is that of `{first}` already")]
    DuplicateSlug {
        /// The slug.
        slug: String,
        /// Where it stands first.
        first: String,
    },
}

/// One error of the author's, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintError {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: LintKind,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for LintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\n  --> {}", legible(&self.kind.to_string()), self.place)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {}", legible(hint)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LintError {}

/// Every error of a suite, by place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LintErrors(pub Vec<LintError>);

impl fmt::Display for LintErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.0 {
            write!(f, "{error}\n\n")?;
        }
        let count = self.0.len();
        write!(f, "{count} error{}", if count == 1 { "" } else { "s" })
    }
}

impl std::error::Error for LintErrors {}

/// A text in which an author's words may stand: one line that is not too long, and nothing that a terminal obeys.
fn legible(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_TEXT).flat_map(plain).collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        shown.push('…');
    }
    shown
}

fn plain(c: char) -> Box<dyn Iterator<Item = char>> {
    if c.is_control() { Box::new(c.escape_default()) } else { Box::new(std::iter::once(c)) }
}

fn quoted(candidates: &[String]) -> String {
    candidates.iter().map(|candidate| format!("`{candidate}`")).collect::<Vec<_>>().join(", ")
}
