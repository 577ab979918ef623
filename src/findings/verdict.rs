//! Verdicts and what they rest on.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a check, a scenario or a run concluded; the later variant is the worse one.
///
/// Only [`Verdict::Pass`] is green. A failure outranks everything, because a fault of the harness must not hide that
/// the subject was seen to do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The subject did what is asked.
    Pass,
    /// The subject does not have the capability that is asked about.
    NotApplicable,
    /// A sentence has no meaning yet.
    Pending,
    /// The evidence does not suffice to say.
    Inconclusive,
    /// The watchdog ended it.
    OutOfTime,
    /// The harness itself went wrong.
    HarnessFault,
    /// The adapter broke off or broke its protocol.
    AdapterFault,
    /// The adapter said one thing and the wire, the files or the kernel another.
    AdapterContradicted,
    /// The subject did something else than what is asked.
    Fail,
}

impl Verdict {
    /// Every verdict, from the best to the worst.
    pub const ALL: [Self; 9] = [
        Self::Pass,
        Self::NotApplicable,
        Self::Pending,
        Self::Inconclusive,
        Self::OutOfTime,
        Self::HarnessFault,
        Self::AdapterFault,
        Self::AdapterContradicted,
        Self::Fail,
    ];

    /// The worse of the two.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        self.max(other)
    }

    /// Whether this is a pass; nothing else is green.
    pub fn is_green(self) -> bool {
        self == Self::Pass
    }

    /// The verdict in words, such as `not applicable`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::NotApplicable => "not applicable",
            Self::Pending => "pending",
            Self::Inconclusive => "inconclusive",
            Self::OutOfTime => "out of time",
            Self::HarnessFault => "harness fault",
            Self::AdapterFault => "adapter fault",
            Self::AdapterContradicted => "adapter contradicted",
            Self::Fail => "fail",
        }
    }

    /// One character for a terminal: a tick for a pass, a cross for a failure, and neither for the rest.
    pub fn mark(self) -> char {
        match self {
            Self::Pass => '✔',
            Self::Fail => '✘',
            Self::NotApplicable | Self::Pending => '○',
            Self::Inconclusive | Self::OutOfTime => '?',
            Self::HarnessFault | Self::AdapterFault | Self::AdapterContradicted => '!',
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// What a check rests on, from the strongest to the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Authority {
    /// Recorded traffic.
    Wire,
    /// A file that the adapter's contract names.
    File,
    /// A fact of the kernel: group membership, sockets, a living process.
    Kernel,
    /// The adapter's own word.
    Claim,
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wire => "wire",
            Self::File => "file",
            Self::Kernel => "kernel",
            Self::Claim => "claim",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_outranks_every_other_verdict() {
        for other in Verdict::ALL {
            assert_eq!(Verdict::Fail.worst(other), Verdict::Fail);
            assert_eq!(other.worst(Verdict::Fail), Verdict::Fail);
        }
    }

    #[test]
    fn a_pass_yields_to_every_other_verdict() {
        for other in Verdict::ALL {
            assert_eq!(Verdict::Pass.worst(other), other);
        }
    }

    #[test]
    fn only_a_pass_is_green() {
        let green: Vec<_> = Verdict::ALL.into_iter().filter(|verdict| verdict.is_green()).collect();

        assert_eq!(green, [Verdict::Pass]);
    }

    #[test]
    fn verdicts_are_written_in_kebab_case() {
        let text = serde_json::to_string(&Verdict::AdapterContradicted).unwrap();

        assert_eq!(text, "\"adapter-contradicted\"");
    }
}
