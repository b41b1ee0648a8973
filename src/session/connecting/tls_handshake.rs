//! The TLS handshake over a connection, with an origin or a proxy, and the caller's errors for its failures.

use std::future::poll_fn;
use std::rc::Rc;

use crate::error::{Code, Error, Phase};
use crate::net::Net;
use crate::session::connection::Connection;
use crate::session::shared::Shared;
use crate::session::timing::{Deadline, tick, within};
use crate::session::transport::Broken;
use crate::tls::configuration::Configuration;
use crate::tls::connection::TlsConnection;
use crate::tls::failure::Failure;
use crate::tls::remembered::Peer;
use crate::tls::settings::TlsSettings;

/// The client's side of TLS with this peer, under these settings.
pub(crate) fn tunnel<N: Net>(net: &N, settings: &Rc<TlsSettings>, peer: Peer) -> Result<TlsConnection, Error> {
    let configuration = Configuration::of(settings, net.wall_clock());
    let tunnel = configuration.and_then(|configuration| TlsConnection::new(&configuration, peer));
    tunnel.map_err(|detail| Error::new(Phase::Handshake, Code::Configuration, detail))
}

/// Performs the handshake, until this deadline.
pub(crate) async fn shake_hands<N: Net>(
    shared: &Shared<N>,
    connection: &mut Connection<N>,
    deadline: Deadline<'_>,
) -> Result<(), Error> {
    let outcome = within(&shared.net, deadline, async {
        while !poll_fn(|context| connection.transport.poll_handshake(context)).await? {
            tick(&shared.net).await;
        }
        Ok(())
    });
    outcome.await?.map_err(|broken| match broken {
        Broken::Tls(failure) => tls_error(Phase::Handshake, failure),
        Broken::Net(fault) => {
            let detail = format!("the TLS handshake failed: {}", fault);
            Error::new(Phase::Handshake, Code::ConnectionTerminated, detail)
        }
    })
}

/// The caller's error for a failure of TLS.
pub(crate) fn tls_error(phase: Phase, failure: Failure) -> Error {
    let detail = match &failure {
        // During the handshake there is no content yet that could be truncated.
        Failure::Truncated if phase == Phase::Handshake => {
            "the server closed the connection in the TLS handshake".into()
        }
        failure => failure.to_string(),
    };
    let code = match failure {
        Failure::Certificate(rejected) => Code::TlsCertificate(rejected),
        Failure::Alert(name) => Code::TlsAlert(name),
        Failure::Protocol(_) => Code::TlsProtocol,
        Failure::Truncated => Code::ConnectionTerminated,
    };
    Error::new(phase, code, detail)
}
