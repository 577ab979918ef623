//! The coverage page: from each requirement to its flows, scenarios, checks and broken implementations.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use castproof::certify::{Example, Suite};
use castproof::findings::{RunFindings, Verdict};
use castproof::spec::{Coverage as State, Flow, FlowRow, Level, Requirement, Role};

use super::matrix::{Matrix, counted};

/// What stands behind one requirement, as it was seen in a run.
pub(crate) struct Row<'a> {
    requirement: &'a Requirement,
    scenarios: Vec<&'a Example>,
    /// The checks that were really asked, and passed.
    checks: BTreeSet<String>,
    deviations: BTreeSet<&'a str>,
}

/// Every requirement with what stands behind it.
pub(crate) fn rows<'a>(suite: &'a Suite, run: &'a RunFindings, matrix: &'a Matrix) -> Vec<Row<'a>> {
    let mut checks: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for found in &run.scenarios {
        for check in found.checks.iter().filter(|check| check.verdict == Verdict::Pass) {
            for id in &check.requirements {
                checks.entry(id.as_str()).or_default().insert(check.check.as_str().to_owned());
            }
        }
        for id in &found.standing {
            checks.entry(id.as_str()).or_default().insert(standing_check(id.as_str()));
        }
    }
    let row = |requirement: &'a Requirement| {
        let id = requirement.id.as_str();
        let scenarios: Vec<&Example> =
            suite.examples.iter().filter(|example| example.requirements.contains(&requirement.id)).collect();
        let slugs: BTreeSet<&str> = scenarios.iter().map(|example| example.slug.as_str()).collect();
        let standing = standing_check(id);
        let is_own =
            |(_, scenario, check): &(&str, &str, &str)| slugs.contains(scenario) || *check == standing.as_str();
        let deviations = matrix.catches().filter(is_own).map(|(deviation, _, _)| deviation).collect();
        Row { requirement, scenarios, checks: checks.remove(id).unwrap_or_default(), deviations }
    };
    let kept = suite.register.requirements.iter().filter(|row| row.coverage != State::Removed);
    kept.map(row).collect()
}

impl Row<'_> {
    /// What a requirement that is not excluded lacks.
    pub(crate) fn lacks(&self) -> Vec<String> {
        let id = &self.requirement.id;
        match self.requirement.coverage {
            State::Covered => {}
            State::Planned => return vec![format!("{id} is planned and not covered")],
            State::Excluded | State::Removed => return Vec::new(),
        }
        let no_check = self.checks.is_empty().then(|| format!("{id}: no check was asked and passed"));
        let no_deviation = self.deviations.is_empty().then(|| format!("{id}: nothing broken was caught for it"));
        let flows = self.requirement.flows.values().flatten();
        let open =
            flows.filter(|flow| flow.is_open()).map(|flow| format!("{id}: nothing tells the flow `{}`", flow.flow));
        no_check.into_iter().chain(no_deviation).chain(open).collect()
    }

    fn tell(&self, page: &mut String) {
        let Requirement { id, source, level, roles, text, .. } = self.requirement;
        let roles: Vec<&str> = roles.iter().map(|role| role_word(*role)).collect();
        let _ = writeln!(page, "### {id}\n\n{text}\n\n{} · {} · {source}\n", level_word(*level), roles.join(", "));
        if self.requirement.coverage == State::Excluded {
            let reason = self.requirement.reason.as_deref().unwrap_or_default();
            let _ = writeln!(page, "**Excluded:** {reason}\n");
            return;
        }
        for (kind, flow) in
            self.requirement.flows.iter().flat_map(|(kind, flows)| flows.iter().map(move |flow| (*kind, flow)))
        {
            let _ = writeln!(page, "- {}: {} — {}", flow_word(kind), flow.flow, self.tellers(flow));
        }
        if !self.requirement.flows.is_empty() {
            page.push('\n');
        }
        let _ = writeln!(page, "Checks: {}\n", listed(&self.checks));
        let _ = writeln!(page, "Broken implementations caught: {}\n", listed(&self.deviations));
    }

    fn tellers(&self, flow: &FlowRow) -> String {
        let told = self.scenarios.iter().filter(|example| flow.is_told_by(&example.slug));
        let mut tellers: Vec<String> = told.map(|example| format!("`{}`", example.slug)).collect();
        tellers.extend(flow.caught.iter().map(|name| format!("broken implementation `{name}`")));
        tellers.extend(flow.excluded.iter().map(|reason| format!("excluded: {reason}")));
        if tellers.is_empty() { "**nothing yet**".to_owned() } else { tellers.join(", ") }
    }
}

/// The page, as it is committed.
pub(crate) fn page(rows: &[Row<'_>], suite: &Suite) -> String {
    let excluded = rows.iter().filter(|row| row.requirement.coverage == State::Excluded).count();
    let mut page = format!(
        "# Coverage\n\nFrom each requirement to its flows, the scenarios that tell them, the checks that these scenarios really \
         ask, and the\nbroken implementations that they catch. Generated from a run of the whole suite and of every \
         deviation by\n`CASTPROOF_RENEW=1 cargo test --test broken`; the same test fails when this page is stale, or when a \
         requirement\nstands here without a check, without a caught deviation, or with a flow that nothing tells. Rows that begin \
         with `X-` are\nstanding checks; `tests/judge` also shows on recordings made by hand that they can fail.\n\n{}, {} tested, {excluded} excluded; {}.\n\n| requirement | level | flows | scenarios | checks | caught |\n|---|---|---|---|---|---|\n",
        counted(rows.len(), "requirement"),
        rows.len() - excluded,
        counted(suite.examples.len(), "example"),
    );
    for row in rows {
        let flows = row.requirement.flows.values().map(Vec::len).sum::<usize>();
        let numbers = match row.requirement.coverage {
            State::Excluded => "excluded | | |".to_owned(),
            _ => format!("{flows} | {} | {} | {} |", row.scenarios.len(), row.checks.len(), row.deviations.len()),
        };
        let _ = writeln!(page, "| {} | {} | {numbers}", row.requirement.id, level_word(row.requirement.level));
    }
    page.push('\n');
    for row in rows {
        row.tell(&mut page);
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// The id of the standing check of a requirement.
fn standing_check(id: &str) -> String {
    format!("standing.{}", id.to_lowercase())
}

fn listed<T: AsRef<str>>(names: &BTreeSet<T>) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
        Level::May => "may",
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Device => "Device",
        Role::Provider => "provider",
        Role::System => "both together",
    }
}

fn flow_word(flow: Flow) -> &'static str {
    match flow {
        Flow::Normal => "normal",
        Flow::Alternative => "alternative",
        Flow::Exceptional => "exceptional",
    }
}
