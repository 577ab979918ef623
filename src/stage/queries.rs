//! What vendors' Devices say of their management trees when their adapters are asked, beside what they answer over DM.
//!
//! No check rests on it. But an adapter that says another thing than the Device answers cannot be believed where nothing but
//! its word is to be had.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::roll_call::ALWAYS_READ;
use super::{Running, Stage, StageError};
use crate::findings::{Authority, Observation};
use crate::judge::{Word, contradictions};
use crate::spec::NodeUri;

/// Devices of a scenario that are asked: an adapter has more to do than to answer.
const MOST_ASKED: usize = 20;
/// What grows while nobody looks.
const CHANGES: &str = "./StatusLog";

impl Stage {
    /// Asks vendors' Devices for the nodes that the last roll call read of them, if it still speaks for the present.
    pub(super) async fn ask_inside(&mut self) {
        // What goes wrong here leaves only this unsaid; an adapter that breaks the protocol is blamed anyway.
        let words = self.inside().await.unwrap_or_default();
        if let Some(running) = &mut self.running {
            running.said_inside(words);
        }
    }

    async fn inside(&mut self) -> Result<Vec<Word>, StageError> {
        let running = self.running()?;
        let Some(fence) = self.current_roll_call.clone().filter(|_| self.all_answered && running.asks_devices()) else {
            return Ok(Vec::new());
        };
        let (named, strangers) = (&self.brief()?.nodes, self.strangers());
        let nodes: BTreeSet<&str> = ALWAYS_READ.into_iter().chain(named.iter().map(String::as_str)).collect();
        let nodes: Vec<NodeUri> =
            nodes.into_iter().filter(|node| *node != CHANGES).filter_map(|node| NodeUri::new(node).ok()).collect();
        let able = self.answering().into_iter().filter(|name| !strangers.contains(name));
        let devices: Vec<String> = able.take(MOST_ASKED).collect();
        let at_ms = running.clock.now().since(running.started).as_secs_f64() * 1e3;
        let mut words = running.ask(&devices, &nodes, &fence).await;
        let is_borne_out = contradictions(&words, &running.recorder.timeline()).is_empty();
        self.observations.extend(words.iter().filter_map(|word| observation(word, at_ms)));
        if is_borne_out {
            return Ok(words);
        }
        // An installation may have ended between answer and question: then what is answered next is what was said.
        self.current_roll_call = None;
        let again = self.roll_call().await?;
        for word in &mut words {
            if let Word::Inside { fences, .. } = word {
                fences.push(again.clone());
            }
        }
        Ok(words)
    }
}

impl Running {
    async fn ask(&self, devices: &[String], nodes: &[NodeUri], fence: &str) -> Vec<Word> {
        let ask = |name: &String| {
            let (name, nodes) = (name.clone(), nodes.to_vec());
            async move { Some((name.clone(), self.device(&name).ok()?.look_inside(nodes).await.ok()?)) }
        };
        let said = join_all(devices.iter().map(ask)).await.into_iter().flatten();
        let words = said.flat_map(|(device, values)| {
            values.into_iter().filter(|(node, _)| nodes.contains(node)).map(move |(node, value)| Word::Inside {
                device: device.clone(),
                node: node.to_string(),
                value,
                fences: vec![fence.to_owned()],
            })
        });
        words.collect()
    }
}

fn observation(word: &Word, at_ms: f64) -> Option<Observation> {
    let Word::Inside { device, node, value, .. } = word else { return None };
    let value = value.clone().unwrap_or_else(|| "no such node".to_owned());
    Some(Observation { at_ms, authority: Authority::Claim, what: format!("Device {device}, {node}"), value })
}
