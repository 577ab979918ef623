//! What every implementation of a role must do: implied by the role, and no capability.

use super::Role;

/// Something that every implementation of a role does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mandatory {
    /// Its name, as a profile may repeat it.
    pub name: &'static str,
    /// What it means, in the words of the wire profile.
    pub means: &'static str,
}

const fn item(name: &'static str, means: &'static str) -> Mandatory {
    Mandatory { name, means }
}

const DEVICE: [Mandatory; 8] = [
    item(
        "notification",
        "it takes notifications over IPv4 multicast and joins a delivery only for what is meant for it",
    ),
    item("trust", "it acts on signed and fresh campaigns of its own Service Provider only"),
    item("flute", "it receives FLUTE of version 1 and of version 2, with FEC Encoding ID 0"),
    item("firmware-update", "it carries out FUMO DownloadAndUpdate and survives a loss of power"),
    item("provisioning", "it carries out provisioning Commands on its settings"),
    item("exception-schedule", "it does what the most specific rule of an exception schedule says"),
    item("reporting", "it reports whom, what and when the campaign asks, spread by a random delay"),
    item("dm-session", "it opens DM sessions over HTTP in XML with MD5 authentication"),
];

const PROVIDER: [Mandatory; 6] = [
    item("notification", "it sends notifications over IPv4 multicast before and while a campaign is on the air"),
    item("trust", "it signs its campaigns and numbers them upwards, also after a restart"),
    item("flute", "it sends FLUTE of one version, with FEC Encoding ID 0, as a carousel"),
    item("dm-server", "it answers DM sessions over HTTP in XML with MD5 authentication"),
    item("results", "it keeps a result for each Device, and takes silence for unknown"),
    item("care", "it cares for the Devices that reported a failure, and for no other"),
];

impl Mandatory {
    /// The mandatory set of a role; nothing for the system of both.
    pub fn of(role: Role) -> &'static [Self] {
        match role {
            Role::Device => &DEVICE,
            Role::Provider => &PROVIDER,
            Role::System => &[],
        }
    }
}
