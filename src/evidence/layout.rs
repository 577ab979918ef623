//! Where everything of a run lies, by its name within the evidence.

/// The findings for machines.
pub const RESULT: &str = "result.json";
/// The findings for continuous integration.
pub const JUNIT: &str = "junit.xml";
/// The register that the findings speak of, as it was read.
pub const REGISTER: &str = "register.yaml";
/// The folder of the recordings, one for each scenario.
pub const CAPTURES: &str = "captures";
/// The folder of the kernel's own frames, one file for each scenario, where they were asked for.
pub const RAW: &str = "raw";
/// The folder of the golden recordings that traffic was compared with.
pub const GOLDEN: &str = "golden";

/// The fixtures that the scenarios named, as they were read.
pub const FIXTURES: &str = "fixtures";
/// Where and how the run took place.
pub const ENVIRONMENT: &str = "environment.json";
/// What was said between castproof and an adapter, where there was one.
pub const TRANSCRIPT: &str = "adapter.jsonl";
/// The bundle of all of these, with the two below.
pub const BUNDLE: &str = "evidence.zip";
/// The list of the bundle's members with their digests.
pub const MANIFEST: &str = "manifest.json";
/// The signed statement about the manifest.
pub const ATTESTATION: &str = "attestation.json";

/// Whether a name stays within the evidence: words between single slashes, none of them a step up or to nowhere.
///
/// Names are told to people and may become paths on any system, so what another system takes for a separator, a drive or
/// a control character is refused as well.
pub fn is_inside(name: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word != "." && word != "..";
    name.split('/').all(is_word) && !name.contains(|c: char| c.is_control() || c == '\\' || c == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_out_of_the_evidence_is_refused() {
        let out = ["", "/etc/passwd", "../a", "a/../b", "a//b", "a/", "./a", "C:\\a", "a\\b", "a\nb", "a\0"];

        assert!(out.iter().all(|name| !is_inside(name)));
        assert!([RESULT, "captures/normal-flow--a.pcapng"].into_iter().all(is_inside));
    }
}
