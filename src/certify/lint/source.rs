//! A feature file as text, beside what the parser makes of it: the parser drops what an author wants to be shown.

use std::path::{Path, PathBuf};

use cucumber::gherkin::{self, Feature, GherkinEnv, LineCol, ParseFileError};

use super::{Lint, LintKind, Place, nearest};
use crate::certify::Suite;
use crate::stage::bounded::{ReadError, read_text};

/// The words that begin a step.
pub(super) const STEP_KEYWORDS: [&str; 5] = ["Given", "When", "Then", "And", "But"];

/// The words that begin something else.
pub(super) const SECTION_KEYWORDS: [&str; 7] =
    ["Feature", "Background", "Rule", "Scenario", "Scenario Outline", "Example", "Examples"];

/// The invisible sign that some editors write before everything else.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What to do about a file that is too large.
pub(super) const SPLIT: &str = "take out what is not needed; scenarios may stand in several files";

/// The lines of a feature file.
pub(in crate::certify) struct Source {
    path: PathBuf,
    lines: Vec<String>,
}

impl Source {
    /// Reads a feature file that is not too large; otherwise the lint has an error more.
    pub(in crate::certify) fn read(path: &Path, lint: &mut Lint) -> Option<Self> {
        let text = read_text(path).map_err(|error| push_unread(path, error, lint)).ok()?;
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        if lines.len() > Suite::MAX_LINES {
            let kind = LintKind::TooMuch { what: "lines in one feature file", max: Suite::MAX_LINES as u64 };
            let place = Place { file: path.to_owned(), line: Some(Suite::MAX_LINES + 1), column: Some(1) };
            lint.push(place, kind, Some(SPLIT.to_owned()));
            return None;
        }
        Some(Self { path: path.to_owned(), lines })
    }

    /// A line by its number; empty when there is none.
    pub(super) fn line(&self, number: usize) -> &str {
        number.checked_sub(1).and_then(|index| self.lines.get(index)).map_or("", String::as_str)
    }

    /// A place in this file.
    pub(super) fn place(&self, position: LineCol) -> Place {
        Place { file: self.path.clone(), line: Some(position.line), column: Some(position.col) }
    }

    /// The place of the text on a line.
    fn place_of_text(&self, line: usize, text: &str) -> Place {
        let column = self.line(line).find(text).map(|offset| offset + 1);
        Place { file: self.path.clone(), line: Some(line), column }
    }

    /// The place of a step; the parser gives the comment above instead when there is one.
    pub(in crate::certify) fn step_place(&self, position: LineCol) -> Place {
        let is_remark = |line: usize| {
            let text = self.line(line).trim_start();
            line <= self.lines.len() && (text.is_empty() || text.starts_with('#'))
        };
        let mut line = position.line;
        while is_remark(line) {
            line += 1;
        }
        match line == position.line {
            true => self.place(position),
            false => self.place_of_text(line, self.line(line).trim()),
        }
    }

    /// The place of a tag, which stands above what it tags.
    pub(super) fn tag_place(&self, owner: LineCol, tag: &str) -> Place {
        let text = format!("@{tag}");
        let is_tag_line = |line: usize| {
            let text = self.line(line).trim_start();
            text.is_empty() || text.starts_with('@') || text.starts_with('#')
        };
        let above = (1..owner.line).rev().take_while(|line| is_tag_line(*line));
        let found = above.into_iter().find(|line| self.line(*line).split_whitespace().any(|word| word.contains(&text)));
        found.map_or_else(|| self.place(owner), |line| self.place_of_text(line, &text))
    }

    /// The place of a line of text that stands below something.
    pub(super) fn text_place(&self, above: LineCol, text: &str) -> Place {
        let found = (above.line + 1..=self.lines.len()).find(|line| self.line(*line).trim() == text.trim());
        found.map_or_else(|| self.place(above), |line| self.place_of_text(line, text.trim()))
    }

    /// The place of the first line below a step that begins with one of these signs.
    pub(super) fn place_below(&self, step: LineCol, signs: &[&str]) -> Place {
        let begins = |line: &str| signs.iter().any(|sign| line.trim_start().starts_with(sign));
        let found = self.numbered().skip(step.line).find(|(_, line)| begins(line));
        found.map_or_else(|| self.step_place(step), |(line, text)| self.place_of_text(line, text.trim()))
    }

    /// The line, if any, that asks for another language than English, whose keywords the lint does not know.
    fn foreign_language(&self) -> Option<(usize, &str)> {
        let head = self.numbered().map(|(number, line)| (number, line.trim()));
        let mut remarks = head.take_while(|(_, line)| line.is_empty() || line.starts_with('#'));
        remarks.find(|(_, line)| {
            let plain: String = line.split_whitespace().collect();
            plain.strip_prefix("#language:").is_some_and(|language| language != "en")
        })
    }

    /// The line of the first `Feature:` and the place of the second, when a file holds two.
    fn two_features(&self) -> Option<(usize, Place)> {
        let mut features = self.numbered().filter(|(_, line)| line.trim_start().starts_with("Feature:"));
        let (first, (second, _)) = (features.next()?.0, features.next()?);
        Some((first, self.place_of_text(second, "Feature:")))
    }

    /// Where an error of the parser really is: it looks up to a keyword's length ahead before it gives up.
    fn culprit(&self, reported: LineCol) -> LineCol {
        let longest = SECTION_KEYWORDS.iter().map(|keyword| keyword.len()).max().unwrap_or_default();
        let mut ahead = reported.col;
        for line in (1..=reported.line).rev() {
            if !is_gherkin(self.line(line)) {
                let text = self.line(line);
                return LineCol { line, col: text.len() - text.trim_start().len() + 1 };
            }
            if ahead > longest + 2 {
                break;
            }
            ahead += self.line(line.saturating_sub(1)).len() + 1;
        }
        reported
    }

    /// Every line, numbered from 1.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().enumerate().map(|(index, line)| (index + 1, line.as_str()))
    }
}

/// Whether a line may stand outside a description.
fn is_gherkin(line: &str) -> bool {
    let line = line.trim();
    let section = |(head, _): (&str, &str)| SECTION_KEYWORDS.contains(&head) || head == "Scenario Template";
    let first = line.split_whitespace().next().unwrap_or("#");
    first.starts_with(['#', '@', '|', '*', '"', '`'])
        || STEP_KEYWORDS.contains(&first)
        || line.split_once(':').is_some_and(section)
}

/// Notes why a file was not read.
pub(super) fn push_unread(path: &Path, error: ReadError, lint: &mut Lint) {
    let (at, kind, hint) = match error {
        ReadError::NotAFile => {
            (None, LintKind::NotAFile, Some("a pipe or a device may never end; put a file in its place"))
        }
        ReadError::TooMuch { what, max, at } => (at, LintKind::TooMuch { what, max }, Some(SPLIT)),
        ReadError::Unreadable(error) => {
            let hint = (error.kind() == std::io::ErrorKind::InvalidData).then_some("save it as UTF-8");
            (None, LintKind::Unreadable { reason: error.to_string() }, hint)
        }
    };
    let place = Place { file: path.to_owned(), line: at.map(|at| at.0), column: at.map(|at| at.1) };
    lint.push(place, kind, hint.map(str::to_owned));
}

/// Parses a feature file; otherwise the lint has an error more.
pub(in crate::certify) fn parse(source: &Source, lint: &mut Lint) -> Option<Feature> {
    if let Some((line, directive)) = source.foreign_language() {
        let place = source.place(LineCol { line, col: 1 });
        lint.push(place, LintKind::ForeignLanguage { directive: directive.to_owned() }, None);
        return None;
    }
    if source.line(1).starts_with(BYTE_ORDER_MARK) {
        let hint = "save the file as UTF-8 without a byte order mark (BOM)".to_owned();
        lint.push(source.place(LineCol { line: 1, col: 1 }), LintKind::ByteOrderMark, Some(hint));
        return None;
    }
    // The parser takes one that follows the first at once for a description.
    if let Some((first, second)) = source.two_features() {
        let hint = "give each feature a file of its own".to_owned();
        lint.push(second, LintKind::SecondFeature { first }, Some(hint));
        return None;
    }
    let error = match Feature::parse_path(&source.path, GherkinEnv::default()) {
        Ok(feature) => return Some(feature),
        Err(error) => error,
    };
    match error {
        ParseFileError::Reading { source: reason, .. } => {
            lint.push(Place::file(&source.path), LintKind::Unreadable { reason: reason.to_string() }, None);
        }
        ParseFileError::Parsing { error: cause, source: at, .. } => {
            let position = source.culprit(position(&at.to_string()));
            let text = source.line(position.line).trim();
            let reason = match cause {
                Some(gherkin::EnvError::InconsistentCellCount(_)) => {
                    "a row has fewer cells than its heading".to_owned()
                }
                Some(gherkin::EnvError::UnsupportedLanguage(language)) => format!("no language `{language}`"),
                _ if text.is_empty() => "it ends too early".to_owned(),
                _ => format!("`{text}`"),
            };
            let hint = keyword_hint(text).unwrap_or_else(|| match is_gherkin(text) {
                true => "the line has a form that can be right: look at what stands above it".to_owned(),
                false => "a step begins with Given, When, Then, And or But, and a remark with `#`".to_owned(),
            });
            lint.push(source.place(position), LintKind::Malformed { reason }, Some(hint));
        }
    }
    None
}

/// The position that the parser's error tells; it has no other way to give it away.
fn position(message: &str) -> LineCol {
    let mut numbers = message.split(|c: char| !c.is_ascii_digit()).filter_map(|text| text.parse().ok());
    let line = numbers.next().unwrap_or(1);
    LineCol { line, col: numbers.next().unwrap_or(1) }
}

/// The keyword that the first word of a line most likely means, as a hint.
pub(super) fn keyword_hint(text: &str) -> Option<String> {
    let (head, rest) = text.split_once(':').unwrap_or((text, ""));
    if let Some(section) = near_keyword(head, SECTION_KEYWORDS).filter(|_| text.contains(':')) {
        // What is spelt right stands in the wrong place, and to suggest it again helps nobody.
        return Some(match section == head {
            true => format!("`{section}:` cannot stand here: {}", where_it_belongs(section)),
            false => format!("did you mean `{section}:{rest}`?"),
        });
    }
    let first = text.split_whitespace().next()?;
    let step = near_keyword(first, STEP_KEYWORDS).filter(|step| *step != first)?;
    Some(format!("did you mean `{step}{}`?", text.get(first.len()..).unwrap_or_default()))
}

fn where_it_belongs(section: &str) -> &'static str {
    match section {
        "Feature" => "a file holds one feature, which begins on its first line, remarks and tags aside",
        "Background" => "it comes before the rules and scenarios, and once",
        "Rule" => "it comes after the background and the scenarios without a rule",
        "Examples" => "they follow the steps of a `Scenario Outline:`",
        _ => "a scenario follows the background, the rule or the steps of another scenario",
    }
}

/// The keyword within two edits of a word, in any case.
pub(super) fn near_keyword<const N: usize>(word: &str, keywords: [&'static str; N]) -> Option<&'static str> {
    let edits = |keyword: &str| strsim::damerau_levenshtein(&word.trim().to_lowercase(), &keyword.to_lowercase());
    let near = keywords.into_iter().map(|keyword| (edits(keyword), keyword));
    near.filter(|(edits, _)| *edits <= 2).min_by_key(|(edits, _)| *edits).map(|(_, keyword)| keyword)
}

/// A hint that names the nearest of the candidates.
pub(super) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_never_suggests_the_line_itself() {
        for keyword in SECTION_KEYWORDS {
            let hint = keyword_hint(&format!("{keyword}: x")).unwrap_or_default();

            assert!(!hint.contains("did you mean") && hint.contains("cannot stand here"), "{hint}");
        }
        for keyword in STEP_KEYWORDS {
            assert_eq!(keyword_hint(&format!("{keyword} x")), None);
        }
    }
}
