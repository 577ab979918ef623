//! The statement of a bundle: in-toto, with the predicate for test results.
//!
//! <https://in-toto.io/Statement/v1>, <https://in-toto.io/attestation/test-result/v0.1>. Its subject is the manifest, and
//! through that everything in the bundle: what was tested is an implementation on a network, which has no digest.

use serde::{Deserialize, Serialize};

use super::layout;
use super::manifest::{Manifest, digest};
use crate::findings::{ExitCode, RunFindings, ScenarioFindings, Verdict};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// What is vouched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Resource>,
    predicate_type: String,
    predicate: TestResult,
}

/// Something with a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Resource {
    name: String,
    digest: Sha256Of,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sha256Of {
    sha256: String,
}

/// How the tests went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestResult {
    result: Word,
    configuration: Vec<Resource>,
    passed_tests: Vec<String>,
    warned_tests: Vec<String>,
    failed_tests: Vec<String>,
}

/// The words that the predicate has for a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Word {
    Passed,
    Warned,
    Failed,
}

impl Statement {
    /// The statement about a run whose evidence has this manifest, of which `written` are the octets.
    ///
    /// Only what certifies is `PASSED`: a whole run that conforms, or a selection that passed. What proves nothing is
    /// `WARNED`, for the predicate has no better word. Tests that do not apply are neither passed nor failed.
    pub(super) fn about(run: &RunFindings, manifest: &Manifest, written: &[u8]) -> Self {
        let resource = |name: &str, sha256: String| Resource { name: name.to_owned(), digest: Sha256Of { sha256 } };
        let is_configuration =
            |name: &str| name == layout::REGISTER || name == layout::ENVIRONMENT || name.starts_with(layout::FIXTURES);
        let configuration = manifest.members.iter().filter(|member| is_configuration(&member.name));
        let slugs = |is_meant: fn(Verdict) -> bool| {
            let meant = run.scenarios.iter().filter(|scenario: &&ScenarioFindings| is_meant(scenario.verdict));
            meant.map(|scenario| scenario.slug.clone()).collect()
        };
        Self {
            kind: STATEMENT.to_owned(),
            subject: vec![resource(layout::MANIFEST, digest(written))],
            predicate_type: PREDICATE.to_owned(),
            predicate: TestResult {
                result: match ExitCode::of(run) {
                    // A list of excuses may keep a pipeline green, or be stale; it makes no failure less of one.
                    _ if run.count(Verdict::Fail) > 0 => Word::Failed,
                    ExitCode::Conformant => Word::Passed,
                    ExitCode::NotConformant => Word::Failed,
                    _ => Word::Warned,
                },
                configuration: configuration.map(|member| resource(&member.name, member.sha256.clone())).collect(),
                passed_tests: slugs(|verdict| verdict == Verdict::Pass),
                warned_tests: slugs(|verdict| {
                    !matches!(verdict, Verdict::Pass | Verdict::Fail | Verdict::NotApplicable)
                }),
                failed_tests: slugs(|verdict| verdict == Verdict::Fail),
            },
        }
    }

    /// Whether it is a statement about test results at all; else which type it has.
    pub(super) fn foreign_type(&self) -> Option<&str> {
        let types = [(&self.kind, STATEMENT), (&self.predicate_type, PREDICATE)];
        types.into_iter().find(|(found, wanted)| found != wanted).map(|(found, _)| found.as_str())
    }

    /// The digest of the manifest that it speaks of.
    pub(super) fn manifest_digest(&self) -> Option<&str> {
        let subject = self.subject.iter().find(|subject| subject.name == layout::MANIFEST)?;
        Some(&subject.digest.sha256)
    }
}
