//! A vendor's Device in the place of the reference Device.

use std::collections::BTreeMap;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::instance::Instance;
use super::subject::ProcessSubject;
use crate::adapter::{DeviceStimulus, DeviceVerb, Listen, QueryDevice, Stimulate};
use crate::spec::NodeUri;
use crate::subject::{Claim, DeviceBrief, DeviceInstance, DeviceSubject, Stimulus, SubjectError};

impl DeviceSubject for ProcessSubject {
    fn open(&self, brief: DeviceBrief) -> LocalBoxFuture<'_, Result<Box<dyn DeviceInstance>, SubjectError>> {
        async move {
            let instance =
                Instance::prepare(&self.adapter, &brief.name, &brief.name, &brief.folder, brief.clock).await?;
            let open = brief.to_open(instance.name.clone());
            let (instance, _) = instance.open(open).await?;
            Ok(Box::new(Device { instance }) as Box<dyn DeviceInstance>)
        }
        .boxed_local()
    }
}

/// A Device that is open.
struct Device {
    instance: Instance<DeviceVerb>,
}

impl DeviceInstance for Device {
    fn listen(&self) -> LocalBoxFuture<'_, Result<(), SubjectError>> {
        let listen = Listen { instance: self.instance.name.clone() };
        async move { self.instance.ask("listen", listen).await.map(drop) }.boxed_local()
    }

    fn stimulate(&self, stimulus: Stimulus) -> LocalBoxFuture<'_, Result<(), SubjectError>> {
        async move {
            let is_answer = matches!(stimulus, Stimulus::Answer(..));
            let stimulus = DeviceStimulus::from(&stimulus);
            let kind = serde_json::to_value(&stimulus).ok();
            let kind = kind.and_then(|value| value["kind"].as_str().map(str::to_owned)).unwrap_or_default();
            let ask = Stimulate { instance: self.instance.name.clone(), stimulus };
            match self.instance.ask(&format!("stimulus `{kind}`"), ask).await {
                // Where no question stands, either answer is right.
                Err(SubjectError::Declined { .. }) if is_answer => Ok(()),
                said => said.map(drop),
            }
        }
        .boxed_local()
    }

    fn look_inside(
        &self,
        nodes: Vec<NodeUri>,
    ) -> LocalBoxFuture<'_, Result<BTreeMap<NodeUri, Option<String>>, SubjectError>> {
        async move {
            let query = QueryDevice { instance: self.instance.name.clone(), nodes: nodes.into_iter().collect() };
            self.instance.ask("query", query).await.map(|values| values.nodes)
        }
        .boxed_local()
    }

    fn claims(&self) -> Vec<Claim> {
        self.instance.claims()
    }

    fn kernel_drops(&self) -> u64 {
        self.instance.kernel_drops()
    }

    fn trouble(&self) -> Option<String> {
        None
    }

    fn excuse(&self) -> Option<String> {
        self.instance.excuse()
    }

    fn faults(&self) -> Vec<String> {
        self.instance.faults()
    }

    fn end(self: Box<Self>) -> LocalBoxFuture<'static, Vec<String>> {
        self.instance.end().boxed_local()
    }
}
