//! Two transcripts against each other: a golden one and a live one, with an explicit rule about order.
//!
//! Both must be made with the same options, redacted where they come from different runs. The result says in the words of
//! the protocol what departed first and where, so that nobody has to read a diff.

use std::fmt;

use super::transcript::{Line, Transcript};

/// How far order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderRule {
    /// Each lane has its lines in the golden order; lanes may be interleaved in any way.
    PerLane,
    /// All lines are in the golden order.
    Exactly,
    /// The same lines, in any order.
    AnyOrder,
}

/// The first thing in which a live transcript departs from the golden one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// The lane, when each is compared by itself.
    pub lane: Option<String>,
    /// The line of the golden transcript, or of its lane, counted from 1.
    pub line: usize,
    /// The last line that both have, where order counts.
    pub after: Option<Box<Line>>,
    /// What departed.
    pub what: Box<Difference>,
}

/// What departed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// One line stands in the place of another.
    Instead {
        /// The golden line.
        expected: Line,
        /// The live line.
        saw: Line,
    },
    /// A golden line that the live transcript lacks.
    Missing(Line),
    /// A live line that the golden transcript lacks.
    Unexpected(Line),
    /// Both transcripts have both lines, in another order.
    CameBefore {
        /// The line that was due.
        expected: Line,
        /// The line that came before it.
        saw: Line,
    },
}

/// Compares `live` with `golden`.
///
/// # Errors
/// The first [`Departure`], in the order of the golden transcript and, per lane, in the order in which it names the lanes.
pub fn compare(golden: &Transcript, live: &Transcript, rule: OrderRule) -> Result<(), Departure> {
    let (golden, live): (Vec<&Line>, Vec<&Line>) = (golden.lines.iter().collect(), live.lines.iter().collect());
    match rule {
        OrderRule::Exactly => in_order(None, &golden, &live),
        OrderRule::AnyOrder => in_any_order(&golden, &live),
        OrderRule::PerLane => {
            let mut lanes: Vec<&str> = Vec::new();
            for line in golden.iter().chain(&live) {
                if !lanes.contains(&line.lane.as_str()) {
                    lanes.push(&line.lane);
                }
            }
            lanes.into_iter().try_for_each(|lane| in_order(Some(lane), &of_lane(&golden, lane), &of_lane(&live, lane)))
        }
    }
}

fn of_lane<'a>(lines: &[&'a Line], lane: &str) -> Vec<&'a Line> {
    lines.iter().copied().filter(|line| line.lane == lane).collect()
}

fn holds(lines: &[&Line], wanted: &Line) -> bool {
    lines.iter().any(|line| line.says_the_same_as(wanted))
}

fn in_order(lane: Option<&str>, golden: &[&Line], live: &[&Line]) -> Result<(), Departure> {
    let same = golden.iter().zip(live).take_while(|(expected, saw)| expected.says_the_same_as(saw)).count();
    let (golden_rest, live_rest) = (&golden[same..], &live[same..]);
    let what = match (golden_rest.first().copied().cloned(), live_rest.first().copied().cloned()) {
        (None, None) => return Ok(()),
        (Some(expected), None) => Difference::Missing(expected),
        (None, Some(saw)) => Difference::Unexpected(saw),
        (Some(expected), Some(saw)) => match (holds(live_rest, &expected), holds(golden_rest, &saw)) {
            (true, true) => Difference::CameBefore { expected, saw },
            (true, false) => Difference::Unexpected(saw),
            (false, true) => Difference::Missing(expected),
            (false, false) => Difference::Instead { expected, saw },
        },
    };
    let after = same.checked_sub(1).map(|index| Box::new(golden[index].clone()));
    Err(Departure { lane: lane.map(str::to_owned), line: same + 1, after, what: Box::new(what) })
}

fn in_any_order(golden: &[&Line], live: &[&Line]) -> Result<(), Departure> {
    let mut left: Vec<&Line> = live.to_vec();
    let departure = |line, what| Departure { lane: None, line, after: None, what: Box::new(what) };
    for (index, expected) in golden.iter().enumerate() {
        match left.iter().position(|line| line.says_the_same_as(expected)) {
            Some(found) => drop(left.remove(found)),
            None => return Err(departure(index + 1, Difference::Missing((*expected).clone()))),
        }
    }
    match left.first() {
        None => Ok(()),
        Some(extra) => Err(departure(golden.len() + 1, Difference::Unexpected((*extra).clone()))),
    }
}

impl std::error::Error for Departure {}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.lane {
            Some(lane) => write!(f, "{lane}, line {}: ", self.line)?,
            None => write!(f, "line {}: ", self.line)?,
        }
        match &*self.what {
            Difference::Instead { expected, saw } => write!(f, "expected {}, saw {}", Said(expected), Seen(saw))?,
            Difference::Missing(expected) => write!(f, "missing: {}", Said(expected))?,
            Difference::Unexpected(saw) => write!(f, "unexpected: {}", Seen(saw))?,
            Difference::CameBefore { expected, saw } => {
                write!(f, "came before: {} came before {}", Seen(saw), Said(expected))?;
            }
        }
        match &self.after {
            Some(line) => write!(f, ", after {}", Said(line)),
            None => Ok(()),
        }
    }
}

/// A line in running text.
struct Said<'a>(&'a Line);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { actor, text, marks, .. } = self.0;
        match self.0.is_step() {
            true => write!(f, "step `{text}`")?,
            false => write!(f, "`{actor}  {text}`")?,
        }
        marks.iter().try_for_each(|mark| write!(f, " [{mark}]"))
    }
}

/// A line of the live transcript, with its place in the live capture.
struct Seen<'a>(&'a Line);

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (packet {})", Said(self.0), self.0.frame)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Lines written as `actor: text`, each at another time; `=` begins a step.
    fn transcript(lines: &[&str]) -> Transcript {
        let line = |(index, text): (usize, &&str)| {
            let at = Duration::from_millis(index as u64 * 7);
            let (lane, actor, text) = match text.split_once(": ") {
                Some((actor, text)) => (actor, actor, text),
                None => ("steps", "", text.trim_start_matches("= ")),
            };
            Line { at, frame: index + 1, lane: lane.into(), actor: actor.into(), text: text.into(), marks: vec![] }
        };
        Transcript { lines: lines.iter().enumerate().map(line).collect(), redacted: true }
    }

    const GOLDEN: [&str; 5] = ["= When", "provider: Push", "provider: FDT", "D1: Alert 1226 402", "D2: Alert 1226 200"];

    #[test]
    fn departures_are_told_by_rule() {
        use OrderRule::{AnyOrder, Exactly, PerLane};
        let table: [(OrderRule, &[&str], Option<&str>); 12] = [
            (Exactly, &GOLDEN, None),
            (PerLane, &GOLDEN, None),
            (AnyOrder, &GOLDEN, None),
            (PerLane, &["D2: Alert 1226 200", "= When", "provider: Push", "D1: Alert 1226 402", "provider: FDT"], None),
            (
                Exactly,
                &["= When", "provider: FDT", "provider: Push", "D1: Alert 1226 402", "D2: Alert 1226 200"],
                Some("line 2: came before: `provider  FDT` (packet 2) came before `provider  Push`, after step `When`"),
            ),
            (
                PerLane,
                &["= When", "provider: FDT", "provider: Push", "D1: Alert 1226 402", "D2: Alert 1226 200"],
                Some("provider, line 1: came before: `provider  FDT` (packet 2) came before `provider  Push`"),
            ),
            (
                AnyOrder,
                &["provider: FDT", "provider: Push", "D2: Alert 1226 200", "D1: Alert 1226 402", "= When"],
                None,
            ),
            (
                PerLane,
                &["= When", "provider: Push", "provider: FDT", "D1: Alert 1226 200", "D2: Alert 1226 200"],
                Some("D1, line 1: expected `D1  Alert 1226 402`, saw `D1  Alert 1226 200` (packet 4)"),
            ),
            (
                PerLane,
                &["= When", "provider: Push", "provider: FDT", "D2: Alert 1226 200"],
                Some("D1, line 1: missing: `D1  Alert 1226 402`"),
            ),
            (
                PerLane,
                &[
                    "= When",
                    "provider: Push",
                    "provider: Push",
                    "provider: FDT",
                    "D1: Alert 1226 402",
                    "D2: Alert 1226 200",
                ],
                Some("provider, line 2: unexpected: `provider  Push` (packet 3), after `provider  Push`"),
            ),
            (
                AnyOrder,
                &[
                    "= When",
                    "provider: Push",
                    "provider: FDT",
                    "D1: Alert 1226 402",
                    "D2: Alert 1226 200",
                    "D3: Alert 1201",
                ],
                Some("line 6: unexpected: `D3  Alert 1201` (packet 6)"),
            ),
            (AnyOrder, &GOLDEN[..4], Some("line 5: missing: `D2  Alert 1226 200`")),
        ];
        for (rule, live, expected) in table {
            let departure = compare(&transcript(&GOLDEN), &transcript(live), rule);

            assert_eq!(
                departure.err().map(|departure| departure.to_string()).as_deref(),
                expected,
                "{rule:?} {live:?}"
            );
        }
    }

    #[test]
    fn what_the_air_did_is_part_of_what_is_compared() {
        let golden = transcript(&GOLDEN);
        let mut live = golden.clone();
        live.lines[2].marks.push("⨯ air dropped symbol 4 for D10".into());

        let departure = compare(&golden, &live, OrderRule::PerLane).unwrap_err();

        let expected = "provider, line 2: expected `provider  FDT`, saw `provider  FDT` [⨯ air dropped symbol 4 for D10] (packet 3), \
                        after `provider  Push`";
        assert_eq!(departure.to_string(), expected);
    }
}
