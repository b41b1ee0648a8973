//! What is told of a session's events while a transfer goes on: heads before the content (`-i`), and lines (`-v`).

use crate::bindings::Response;
use crate::bindings::types::{Event, EventKind};
use crate::head;
use crate::options::Options;
use crate::verbose;

/// Watches the events of one transfer.
pub struct Watch {
    wants_heads: bool,
    wants_lines: bool,
    /// Received heads that are to be written and are not yet.
    heads: Vec<u8>,
    /// Whether the final response's head is among them, or was.
    has_head: bool,
    /// The proxy, until its handshake is complete.
    proxy: Option<String>,
}

impl Watch {
    /// Watches for what the options want.
    pub fn new(options: &Options) -> Self {
        Self {
            wants_heads: options.include || options.head,
            wants_lines: options.verbose,
            heads: Vec::new(),
            has_head: false,
            proxy: None,
        }
    }

    /// Adds an event, of a session with this host. Its lines go to `lines`.
    pub fn note(&mut self, event: &Event, host: &str, lines: &mut Vec<u8>) {
        match &event.what {
            EventKind::TunnelResponse(head) | EventKind::InterimHead(head) => self.add(head),
            EventKind::ResponseHead(head) => {
                self.add(head);
                self.has_head = true;
            }
            EventKind::Proxy(url) => self.proxy = Some(host_of(url).to_owned()),
            EventKind::Tunnel(_) => self.proxy = None,
            EventKind::RequestHead(_) => (self.has_head, self.proxy) = (false, None),
            _ => {}
        }
        if self.wants_lines {
            lines.extend(verbose::lines(event, self.proxy.as_deref().unwrap_or(host)));
        }
    }

    /// The response has come. Its head may be in an event that was lost.
    pub fn see(&mut self, response: &Response) {
        if self.wants_heads && !self.has_head {
            self.heads.extend(head::of(response));
        }
    }

    /// The heads that were not written yet.
    pub fn take_heads(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.heads)
    }

    fn add(&mut self, head: &[u8]) {
        if self.wants_heads {
            self.heads.extend_from_slice(head);
        }
    }
}

/// The host in a proxy's URL, which always has a port.
fn host_of(url: &str) -> &str {
    let (_, place) = url.split_once("://").unwrap_or(("", url));
    place.rsplit_once(':').map_or(place, |(host, _)| host)
}
