//! Why a POST has no reply, and whether trying again may help.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The URL is not one that can be posted to.
    #[error("bad URL `{url}`: {reason}")]
    BadUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The content type cannot stand in a header.
    #[error("bad content type `{content_type}`")]
    BadContentType {
        /// The content type.
        content_type: String,
    },
    /// The host's name leads to no address of the wanted family.
    #[error("no address for host `{host}`")]
    Unresolved {
        /// The host.
        host: String,
    },
    /// Nothing listens there.
    #[error("connection to {to} refused")]
    Refused {
        /// The address.
        to: SocketAddr,
    },
    /// The connection ended before the reply was complete.
    #[error("connection ended before the reply was complete")]
    Reset,
    /// The reply did not come in time.
    #[error("no complete reply within {}", humantime::format_duration(*after))]
    TimedOut {
        /// The deadline.
        after: Duration,
    },
    /// The reply's body is longer than is taken.
    #[error("reply is longer than {limit} octets")]
    TooLarge {
        /// The most octets that are taken.
        limit: usize,
    },
    /// The reply is not HTTP.
    #[error("malformed reply: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system refused otherwise, for instance for want of a route.
    #[error("connect to {to}")]
    Unreachable {
        /// The address.
        to: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
}

impl PostError {
    /// Whether the same POST may succeed later: the network's or the server's momentary state is to blame.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unresolved { .. }
            | Self::Refused { .. }
            | Self::Reset
            | Self::TimedOut { .. }
            | Self::Unreachable { .. } => true,
            Self::BadUrl { .. } | Self::BadContentType { .. } | Self::TooLarge { .. } | Self::Malformed { .. } => false,
        }
    }
}

/// Names hyper's error.
pub(super) fn explain(error: &hyper::Error) -> PostError {
    if error.is_parse() {
        return PostError::Malformed { reason: error.to_string() };
    }
    let gone = error.is_incomplete_message() || error.is_canceled() || error.is_closed();
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            // hyper tells a malformed chunk as an error of input or output too.
            return match error.kind() {
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                    PostError::Malformed { reason: error.to_string() }
                }
                _ => PostError::Reset,
            };
        }
        cause = error.source();
    }
    if gone { PostError::Reset } else { PostError::Malformed { reason: error.to_string() } }
}
