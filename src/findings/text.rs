//! Text for people: errors with their causes, and what a subject may have had a hand in.

pub(super) use crate::spec::one_line;
pub use crate::spec::printable;

/// An error with the whole chain of its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
