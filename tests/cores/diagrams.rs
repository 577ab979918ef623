//! The state diagrams of FUMO and SCOMO: the reference Device makes every transition of the profile, and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use castproof::device::{Event, LocalCondition, Storage};
use castproof::provider::{CampaignPlan, CommandPlan, Content, PACKAGE_URL};
use castproof::spec::{ComponentId, Reporters, Target};
use castproof::wire::mo::fumo;
use castproof::wire::mo::scomo::{self, Operation};
use castproof::wire::syncml::{Command, Exec, Group, Item, Items};

use crate::failures::lose;
use crate::harness::*;

pub(crate) fn exec(node: &str) -> Command {
    Command::Exec(Exec { cmd_id: 0, correlator: None, item: Item::for_target(node) })
}

pub(crate) fn set(node: &str, value: &str) -> Command {
    Command::Replace(Items { cmd_id: 0, items: vec![Item::text(node, value)] })
}

fn set_package() -> Command {
    let mut item = Item::text(fumo::UPDATE_PKG_DATA, BASE64.encode(image()));
    item.meta.format = Some("bin".into());
    Command::Replace(Items { cmd_id: 0, items: vec![item] })
}

/// A Command for the firmware, without what is usually in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    DownloadAndUpdate,
    Download,
    Update,
    DownloadThenUpdate,
    PackageInside,
    /// An update, and then one of nothing.
    AtomicWithABadEnd,
    /// An update from a package that nobody announced.
    AtomicWithABadUrl,
    /// A download, and then an update of nothing.
    AtomicDownloadWithABadEnd,
    /// An update of nothing, and then one that works.
    SequenceWithABadBeginning,
}

impl Shape {
    const ALL: [Self; 9] = [
        Self::DownloadAndUpdate,
        Self::Download,
        Self::Update,
        Self::DownloadThenUpdate,
        Self::PackageInside,
        Self::AtomicWithABadEnd,
        Self::AtomicWithABadUrl,
        Self::AtomicDownloadWithABadEnd,
        Self::SequenceWithABadBeginning,
    ];

    fn commands(self) -> Vec<Command> {
        let both = || vec![set(fumo::DOWNLOAD_AND_UPDATE_PKG_URL, PACKAGE_URL), exec(fumo::DOWNLOAD_AND_UPDATE)];
        let download = || vec![set(fumo::DOWNLOAD_PKG_URL, PACKAGE_URL), exec(fumo::DOWNLOAD)];
        let update = || vec![exec(fumo::UPDATE)];
        let atomic = |commands| vec![Command::Atomic(Group { cmd_id: 0, commands })];
        match self {
            Self::DownloadAndUpdate => both(),
            Self::Download => download(),
            Self::Update => update(),
            Self::DownloadThenUpdate => [download(), update()].concat(),
            Self::PackageInside => [vec![set_package()], update()].concat(),
            Self::AtomicWithABadEnd => atomic([both(), update()].concat()),
            Self::AtomicWithABadUrl => {
                let url = set(fumo::DOWNLOAD_AND_UPDATE_PKG_URL, "http://sp.example/nowhere.bin");
                atomic(vec![url, exec(fumo::DOWNLOAD_AND_UPDATE)])
            }
            Self::AtomicDownloadWithABadEnd => atomic([download(), update(), update()].concat()),
            Self::SequenceWithABadBeginning => {
                vec![Command::Sequence(Group { cmd_id: 0, commands: [update(), both()].concat() })]
            }
        }
    }

    fn plan(self, name: &str, resulting: &str) -> CampaignPlan {
        let needs_package = !matches!(self, Self::Update | Self::PackageInside);
        let octets = if needs_package { image() } else { Arc::from([]) };
        CampaignPlan {
            target: Target { resulting_version: Some(version(resulting)), ..Target::default() },
            command: CommandPlan { commands: Some(self.commands()), ..CommandPlan::default() },
            ..plan(name, Content::Firmware(octets), Reporters::Everybody)
        }
    }
}

/// What is wrong with the Device, or with its reception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    LossOfASymbol,
    FullStorage,
    FailingInstaller,
    NoRoomToInstall,
}

impl Trouble {
    const ALL: [Self; 5] =
        [Self::None, Self::LossOfASymbol, Self::FullStorage, Self::FailingInstaller, Self::NoRoomToInstall];

    fn befall(self, net: &mut Net) {
        net.air = Box::new(|_, _, octets| Some(octets.to_vec()));
        if self == Self::LossOfASymbol {
            lose(net, 2, 3);
        }
        let device = net.nodes[0].device();
        device.set_condition(LocalCondition::StorageFull(self == Self::FullStorage));
        device.set_condition(LocalCondition::InstallerFails(self == Self::FailingInstaller));
        device.set_condition(LocalCondition::NoRoomToInstall(self == Self::NoRoomToInstall));
    }
}

/// The transitions of FUMO that one Device makes, one campaign after the other, and the results that it comes to.
fn walk(campaigns: &[Step]) -> (Vec<(u8, u8)>, Vec<u16>) {
    let mut net = Net::new(1);
    for (number, (shape, trouble, resulting)) in campaigns.iter().enumerate() {
        trouble.befall(&mut net);
        net.push(&shape.plan(&format!("campaign-{number}"), resulting));
        net.run(ms(2000));
        // State 50 says that a package waits, and no other state does.
        let is_ready = net.nodes[0].device().node(fumo::STATE).as_deref() == Some("50");
        let state = net.nodes[0].storage.read("state.json").unwrap().unwrap();
        let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
        assert_eq!(!state["staged"].is_null(), is_ready, "{campaigns:?}: {state}");
    }
    let entered = net.nodes[0].events.iter().filter_map(|(_, event)| match event {
        Event::FirmwareState(state) => Some(state.number()),
        _ => None,
    });
    let states: Vec<u8> = std::iter::once(10).chain(entered).collect();
    let shown = net.nodes[0].device().node(fumo::STATE);
    assert_eq!(shown, states.last().map(ToString::to_string), "{campaigns:?}");
    (states.windows(2).map(|pair| (pair[0], pair[1])).collect(), net.nodes[0].results())
}

#[test]
fn a_package_that_cannot_be_kept_for_an_update_is_no_package_that_waits() {
    let mut net = Net::new(1);
    let mut plan = Shape::Download.plan("two-steps", "2.0");
    plan.rollout.not_before = Some(START + ms(3000));

    net.push(&plan);
    // By now it has been received, and is not yet carried out.
    net.run(ms(2000));
    net.nodes[0].device().set_condition(LocalCondition::StorageFull(true));
    net.run(ms(4000));

    assert_eq!(net.nodes[0].results(), [501]);
    assert_eq!(net.nodes[0].device().node(fumo::STATE).unwrap(), "20");
}

const FINE: Trouble = Trouble::None;

/// A Command, what goes wrong, and the version that the announcement names.
type Step = (Shape, Trouble, &'static str);

/// The diagram of FUMO (profile section 5.5): from, to, and campaigns in which a Device goes that way.
const FUMO: &[(u8, u8, &[Step])] = &[
    (10, 30, &[(Shape::DownloadAndUpdate, FINE, "2.0")]),
    (10, 50, &[(Shape::PackageInside, FINE, "2.0")]),
    (30, 40, &[(Shape::Download, FINE, "2.0")]),
    (30, 20, &[(Shape::DownloadAndUpdate, Trouble::LossOfASymbol, "2.0")]),
    (40, 50, &[(Shape::Download, FINE, "2.0")]),
    (50, 60, &[(Shape::Download, FINE, "2.0"), (Shape::Update, FINE, "2.0")]),
    (50, 10, &[(Shape::Download, FINE, "2.0"), (Shape::DownloadAndUpdate, FINE, "2.0")]),
    (60, 90, &[(Shape::DownloadAndUpdate, FINE, "2.0")]),
    (60, 70, &[(Shape::DownloadAndUpdate, Trouble::FailingInstaller, "2.0")]),
    (70, 80, &[(Shape::DownloadAndUpdate, Trouble::NoRoomToInstall, "2.0")]),
    (90, 100, &[(Shape::DownloadThenUpdate, FINE, "2.0")]),
    (20, 10, &[(Shape::Download, Trouble::FullStorage, "2.0"), (Shape::Download, FINE, "2.0")]),
    (80, 10, &[(Shape::PackageInside, Trouble::FailingInstaller, "2.0"), (Shape::PackageInside, FINE, "2.0")]),
    (100, 10, &[(Shape::DownloadAndUpdate, FINE, "2.0"), (Shape::DownloadAndUpdate, FINE, "3.0")]),
    // An Atomic is taken back, and what waited before it waits again.
    (100, 50, &[(Shape::Download, FINE, "2.0"), (Shape::AtomicWithABadEnd, FINE, "2.0")]),
    (20, 50, &[(Shape::Download, FINE, "2.0"), (Shape::AtomicWithABadUrl, FINE, "2.0")]),
    (80, 50, &[(Shape::Download, FINE, "2.0"), (Shape::AtomicWithABadEnd, Trouble::FailingInstaller, "2.0")]),
];

#[test]
fn every_transition_of_the_diagram_of_fumo_is_made() {
    for (from, to, campaigns) in FUMO {
        let (transitions, _) = walk(campaigns);

        assert!(transitions.contains(&(*from, *to)), "{from} to {to} is not among {transitions:?}");
    }
}

#[test]
fn no_other_transition_is_made_whatever_command_comes_after_which_and_whatever_goes_wrong() {
    let diagram: BTreeSet<(u8, u8)> = FUMO.iter().map(|(from, to, _)| (*from, *to)).collect();
    let one_of = |resulting| {
        Shape::ALL.into_iter().flat_map(move |shape| Trouble::ALL.map(|trouble| (shape, trouble, resulting)))
    };
    let results = crate::codes::fumo_codes();
    let mut made = BTreeSet::new();
    for first in one_of("2.0") {
        // What was downloaded before is installed by a Command for the same version.
        for second in one_of(if first.0 == Shape::Download { "2.0" } else { "3.0" }) {
            let (transitions, codes) = walk(&[first, second]);

            let wrong = transitions.iter().find(|transition| !diagram.contains(transition));
            assert_eq!(wrong, None, "{first:?}, then {second:?}: {transitions:?}");
            assert!(codes.iter().all(|code| results.contains(code)), "{first:?}, then {second:?}: {codes:?}");
            made.extend(transitions);
        }
    }
    assert_eq!(made, diagram);
}

/// What there is of a component on a Device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deployed {
    No,
    Inactive,
    Active,
}

/// A component: what is deployed, and whether a package is delivered.
type Place = (Deployed, bool);

/// The rows of SCOMO (profile section 4.3): where a component is after an operation, and the result.
fn after(operation: Operation, (deployed, is_delivered): Place) -> (Place, u16) {
    use Deployed::{Active, Inactive, No};
    let here = (deployed, is_delivered);
    match (operation, deployed, is_delivered) {
        (Operation::Download, ..) => ((deployed, true), 1200),
        (Operation::DownloadInstall, ..) => ((Active, is_delivered), 1200),
        (Operation::DownloadInstallInactive, ..) => ((Inactive, is_delivered), 1200),
        (Operation::Install, _, true) => ((Active, false), 1200),
        (Operation::InstallInactive, _, true) => ((Inactive, false), 1200),
        (Operation::Install | Operation::InstallInactive, _, false) => (here, 1405),
        (Operation::RemovePackage, _, true) => ((deployed, false), 1200),
        (Operation::RemovePackage, _, false) | (Operation::Remove, No, _) => (here, 1408),
        (Operation::Activate, No, _) => (here, 1409),
        (Operation::Activate, ..) => ((Active, is_delivered), 1200),
        (Operation::Deactivate, No, _) => (here, 1410),
        (Operation::Deactivate, ..) => ((Inactive, is_delivered), 1200),
        (Operation::Remove, ..) => ((No, is_delivered), 1200),
    }
}

fn browser() -> ComponentId {
    ComponentId::new("browser").unwrap()
}

/// A campaign that executes one operation; with a package where the operation downloads one.
pub(crate) fn component_plan(name: &str, operation: Operation, resulting: &str) -> CampaignPlan {
    let node = format!("{}/browser/Operations/{}", operation.root(), operation.name());
    let downloads = operation.root() == scomo::DOWNLOAD;
    let url = downloads.then(|| set(&scomo::package_url(&browser()), PACKAGE_URL));
    let installs = downloads || matches!(operation, Operation::Install | Operation::InstallInactive);
    let octets = if downloads { image() } else { Arc::from([]) };
    CampaignPlan {
        target: Target {
            component: Some(browser()),
            resulting_version: installs.then(|| version(resulting)),
            ..Target::default()
        },
        command: CommandPlan {
            commands: Some(url.into_iter().chain([exec(&node)]).collect()),
            ..CommandPlan::default()
        },
        ..plan(name, Content::Software(browser(), octets), Reporters::Everybody)
    }
}

/// A Device with a component in this place: what is deployed has version 1.0, what is delivered 2.0.
fn placed((deployed, is_delivered): Place) -> Net {
    let mut net = Net::new(1);
    let deploying = match deployed {
        Deployed::No => None,
        Deployed::Inactive => Some(Operation::DownloadInstallInactive),
        Deployed::Active => Some(Operation::DownloadInstall),
    };
    let delivering = is_delivered.then_some(Operation::Download);
    for (operation, resulting) in
        deploying.map(|one| (one, "1.0")).into_iter().chain(delivering.map(|one| (one, "2.0")))
    {
        net.push(&component_plan(operation.name(), operation, resulting));
        net.run(ms(2000));
    }
    net
}

fn place(net: &mut Net) -> Place {
    let device = net.nodes[0].device();
    let deployed = match device.node("./SCOMO/Inventory/Deployed/browser/State").as_deref() {
        None => Deployed::No,
        Some("10") => Deployed::Inactive,
        Some("20") => Deployed::Active,
        Some(other) => panic!("a State {other} of a component"),
    };
    (deployed, device.node("./SCOMO/Inventory/Delivered/browser/State").is_some())
}

#[test]
fn every_operation_of_scomo_leads_from_every_place_to_the_one_that_its_row_names() {
    let deployed = [Deployed::No, Deployed::Inactive, Deployed::Active];
    let places: Vec<Place> = deployed.into_iter().flat_map(|one| [(one, false), (one, true)]).collect();
    let mut codes: BTreeMap<u16, usize> = BTreeMap::new();
    for before in &places {
        for operation in Operation::ALL {
            let mut net = placed(*before);
            assert_eq!(place(&mut net), *before);

            // A package that is delivered is installed in its own version.
            let resulting = if operation.root() == scomo::DOWNLOAD { "3.0" } else { "2.0" };
            net.push(&component_plan("tried", operation, resulting));
            net.run(ms(2000));

            let (expected, code) = after(operation, *before);
            assert_eq!(place(&mut net), expected, "{operation:?} from {before:?}");
            assert_eq!(net.nodes[0].results().last(), Some(&code), "{operation:?} from {before:?}");
            *codes.entry(code).or_default() += 1;
        }
    }
    assert_eq!(codes, BTreeMap::from([(1200, 39), (1405, 6), (1408, 5), (1409, 2), (1410, 2)]));
}

#[test]
fn an_operation_of_scomo_that_fails_leaves_the_component_where_it_was() {
    let installing = [Operation::Download, Operation::DownloadInstall, Operation::DownloadInstallInactive];
    for before in [(Deployed::No, false), (Deployed::Inactive, true), (Deployed::Active, false)] {
        for operation in installing {
            for trouble in [Trouble::LossOfASymbol, Trouble::FullStorage] {
                let mut net = placed(before);
                trouble.befall(&mut net);

                net.push(&component_plan("tried", operation, "3.0"));
                net.run(ms(2000));

                let code = if trouble == Trouble::FullStorage { 1404 } else { 1402 };
                assert_eq!(net.nodes[0].results().last(), Some(&code), "{operation:?}, {trouble:?}");
                assert_eq!(place(&mut net), before, "{operation:?}, {trouble:?}");
            }
        }
        for operation in [Operation::DownloadInstall, Operation::DownloadInstallInactive] {
            for (trouble, code) in [(Trouble::FailingInstaller, 1405), (Trouble::NoRoomToInstall, 1406)] {
                let mut net = placed(before);
                trouble.befall(&mut net);

                net.push(&component_plan("tried", operation, "3.0"));
                net.run(ms(2000));

                assert_eq!(net.nodes[0].results().last(), Some(&code), "{operation:?}, {trouble:?}");
                assert_eq!(place(&mut net), before, "{operation:?}, {trouble:?}");
            }
        }
    }
}
