//! What Then sentences do: ask the judge, behind a roll call where a later event or a Device's state is needed.

use std::time::Duration;

use crate::capture::Timeline;
use crate::judge::{Check, HANDS, attempts_made, peak_bound};

use super::{LinkRule, PATIENCE, Stage, StageError, TOLERANCE};

/// Delays after overload answers from which a rule can be told from chance.
const ENOUGH_DRAWS: usize = 28;

impl Stage {
    async fn read_node(&mut self, id: &str, devices: &[String], node: &str, value: &str) -> Result<(), StageError> {
        let (id, devices, node, value) = (id.to_owned(), devices.to_vec(), node.to_owned(), value.to_owned());
        self.read(move |fence| Check::Reading {
            id: id.clone(),
            devices: devices.clone(),
            node: node.clone(),
            value: value.clone(),
            fence,
        })
        .await
    }

    /// Devices run this firmware.
    pub async fn run_firmware(&mut self, devices: &[String], version: &str) -> Result<(), StageError> {
        self.read_node("firmware.version", devices, "./DevDetail/FwV", version).await
    }

    /// About so many percent of Devices run this firmware.
    pub async fn share_runs_firmware(
        &mut self,
        percent: u16,
        devices: &[String],
        version: &str,
    ) -> Result<(), StageError> {
        let (devices, value) = (devices.to_vec(), version.to_owned());
        self.read(move |fence| Check::Share { devices: devices.clone(), percent, value: value.clone(), fence }).await
    }

    /// The DM Server can read nothing of Devices.
    pub async fn cannot_be_read(&mut self, devices: &[String]) -> Result<(), StageError> {
        let fence = self.roll_call().await?;
        self.require(&Check::NothingRead { devices: devices.to_vec(), fence })
    }

    /// Devices run this version of a software component.
    pub async fn run_component(
        &mut self,
        devices: &[String],
        component: &str,
        version: &str,
    ) -> Result<(), StageError> {
        let node = format!("./SCOMO/Inventory/Deployed/{component}/Version");
        self.read_node("component.version", devices, &node, version).await
    }

    /// A node of Devices has this value.
    pub async fn node_reads(&mut self, devices: &[String], node: &str, value: &str) -> Result<(), StageError> {
        let id = if node.starts_with("./Settings/") { "setting.value" } else { "node.value" };
        self.read_node(id, devices, node, value).await
    }

    /// Devices have no such node.
    pub async fn lack_node(&mut self, devices: &[String], node: &str) -> Result<(), StageError> {
        let (devices, node) = (devices.to_vec(), node.to_owned());
        self.read(move |fence| Check::NoNode { devices: devices.clone(), node: node.clone(), fence }).await
    }

    /// A Device's status log holds a campaign with a result.
    pub async fn have_logged(&mut self, device: &str, campaign: &str, code: u16) -> Result<(), StageError> {
        let (device, campaign) = (device.to_owned(), campaign.to_owned());
        self.read(move |fence| Check::LogEntry { device: device.clone(), campaign: campaign.clone(), code, fence })
            .await
    }

    /// Devices send no report.
    pub async fn stay_silent(&mut self, devices: &[String]) -> Result<(), StageError> {
        let fence = self.roll_call().await?;
        let able = self.answering();
        let own: Vec<String> = able.iter().filter(|device| devices.contains(device)).cloned().collect();
        // A Device that cannot answer, being off or a stranger, is vouched for by those that can.
        let fenced = if own.len() == devices.len() { own } else { able };
        self.require(&Check::NoReport { devices: devices.to_vec(), fenced, fence })
    }

    /// Devices send exactly so many reports, in the form of the profile.
    pub async fn send_reports(&mut self, devices: &[String], count: usize) -> Result<(), StageError> {
        let fence = self.roll_call_after_reports(devices, count).await?;
        self.require(&Check::ReportCount { devices: devices.to_vec(), count, fence: fence.clone() })?;
        self.require(&Check::ReportForm { devices: devices.to_vec(), fence })
    }

    /// The report of a Device carries a result.
    pub async fn report_result(&mut self, device: &str, code: u16) -> Result<(), StageError> {
        let fence = self.roll_call_after_reports(&[device.to_owned()], 1).await?;
        self.require(&Check::ReportResult { device: device.to_owned(), code, fence })
    }

    /// The report of a Device names a failing node.
    pub async fn report_node(&mut self, device: &str, node: &str, status: u16) -> Result<(), StageError> {
        let fence = self.roll_call_after_reports(&[device.to_owned()], 1).await?;
        self.require(&Check::ReportNode { device: device.to_owned(), node: node.to_owned(), status, fence })
    }

    /// The reports of Devices arrive inside a window after the end of transmission.
    pub async fn report_within(
        &mut self,
        devices: &[String],
        earliest: Duration,
        latest: Duration,
    ) -> Result<(), StageError> {
        let fence = self.roll_call_after_reports(devices, 1).await?;
        // Held-up timers are the host's doing: a message passes three hands before it is recorded.
        let lab = &self.running()?.lab;
        let (earliest, latest) = (lab.span(earliest), lab.span(latest));
        let tolerance = lab.span(TOLERANCE) + self.running()?.lag() * HANDS;
        self.require(&Check::ReportWindow { devices: devices.to_vec(), earliest, latest, tolerance, fence })
    }

    /// The delays of the reports differ.
    pub async fn reports_differ(&mut self, devices: &[String]) -> Result<(), StageError> {
        let fence = self.roll_call_after_reports(devices, 1).await?;
        let windows = self.running()?.broadcasted.iter().map(|entry| entry.window);
        let window = windows.max().unwrap_or_default();
        let lag = self.running()?.lag_of_reports();
        self.require(&Check::ReportSpread { devices: devices.to_vec(), window, lag, fence })
    }

    /// Devices make exactly so many attempts to report, each when it is due; after overload answers they draw anew.
    pub async fn attempt_reports(&mut self, devices: &[String], count: usize) -> Result<(), StageError> {
        self.attempts_come(devices, count).await?;
        let fence = self.roll_call().await?;
        self.require(&Check::ReportAttempts { devices: devices.to_vec(), count, fence })?;
        let running = self.running()?;
        let lag = running.lag();
        let tolerance = running.lab.span(TOLERANCE) + lag * HANDS;
        let retry = running.broadcasted.iter().map(|entry| entry.retry_interval).max().unwrap_or_default();
        let window = running.broadcasted.iter().map(|entry| entry.window).max().unwrap_or_default();
        self.require(&Check::ReportRetry { devices: devices.to_vec(), retry, window, tolerance })?;
        let overloaded = self.script.devices.iter().filter(|device| devices.contains(&device.name));
        let answers = overloaded.filter(|device| device.link.is_some_and(LinkRule::is_overload)).count() * (count - 1);
        if answers < ENOUGH_DRAWS {
            return Ok(());
        }
        self.require(&Check::ReportRedraw { devices: devices.to_vec(), retry, window, lag })
    }

    /// Waits until those of these Devices that cannot log on have made so many attempts to report: at the roll call others
    /// vouch for them, and each of their pauses begins when the attempt before it has failed, so a busy host adds to all
    /// of them. That attempts are too few is for the judge to say.
    async fn attempts_come(&mut self, devices: &[String], count: usize) -> Result<(), StageError> {
        let strangers: Vec<String> = self.strangers().into_iter().filter(|name| devices.contains(name)).collect();
        if strangers.is_empty() {
            return Ok(());
        }
        self.open().await?;
        let all_made = |timeline: &Timeline| strangers.iter().all(|name| attempts_made(timeline, name) >= count);
        match self.running()?.until("attempts to report", PATIENCE, |_, seen| all_made(seen).then_some(())).await {
            Ok(()) | Err(StageError::OutOfTime { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// No more than so many reports of Devices arrive within any span.
    pub async fn report_rate(&mut self, devices: &[String], most: usize, span: Duration) -> Result<(), StageError> {
        let fence = self.roll_call_after_reports(devices, 1).await?;
        let running = self.running()?;
        let window = running.broadcasted.iter().map(|entry| entry.window).max().unwrap_or_default();
        let bound = peak_bound(devices.len(), window, span);
        if most < bound {
            let count = devices.len();
            let reason =
                format!("{most} is less than the {bound} that chance may bring of {count} Devices in that time");
            return Err(StageError::Unprepared(reason));
        }
        let lag = running.lag_of_reports();
        self.require(&Check::ReportRate { devices: devices.to_vec(), most, span, window, lag, fence })
    }

    /// Of all Devices only these join the delivery channel.
    pub fn only_members(&mut self, joining: &[String]) -> Result<(), StageError> {
        let names = self.script.devices.iter().map(|device| device.name.clone());
        let staying_away = names.filter(|name| !joining.contains(name)).collect();
        self.require(&Check::Membership { joining: joining.to_vec(), staying_away })
    }

    /// A campaign is never on the air.
    pub async fn never_on_air(&mut self, campaign: &str) -> Result<(), StageError> {
        let fence = self.roll_call().await?;
        let broadcasted = self.running()?.broadcasted.iter().map(|entry| entry.campaign.to_string()).collect();
        self.require(&Check::NeverBroadcast { campaign: campaign.to_owned(), broadcasted, fence })
    }

    /// The DM Server cares for exactly these Devices.
    pub async fn cared_for(&mut self, devices: &[String]) -> Result<(), StageError> {
        let fence = self.roll_call().await?;
        self.require(&Check::CareAddressees { devices: devices.to_vec(), fence })
    }

    /// A campaign is on the air so many times, up to a later campaign of the same sender.
    pub async fn on_air(&mut self, campaign: &str, count: usize) -> Result<(), StageError> {
        // At its first closing packet a sender may still have a cycle too many before it.
        self.roll_call().await?;
        self.require(&Check::Repetitions { campaign: campaign.to_owned(), count })?;
        self.require(&Check::BroadcastForm { campaign: campaign.to_owned() })
    }

    /// A campaign takes no more octets on the air than for one Device.
    pub fn octets_on_air(&mut self, campaign: &str) -> Result<(), StageError> {
        let cycles = self.plan(campaign)?.broadcast.repetitions;
        let cycles = usize::try_from(cycles).unwrap_or(usize::MAX);
        self.require(&Check::Octets { campaign: campaign.to_owned(), cycles })
    }

    /// Sequence numbers rise from campaign to campaign.
    pub fn sequence_rises(&mut self) -> Result<(), StageError> {
        self.require(&Check::RisingSequence)
    }

    /// A Device asks its End User so many times.
    pub async fn asked(&mut self, device: &str, times: usize) -> Result<(), StageError> {
        let campaign = self.offered_campaign()?;
        self.roll_call().await?;
        self.require(&Check::Asked { device: device.to_owned(), campaign, times })
    }

    /// Declining is, or is not, offered to the End User.
    pub fn decline_offered(&mut self, device: &str, offered: bool) -> Result<(), StageError> {
        let campaign = self.offered_campaign()?;
        self.require(&Check::DeclineOffered { device: device.to_owned(), campaign, offered })
    }

    fn offered_campaign(&self) -> Result<String, StageError> {
        let last = self.running()?.broadcasted.last().map(|entry| entry.campaign.to_string());
        last.ok_or_else(|| StageError::Unprepared("nothing was offered".into()))
    }

    /// The Service Provider's record of a Device says this.
    pub async fn recorded(&mut self, device: &str, campaign: &str, outcome: &str) -> Result<(), StageError> {
        self.roll_call().await?;
        self.running()?.look_up_records().await?;
        let (device, campaign, outcome) = (device.to_owned(), campaign.to_owned(), outcome.to_owned());
        self.require(&Check::Record { device, campaign, outcome })
    }
}
