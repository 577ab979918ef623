//! What passed on the wire: recorded, written down, and told in words.
//!
//! Rank 3, pure but for the reader and writer that [`pcapng`] is handed. A [`Recording`] holds the frames of one scenario
//! in lanes; [`pcapng`] stores it and takes in foreign captures; [`tcp`] and [`http`] put the interaction channel
//! together again. A [`Timeline`] says what the frames mean, a [`Transcript`] says it in words, and [`compare()`] finds
//! where two transcripts depart. Whether what was seen is right is not decided here but by the judge.

mod broadcast_words;
mod cast;
mod channels;
mod commands;
pub mod compare;
pub mod conversation;
mod decode_as;
mod dm_over_http;
mod dm_words;
pub mod facts;
mod fdt_assembly;
mod fragments;
mod growing;
mod headers;
pub mod http;
mod http_head;
mod http_parser;
mod http_seek;
pub mod keys;
mod link;
mod pcap_times;
pub mod pcapng;
mod raw;
pub mod reader;
pub mod recording;
mod redaction;
#[cfg(test)]
mod samples;
mod sections;
pub mod sight;
pub mod tcp;
mod tcp_flow;
mod teller;
pub mod telling;
pub mod timeline;
pub mod transcript;

pub use compare::{Departure, Difference, OrderRule, compare};
pub use conversation::{Conversation, Side};
pub use growing::GrowingFile;
pub use keys::Keys;
pub use pcapng::CaptureError;
pub use raw::RawFile;
pub use reader::{CaptureReader, Piece};
pub use recording::{Frame, Lane, LaneId, Packet, Recording, SkippedPacket, TcpFlags};
pub use sight::{Caller, Fault, Notification, Sight, Sighting};
pub use tcp::Ending;
pub use teller::Told;
pub use telling::{Record, Tale, Telling, transcript_schema};
pub use timeline::{DmMessage, DmSession, Timeline};
pub use transcript::{Line, Page, Shown, Transcript, TranscriptOptions};
