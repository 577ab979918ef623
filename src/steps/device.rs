//! Devices: what they do, and what they say.

use cucumber::gherkin::Step;
use cucumber::{then, when};

use super::events::{EventText, SwitchText};
use super::parameters::{CampaignName, DeviceName, DeviceNames, Node, Number, Span, VersionText};
use crate::stage::{Stage, StageError};

#[when(expr = "Device {device} {switch}")]
async fn is_switched(
    stage: &mut Stage,
    device: DeviceName,
    switch: SwitchText,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).switch(&device.0, switch.0).await
}

#[when(expr = "Device {device} {event} while campaign {campaign} is on the air")]
async fn meets_while_on_the_air(
    stage: &mut Stage,
    device: DeviceName,
    event: EventText,
    campaign: CampaignName,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).broadcast_while(&device.0, event.0, &campaign.0).await
}

#[then(expr = "Device(s) {devices} run(s) firmware {version}")]
async fn run_firmware(
    stage: &mut Stage,
    devices: DeviceNames,
    version: VersionText,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).run_firmware(&devices.0, &version.0).await
}

#[then(expr = "about {int} % of Devices {devices} run firmware {version}")]
async fn share_runs_firmware(
    stage: &mut Stage,
    percent: Number,
    devices: DeviceNames,
    version: VersionText,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).share_runs_firmware(percent.0, &devices.0, &version.0).await
}

#[then(expr = "the DM Server can read nothing of Device(s) {devices}")]
async fn is_not_read(stage: &mut Stage, devices: DeviceNames, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).cannot_be_read(&devices.0).await
}

#[then(expr = "Device(s) {devices} run(s) version {version} of the software component {word}")]
async fn run_component(
    stage: &mut Stage,
    devices: DeviceNames,
    version: VersionText,
    component: String,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).run_component(&devices.0, &component, &version.0).await
}

#[then(expr = "the node {node} of Device(s) {devices} reads {word}")]
async fn node_reads(
    stage: &mut Stage,
    node: Node,
    devices: DeviceNames,
    value: String,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).node_reads(&devices.0, &node.0, &value).await
}

#[then(expr = "Device(s) {devices} lack(s) the node {node}")]
async fn lack_node(stage: &mut Stage, devices: DeviceNames, node: Node, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).lack_node(&devices.0, &node.0).await
}

#[then(expr = "the status log of Device {device} holds campaign {campaign} with result {int}")]
async fn have_logged(
    stage: &mut Stage,
    device: DeviceName,
    campaign: CampaignName,
    code: Number,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).have_logged(&device.0, &campaign.0, code.0).await
}

#[then(expr = "only Device(s) {devices} join(s) the delivery channel")]
async fn join(stage: &mut Stage, devices: DeviceNames, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).only_members(&devices.0)
}

#[then(expr = "no Device joins the delivery channel")]
async fn nobody_joins(stage: &mut Stage, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).only_members(&[])
}

#[then(expr = "Device(s) {devices} send(s) no report")]
async fn stay_silent(stage: &mut Stage, devices: DeviceNames, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).stay_silent(&devices.0).await
}

#[then(expr = "Device(s) {devices} send(s) exactly one report")]
async fn report_once(stage: &mut Stage, devices: DeviceNames, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).send_reports(&devices.0, 1).await
}

#[then(expr = "Device(s) {devices} make(s) exactly {int} attempt(s) to report")]
async fn attempt(
    stage: &mut Stage,
    devices: DeviceNames,
    count: Number,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).attempt_reports(&devices.0, count.0.into()).await
}

#[then(expr = "at most {int} reports of Devices {devices} arrive within any {duration}")]
async fn arrive_at_most(
    stage: &mut Stage,
    most: Number,
    devices: DeviceNames,
    span: Span,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).report_rate(&devices.0, most.0.into(), span.0).await
}

#[then(expr = "the report of Device {device} carries result {int}")]
async fn report_carries(
    stage: &mut Stage,
    device: DeviceName,
    code: Number,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).report_result(&device.0, code.0).await
}

#[then(expr = "the report of Device {device} names {node} with status {int}")]
async fn report_names(
    stage: &mut Stage,
    device: DeviceName,
    node: Node,
    status: Number,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).report_node(&device.0, &node.0, status.0).await
}

#[then(expr = "the reports of Devices {devices} arrive {duration} to {duration} after the end of transmission")]
async fn reports_arrive(
    stage: &mut Stage,
    devices: DeviceNames,
    earliest: Span,
    latest: Span,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).report_within(&devices.0, earliest.0, latest.0).await
}

#[then(expr = "the delays of Devices {devices} differ")]
async fn delays_differ(stage: &mut Stage, devices: DeviceNames, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).reports_differ(&devices.0).await
}
