//! Proxies as bytes and values: which there are, whom they are for, in which order they are tried, and what is said to them
//! before a connection through one can be used.
//!
//! Bytes and values in, bytes and values out. Nothing here connects, looks a name up or waits.

pub mod choice;
pub mod connect;
pub mod exemptions;
pub mod server;
pub mod socks;

use zeroize::Zeroizing;

use crate::buffer::Buffer;
use crate::h1::response_head::ResponseHead;

/// What is said to a proxy until it has opened a tunnel, as a machine.
pub trait Dialogue {
    /// The bytes that should go out next.
    fn outgoing(&self) -> &[u8];

    /// So many of them have gone.
    fn sent(&mut self, count: usize);

    /// Uses bytes from the front of `buffer`, and none that come after the proxy's last word. Whether the tunnel is open.
    fn receive(&mut self, buffer: &mut Buffer) -> Result<bool, Failure>;

    /// The proxy has ended the connection; all that it sent before has been received.
    fn end(&self) -> Failure;
}

/// Why there is no tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// An HTTP proxy has refused, with this response.
    Refused(Box<ResponseHead>),
    /// What an HTTP proxy has said is no answer; in words.
    Broken(String),
    /// A SOCKS proxy has refused, with this code if it gave one; and in words.
    SocksRefused(Option<u8>, String),
    /// What a SOCKS proxy has said is no answer; in words.
    SocksBroken(String),
}

/// Bytes on their way out, which may hold a password.
struct Outgoing {
    bytes: Zeroizing<Vec<u8>>,
    gone: usize,
}

impl Outgoing {
    fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self { bytes, gone: 0 }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(self.gone..).unwrap_or_default()
    }

    fn sent(&mut self, count: usize) {
        self.gone = self.gone.saturating_add(count).min(self.bytes.len());
    }
}
