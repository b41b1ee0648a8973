//! The handshake with a proxy, over a connection to it, until the tunnel is open or refused.

use std::future::poll_fn;

use crate::error::{Code, Error, Phase, Refusal};
use crate::http::quote;
use crate::limits::{HEAD_READ_LENGTH, SILENT_STEPS};
use crate::net::{Net, Receive};
use crate::proxy::{Dialogue, Failure};
use crate::session::connecting::tls_handshake::tls_error;
use crate::session::connection::Connection;
use crate::session::shared::Shared;
use crate::session::timing::{Deadline, tick, within};
use crate::session::transport::{Broken, Received};

/// Performs the handshake. Bytes after the proxy's last message stay in the connection's buffer.
pub(crate) async fn negotiate<N: Net>(
    shared: &Shared<N>,
    connection: &mut Connection<N>,
    dialogue: &mut impl Dialogue,
    deadline: Deadline<'_>,
) -> Result<(), Error> {
    within(&shared.net, deadline, async {
        // If sending fails, a response that the proxy sent before is still read.
        let mut send_fault = None;
        let mut silent_steps = 0_usize;
        while !dialogue.receive(&mut connection.buffer).map_err(proxy_error)? {
            let step = poll_fn(|context| {
                let outgoing = if send_fault.is_none() { dialogue.outgoing() } else { &[] };
                let receive = Receive { buffer: &mut connection.buffer, max: HEAD_READ_LENGTH };
                connection.transport.poll_step(context, outgoing, Some(receive))
            })
            .await;
            match step.sent {
                Ok(count) => dialogue.sent(count),
                Err(fault) => send_fault = Some(fault),
            }
            match step.received {
                Received::Bytes => silent_steps = 0,
                Received::Nothing => {
                    silent_steps = silent_steps.saturating_add(1);
                    if silent_steps > SILENT_STEPS {
                        tick(&shared.net).await;
                    }
                }
                Received::End => return Err(proxy_error(dialogue.end())),
                Received::Failed(broken) => return Err(broken_error(dialogue.end(), broken)),
            }
        }
        Ok(())
    })
    .await?
}

/// The caller's error for a proxy's failure.
fn proxy_error(failure: Failure) -> Error {
    let (code, detail) = match failure {
        Failure::Refused(head) => {
            let reason =
                if head.reason.is_empty() { String::new() } else { format!(" {}", quote(head.reason.as_bytes())) };
            let detail = format!("CONNECT tunnel failed, response {}{reason}", head.status);
            let fields = head.fields.to_vec();
            (Code::ProxyRefused(Box::new(Refusal { status: head.status, reason: head.reason, fields })), detail)
        }
        Failure::Broken(what) => (Code::ProxyProtocol, what),
        Failure::SocksRefused(code, words) => {
            let number = code.map(|code| format!(" ({code})")).unwrap_or_default();
            (Code::SocksRefused(code), format!("SOCKS refused{number}: {words}"))
        }
        Failure::SocksBroken(what) => (Code::SocksProtocol, what),
    };
    Error::new(Phase::Proxy, code, detail)
}

/// The caller's error for a connection that broke during the handshake.
fn broken_error(end: Failure, broken: Broken) -> Error {
    let words = match broken {
        Broken::Net(fault) => fault.to_string(),
        Broken::Tls(failure) => tls_error(Phase::Proxy, failure).detail,
    };
    let error = proxy_error(end);
    Error::new(Phase::Proxy, error.code, format!("the connection to it broke: {words}"))
}
