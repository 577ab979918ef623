//! What a reader holds a notification to (profile sections 1 and 2).
//!
//! Conformant readers hold to every rule. A harness has to play readers that forget one, so the rules have names.

/// A rule of the form of a notification or announcement that a reader may forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A datagram has 1,400 octets at most.
    Length,
    /// The content type is that of a DM notification.
    ContentType,
    /// The application id is that of OMA DM.
    ApplicationId,
    /// The version of Package #0 is 1.1.
    Version,
    /// Reserved bits are zero.
    Reserved,
    /// SessionID 0 is none.
    SessionId,
    /// A signature has 64 octets.
    SignatureLength,
    /// Nothing follows the announcement.
    End,
    /// A key from 64 up that is not known is refused.
    CriticalKeys,
    /// A key below 64 that is not known is ignored.
    IgnorableKeys,
}

/// The rules that a reader holds a notification to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    forgotten: &'static [Rule],
}

impl Form {
    /// All of them.
    pub const PROFILE: Self = Self { forgotten: &[] };

    /// All but these.
    pub const fn without(forgotten: &'static [Rule]) -> Self {
        Self { forgotten }
    }

    /// Whether the reader holds to a rule.
    pub fn has(self, rule: Rule) -> bool {
        !self.forgotten.contains(&rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_forgotten_is_not_held_to() {
        let form = Form::without(&[Rule::Version]);

        assert!(!form.has(Rule::Version));
        assert!(form.has(Rule::Reserved) && Form::PROFILE.has(Rule::Version));
    }
}
