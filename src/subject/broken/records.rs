//! Whom a DM Server believes, and what it writes down.

use crate::provider::Proof;
use crate::spec::CampaignId;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "provider.believes-everybody",
        description: "Takes a report from whoever sends it, with whatever credential.",
        requirements: &["FU-P-2"],
        caught_by: "record.outcome",
        conduct: ConductOf::Provider(|| Box::new(BelievesEverybody)),
    },
    Deviation {
        name: "provider.cares-for-strangers",
        description: "Cares for a Device that could not prove who it is.",
        requirements: &["SC-NF-6"],
        caught_by: "care.addressees",
        conduct: ConductOf::Provider(|| Box::new(CaresForStrangers)),
    },
    Deviation {
        name: "provider.takes-silence-for-success",
        description: "Records every Device that stayed silent as successful.",
        requirements: &["FU-P-2"],
        caught_by: "record.outcome",
        conduct: ConductOf::Provider(|| Box::new(TakesSilenceForSuccess)),
    },
    Deviation {
        name: "provider.files-under-the-newest-campaign",
        description: "Records every report under the campaign that was broadcast last.",
        requirements: &["FU-P-2"],
        caught_by: "record.outcome",
        conduct: ConductOf::Provider(|| Box::new(FilesUnderNewest)),
    },
    Deviation {
        name: "provider.takes-no-next-step",
        description: "Does nothing more when a process of care has failed.",
        requirements: &["SC-POST-1"],
        caught_by: "setting.value",
        conduct: ConductOf::Provider(|| Box::new(TakesNoNextStep)),
    },
    Deviation {
        name: "provider.takes-care-for-cure",
        description: "Takes a Device for restored without a look at the statuses of its care.",
        requirements: &["SC-POST-1"],
        caught_by: "record.outcome",
        conduct: ConductOf::Provider(|| Box::new(TakesCareForCure)),
    },
    Deviation {
        name: "provider.repeats-answered-care",
        description: "Gives the commands of care again in the same session, though the Device has carried them out.",
        requirements: &["SC-NF-6"],
        caught_by: "care.addressees",
        conduct: ConductOf::Provider(|| Box::new(RepeatsCare)),
    },
];

broken_provider!(BelievesEverybody {
    fn believes(&self, _: Proof) -> bool {
        true
    }
});
broken_provider!(CaresForStrangers {
    fn believes(&self, proof: Proof) -> bool {
        proof != Proof::Missing
    }
});
broken_provider!(TakesSilenceForSuccess {
    fn presumes_success(&self) -> bool {
        true
    }
});
broken_provider!(FilesUnderNewest {
    fn belongs_to<'a>(&self, _: &'a CampaignId, newest: &'a CampaignId) -> &'a CampaignId {
        newest
    }
});
broken_provider!(TakesNoNextStep {
    fn takes_next_step(&self) -> bool {
        false
    }
});
broken_provider!(TakesCareForCure {
    fn is_restored(&self, _: bool) -> bool {
        true
    }
});
broken_provider!(RepeatsCare {
    fn gives_again(&self, _: bool) -> bool {
        true
    }
});
