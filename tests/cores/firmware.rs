//! Updates that succeed.

use std::cell::RefCell;
use std::rc::Rc;

use castproof::device::{Event, FileStorage};
use castproof::provider::{CampaignPlan, Content};
use castproof::spec::{ComponentId, Reporters, Rollout, Target};
use castproof::wire::syncml::{Command, Message, status};

use crate::harness::*;

fn codes(message: &Message) -> Vec<u16> {
    let code = |command: &Command| match command {
        Command::Status(status) => Some(status.code),
        _ => None,
    };
    message.body.iter().filter_map(code).collect()
}

#[test]
fn firmware_is_updated_and_reported_after_a_challenge() {
    let mut net = Net::new(1);

    net.push(&firmware("spring-patch", Reporters::Everybody));
    net.run(ms(2000));

    let device = &mut net.nodes[0];
    assert_eq!(device.device().node("./DevDetail/FwV").unwrap(), "2.0");
    assert_eq!(device.device().node("./FUMO/PkgVersion").unwrap(), "2.0");
    assert_eq!(device.device().node("./FUMO/State").unwrap(), "100");
    assert_eq!(device.results(), [200]);
    assert_eq!(codes(&device.answers[0]), [407; 4]);
    assert_eq!(codes(&device.answers[1]), [212, 200, 200, 200]);
    let ids: Vec<u32> = device.posts.iter().map(|(_, message)| message.header.msg_id).collect();
    assert_eq!(ids, [1, 2]);
    let ids: Vec<u32> = device.answers.iter().map(|message| message.header.msg_id).collect();
    assert_eq!(ids, [1, 2]);
    assert_eq!(device.answers[1].header.target, device_id(0).as_str());
    assert_eq!(device.answers[1].header.source, "sp.example");
    assert!(device.answers[0].header.cred.is_none());
    assert!(device.answers[1].header.cred.as_ref().unwrap().matches_md5("sp.example", "sp-secret", b"start"));
    assert_eq!(device.has(|event| matches!(event, Event::Reported(_))), 1);
    assert_eq!(device.joined.len(), 1, "only the notification channel is still joined");
    let record = net.record("spring-patch", 0).unwrap();
    assert!(record.result.is_success());
    assert_eq!(record.duplicates, 0);
}

#[test]
fn the_next_nonce_spares_the_second_session_its_challenge() {
    let mut net = Net::new(1);
    net.push(&firmware("one", Reporters::Everybody));
    net.run(ms(2000));

    let mut second = firmware("two", Reporters::Everybody);
    second.target.from_versions = vec![version("2.0")];
    second.target.resulting_version = Some(version("2.1"));
    net.push(&second);
    net.run(ms(2000));

    let device = &net.nodes[0];
    assert_eq!(device.posts.len(), 3);
    assert!(device.posts[2].1.header.cred.is_some());
    assert_eq!(codes(&device.answers[2])[0], status::AUTHENTICATION_ACCEPTED);
    assert_ne!(device.posts[0].1.header.session_id, device.posts[2].1.header.session_id);
}

#[test]
fn a_success_is_silent_where_only_failures_report() {
    let mut net = Net::new(3);

    net.push(&firmware("spring-patch", Reporters::FailuresOnly));
    net.run(ms(5000));

    for device in &net.nodes {
        assert_eq!(device.results(), [200]);
        assert!(device.posts.is_empty());
    }
    assert!(net.record("spring-patch", 0).is_none());
}

#[test]
fn a_component_is_installed_and_updated() {
    let browser = ComponentId::new("browser").unwrap();
    let mut net = Net::new(1);
    let software = |name: &str, result: &str| CampaignPlan {
        target: Target {
            component: Some(browser.clone()),
            resulting_version: Some(version(result)),
            ..Target::default()
        },
        ..plan(name, Content::Software(browser.clone(), image()), Reporters::Everybody)
    };

    net.push(&software("browser-3", "3.0"));
    net.run(ms(2000));
    net.push(&software("browser-4", "4.0"));
    net.run(ms(2000));

    let device = net.nodes[0].device();
    assert_eq!(device.node("./SCOMO/Inventory/Deployed/browser/Version").unwrap(), "4.0");
    assert_eq!(device.node("./SCOMO/Inventory/Deployed/browser/State").unwrap(), "20");
    assert_eq!(net.nodes[0].results(), [1200, 1200]);
    assert_eq!(net.record("browser-3", 0).unwrap().result.code(), 1200);
    // The image of the version before is gone, the one in use is there.
    assert!(net.nodes[0].storage.0.borrow().read("component-1.bin").unwrap().is_none());
    assert!(net.nodes[0].storage.0.borrow().read("component-2.bin").unwrap().is_some());
}

#[test]
fn a_repetition_acts_once() {
    let mut net = Net::new(1);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.broadcast.repetitions = 4;

    net.push(&plan);
    net.run(ms(3000));

    assert_eq!(net.notifications.len(), 4);
    assert_eq!(net.nodes[0].has(|event| matches!(event, Event::Admitted(_))), 1);
    assert_eq!(net.nodes[0].results(), [200]);
    assert_eq!(net.record("spring-patch", 0).unwrap().duplicates, 0);
}

#[test]
fn objects_are_received_before_the_start_and_installed_after_it() {
    let mut net = Net::new(20);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    // The carousel is over long before the first Device may begin.
    plan.rollout = Rollout { not_before: Some(START + ms(5000)), not_after: None, start_window: ms(5000) };

    net.push(&plan);
    net.run(ms(4999));
    assert!(net.nodes.iter().all(|device| device.results().is_empty()));
    net.run(ms(6000));

    let mut starts = Vec::new();
    for device in &net.nodes {
        assert_eq!(device.results(), [200]);
        let settled = |event: &Event| matches!(event, Event::Settled { .. });
        starts.push(device.events.iter().find(|(_, event)| settled(event)).unwrap().0);
    }
    starts.sort();
    assert!(starts[19].since(starts[0]) > ms(2500), "twenty starts lie over the window");
}

#[test]
fn what_cannot_begin_before_the_rollout_is_over_comes_to_nothing() {
    let mut net = Net::new(1);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    // Too short for the delivery.
    plan.rollout.not_after = Some(START + ms(30));

    net.push(&plan);
    net.run(ms(3000));

    assert_eq!(net.nodes[0].has(|event| matches!(event, Event::Admitted(_))), 1);
    assert!(net.nodes[0].results().is_empty());
    assert!(net.nodes[0].device().status_log().is_empty());
    assert!(net.nodes[0].posts.is_empty());
}

#[test]
fn two_campaigns_at_once_are_both_carried_out() {
    let mut net = Net::new(1);
    let first = firmware("first", Reporters::Everybody);
    let browser = ComponentId::new("browser").unwrap();
    let mut second = plan("second", Content::Software(browser.clone(), image()), Reporters::Everybody);
    second.target = Target { component: Some(browser), resulting_version: Some(version("1.1")), ..Target::default() };

    net.push(&first);
    net.push(&second);
    net.run(ms(5000));

    let mut results = net.nodes[0].results();
    results.sort_unstable();
    assert_eq!(results, [200, 1200]);
    assert!(net.record("first", 0).unwrap().result.is_success());
    assert!(net.record("second", 0).unwrap().result.is_success());
    // The repetition of the first is no replay, though the second has a higher number.
    assert!(net.nodes[0].refusals().iter().all(|refusal| *refusal == castproof::device::Refusal::Repetition));
}

#[test]
fn a_slow_campaign_does_not_take_the_device_back() {
    let mut net = Net::new(1);
    let mut slow = firmware("slow", Reporters::Everybody);
    slow.rollout.not_before = Some(START + ms(3000));
    let mut fast = firmware("fast", Reporters::Everybody);
    fast.target.resulting_version = Some(version("3.0"));

    net.push(&slow);
    net.push(&fast);
    net.run(ms(6000));

    assert_eq!(net.nodes[0].device().node("./DevDetail/FwV").unwrap(), "3.0");
    assert_eq!(net.nodes[0].results(), [200]);
    assert!(net.record("slow", 0).is_none());
}

#[test]
fn a_storage_of_files_does_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let mut net = Net::new(1);
    net.nodes[0].storage = Kept(Rc::new(RefCell::new(FileStorage::open(folder.path()).unwrap())));
    net.switch_on(0);

    net.push(&firmware("spring-patch", Reporters::Everybody));
    net.run(ms(2000));
    net.switch_off(0);
    net.switch_on(0);

    assert_eq!(net.nodes[0].device().node("./DevDetail/FwV").unwrap(), "2.0");
    assert_eq!(std::fs::read(folder.path().join("slot-b.bin")).unwrap()[..], image()[..]);
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["slot-b.bin", "state.json"], "what was received is discarded");
}

#[test]
fn values_are_read_in_the_session_of_the_report() {
    let mut net = Net::new(1);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.inspect = ["./DevDetail/FwV", "./Settings", "./Nowhere", "./StatusLog"].map(String::from).to_vec();

    net.push(&plan);
    net.run(ms(2000));

    let (_, package_3) = net.nodes[0].posts.last().unwrap();
    assert_eq!(codes(package_3), [212, 200, 200, 404, 200]);
    let values: Vec<(String, String)> = package_3
        .body
        .iter()
        .filter_map(|command| match command {
            Command::Results(results) => {
                let item = &results.items[0];
                Some((item.source.clone()?, item.data.clone()?))
            }
            _ => None,
        })
        .collect();
    assert_eq!(values[0], ("./DevDetail/FwV".into(), "2.0".into()));
    assert_eq!(values[1], ("./Settings".into(), "Apn/Locked".into()));
    assert!(values[2].1.starts_with("41 spring-patch 200 "));
    let ids: Vec<u32> = package_3.body.iter().map(Command::cmd_id).collect();
    assert_eq!(ids, (1..=ids.len() as u32).collect::<Vec<_>>());
    let first_result = package_3.body.iter().position(|command| matches!(command, Command::Results(_))).unwrap();
    assert_eq!(first_result, 5, "every status comes before the results");
    // The answer to it ends the session, and every Results has a status.
    let last = net.nodes[0].answers.last().unwrap();
    assert_eq!(codes(last), [212, 200, 200, 200]);
    assert_eq!(last.header.msg_id, 3);
}

#[test]
fn the_server_proves_itself_in_later_sessions_too() {
    let mut net = Net::new(1);
    let mut first = firmware("first", Reporters::Everybody);
    first.inspect = vec!["./DevDetail/FwV".into()];
    let mut second = firmware("second", Reporters::Everybody);
    second.target.from_versions = vec![version("2.0")];
    second.target.resulting_version = Some(version("3.0"));
    second.inspect = vec!["./DevDetail/FwV".into()];

    net.push(&first);
    net.run(ms(2000));
    net.push(&second);
    net.run(ms(2000));

    let (_, package_3) = net.nodes[0].posts.last().unwrap();
    assert_eq!(codes(package_3), [212, 200]);
}
