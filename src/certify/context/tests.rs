use std::path::Path;

use super::*;
use crate::certify::{Rules, match_step};

pub(super) fn context(reports: &Path) -> Context {
    let rules = Rules { matches: Some(&match_step), standing: crate::judge::standing::requirements() };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let suite = Suite::load(&root.join("features"), &rules).unwrap();
    Context::new(Options::usual(suite, root, reports.to_owned())).unwrap()
}

fn doubted(doubt: &str) -> Remains {
    Remains { doubts: vec![doubt.to_owned()], ..Remains::default() }
}

#[test]
fn what_the_host_kept_from_being_judged_is_tried_once_more_and_no_more() {
    let reports = tempfile::tempdir().unwrap();
    let context = context(reports.path());
    let examples = &context.suite.examples;

    context.found(&examples[0], None, doubted("busy"));
    context.found(&examples[1], Some("a fault of its own".to_owned()), Remains::default());
    let again = context.take_doubted();
    context.found(&examples[0], None, doubted("busy again"));

    assert_eq!(again.into_iter().collect::<Vec<_>>(), [(examples[0].file.clone(), examples[0].line)]);
    assert!(context.take_doubted().is_empty());
    let done = context.done.borrow();
    let found = done.iter().find(|found| found.slug == examples[0].slug).unwrap();
    assert_eq!((done.len(), found.verdict), (2, Verdict::Inconclusive));
    assert_eq!(found.first_try, ["busy: nothing can be concluded"]);
    assert_eq!(found.faults, ["busy again: nothing can be concluded"]);
}

#[test]
fn a_first_try_keeps_its_recording_and_says_where_it_is() {
    let reports = tempfile::tempdir().unwrap();
    let context = context(reports.path());
    let example = &context.suite.examples[0];
    let folder = context.folder.path().to_owned();

    context.found(example, None, Remains { recording: Some(Recording::with_devices([])), ..doubted("busy") });
    let first = context.done.borrow()[0].capture.clone().unwrap();
    context.take_doubted();
    context.found(example, None, Remains { recording: Some(Recording::with_devices([])), ..doubted("busy again") });
    let second = context.done.borrow()[0].capture.clone().unwrap();

    assert_ne!(first, second);
    assert!(folder.join(first).is_file() && folder.join(second).is_file());
}

#[test]
fn a_host_that_keeps_many_scenarios_from_being_judged_is_told_so_at_once() {
    let reports = tempfile::tempdir().unwrap();
    let context = context(reports.path());

    for example in &context.suite.examples[..=MOST_AGAIN] {
        context.found(example, None, doubted("busy"));
    }

    assert_eq!(context.done.borrow().len(), MOST_AGAIN + 1);
    assert_eq!(context.take_doubted().len(), MOST_AGAIN);
}
