//! What the stage asks of a recording, in the form in which it is stored and can be asked again.

use serde::{Deserialize, Serialize};

use crate::findings::{Asked, Authority};
use crate::judge::{Beside, Check};

use super::golden::{self, GoldenQuestion};

/// A question with all its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// A check of the judge.
    Check(Check),
    /// Whether the traffic is that of a golden recording.
    Golden(GoldenQuestion),
}

/// Why a stored question cannot be asked again.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// It was written by another version.
    #[error("its form is {found}, and this castproof asks form {form}", form = Asked::FORM)]
    Form {
        /// The form that it has.
        found: u32,
    },
    /// It is not what this version writes.
    #[error("its {part} cannot be read")]
    Unreadable {
        /// Which part.
        part: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Question {
    /// The stable id of the check.
    pub fn id(&self) -> &str {
        match self {
            Self::Check(check) => check.id(),
            Self::Golden(_) => golden::CHECK,
        }
    }

    /// What the check rests on.
    pub fn authority(&self) -> Authority {
        match self {
            Self::Check(check) => check.authority(),
            Self::Golden(_) => Authority::Wire,
        }
    }

    /// The question as it is stored: asked of a recording of so many packets. What is known beside the traffic goes along
    /// where the answer rests on it.
    pub(super) fn asked(&self, packets: usize, beside: impl FnOnce() -> Beside) -> Asked {
        let written = |value: Result<serde_json::Value, _>| value.expect("plain data with text as keys");
        let beside = (self.authority() != Authority::Wire).then(|| written(serde_json::to_value(beside())));
        Asked { form: Asked::FORM, question: written(serde_json::to_value(self)), packets: packets as u64, beside }
    }

    /// Reads a stored question, and what was known beside the traffic when it was asked.
    ///
    /// # Errors
    /// [`QuestionError`] when it is of another form, or nothing that [`Question`] says.
    pub fn of(asked: &Asked) -> Result<(Self, Beside), QuestionError> {
        if asked.form != Asked::FORM {
            return Err(QuestionError::Form { found: asked.form });
        }
        let unreadable = |part| move |source| QuestionError::Unreadable { part, source };
        let question = Self::deserialize(&asked.question).map_err(unreadable("question"))?;
        let beside = asked.beside.as_ref().map(Beside::deserialize).transpose();
        Ok((question, beside.map_err(unreadable("what was known beside the traffic"))?.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Question {
        Question::Check(Check::Record { device: "D1".into(), campaign: "a".into(), outcome: "restored".into() })
    }

    fn beside() -> Beside {
        Beside { records: [(("D1".into(), "a".into()), "restored".into())].into(), ..Beside::default() }
    }

    #[test]
    fn a_question_is_read_back_as_it_was_asked() {
        let (question, known) = Question::of(&record().asked(7, beside)).unwrap();

        assert_eq!((question, known), (record(), beside()));
    }

    #[test]
    fn what_the_traffic_decides_is_stored_without_what_was_beside_it() {
        let asked = Question::Check(Check::RisingSequence).asked(7, || unreachable!("nobody asks for it"));

        assert_eq!((asked.packets, asked.beside), (7, None));
    }

    #[test]
    fn another_form_and_another_question_are_refused() {
        let asked = record().asked(7, beside);

        let newer = Question::of(&Asked { form: Asked::FORM + 1, ..asked.clone() });
        let strange = Question::of(&Asked { question: serde_json::json!({"check": "of-nothing"}), ..asked });

        assert!(matches!(newer, Err(QuestionError::Form { .. })));
        assert!(matches!(strange, Err(QuestionError::Unreadable { part: "question", .. })));
    }
}
