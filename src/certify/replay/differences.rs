//! Where the findings that were stored and those that follow from the evidence do not agree.

use serde::Serialize;

use super::{Replayed, standing};
use crate::findings::{RunFindings, Verdict};

/// One thing of which the stored findings say something else than the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Of what: a check of a scenario, a scenario, a requirement, or the run.
    pub of: String,
    /// What was stored.
    pub stored: String,
    /// What follows from the evidence.
    pub again: String,
    /// Why that follows.
    pub because: String,
}

/// Every disagreement, from the checks up to the run. What follows from another one is named too: whoever reads only the
/// requirements finds it there.
pub(super) fn between(stored: &RunFindings, again: &RunFindings, checks: &[Replayed]) -> Vec<Difference> {
    let mut all: Vec<Difference> = checks.iter().filter_map(of_check).collect();
    for (one, other) in stored.scenarios.iter().zip(&again.scenarios) {
        for (id, was_held) in standing::moved(one, other) {
            let words = |held: bool| if held { "held" } else { "not held" };
            let of = format!("standing check {id} of scenario {}", one.slug);
            let because = "the recording shows, or does not show, what it looks at".to_owned();
            all.push(difference(of, words(was_held), words(!was_held), Some(because)));
        }
        if one.verdict != other.verdict {
            let of = format!("scenario {}", one.slug);
            all.push(difference(of, one.verdict, other.verdict, other.reason()));
        }
    }
    for row in &again.requirements {
        let found = stored.requirements.iter().find(|found| found.id == row.id);
        let state = found.map_or("not there", |found| found.state.words());
        if state != row.state.words() {
            all.push(difference(format!("requirement {}", row.id), state, row.state.words(), None));
        }
    }
    let strangers = stored.requirements.iter().filter(|row| again.requirements.iter().all(|found| found.id != row.id));
    all.extend(strangers.map(|row| {
        difference(
            format!("requirement {}", row.id),
            row.state.words(),
            "not there",
            Some("the register lacks it".into()),
        )
    }));
    let word = |run: &RunFindings| if run.conformant { "conformant" } else { "not shown to conform" };
    if stored.conformant != again.conformant {
        all.push(difference("the run".to_owned(), word(stored), word(again), None));
    }
    for (what, one, other) in [
        ("the requirement set", &stored.requirement_set, &again.requirement_set),
        ("the profile", &stored.profile.to_string(), &again.profile.to_string()),
    ] {
        if one != other {
            all.push(difference(what.to_owned(), one, other, Some("the register says so".into())));
        }
    }
    all
}

fn of_check(replayed: &Replayed) -> Option<Difference> {
    let again = replayed.again.as_ref().ok()?;
    let (one, other) = (replayed.stored.verdict, again.verdict);
    let because = match other {
        Verdict::Pass => again.observed.clone(),
        _ => again.reason(),
    };
    let of = format!("check {} of scenario {}", replayed.check, replayed.slug);
    (one != other).then(|| difference(of, one, other, Some(because)))
}

fn difference(of: String, stored: impl ToString, again: impl ToString, because: Option<String>) -> Difference {
    let because = because.unwrap_or_else(|| "it follows from the scenarios".to_owned());
    Difference { of, stored: stored.to_string(), again: again.to_string(), because }
}
