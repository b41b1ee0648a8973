//! How a session judges a server's certificate, and that a rejected server receives no HTTP.

use std::time::Duration;

use xenon::error::{Checks, Rejected};
use xenon::net::sim::SimNet;
use xenon::session::events::CloseReason;

use crate::authority::{Identity, TODAY};
use crate::server::*;
use crate::support::*;

/// How a session with this host that trusts the test's root judges this server on this day. `None` if it accepts it.
pub(crate) fn verdict_on(identity: &Identity, host: &str, now: Duration) -> Option<Rejected> {
    let mut verdicts = [TLS12, TLS13].into_iter().map(|versions| {
        let peer = settings(identity, versions).answers(1);
        let server = peer.server();
        let (net, _) = world([peer]);
        net.set_wall_clock(now);
        let session = session_of(&net, host);
        session.set_addresses(&["10.0.0.1".into()]).unwrap();
        let outcome = get(&net, &session);
        if let Ok(content) = outcome {
            assert_eq!(content, "ok");
            return None;
        }
        let rejected = rejection(outcome);
        assert_silent(&net, &server);
        assert_eq!(closings(&session), [CloseReason::Failed]);
        assert_eq!(net.open_connections(), 0);
        let presented: Vec<Vec<u8>> = identity.chain.iter().map(|one| one.to_vec()).collect();
        assert_eq!(rejected.chain, presented, "the caller sees all of the chain, in its order");
        Some(rejected)
    });
    let (old, new) = (verdicts.next().unwrap(), verdicts.next().unwrap());
    assert_eq!(old, new, "the version makes no difference");
    new
}

pub(crate) fn checks_on(identity: &Identity, now: Duration) -> Checks {
    verdict_on(identity, NAME, now).map_or(PASSED, |rejected| rejected.checks)
}

pub(crate) fn is_accepted(identity: &Identity, host: &str) -> bool {
    match verdict_on(identity, host, TODAY) {
        None => true,
        Some(rejected) => {
            assert_eq!(rejected.checks, Checks { wrong_name: true, ..PASSED }, "{host}");
            false
        }
    }
}

/// Checks that the client sent neither HTTP nor a record that could contain it, and that an alert ended the handshake.
fn assert_silent(net: &SimNet, server: &Server) {
    assert_eq!(server.plaintext(), "");
    assert_eq!(net.connections(), 1);
    // In TLS 1.3 an alert looks like content, and then is no longer than one.
    let kinds = records(net, 0);
    assert!(matches!(kinds[..], [HANDSHAKE, ALERT] | [HANDSHAKE, 20, CONTENT] | [HANDSHAKE, 20, ALERT]), "{kinds:?}");
    let sent = net.sent(0);
    assert!(kinds[kinds.len() - 1] == ALERT || sent[sent.len() - 24 + 3..][..2] == [0, 19], "{kinds:?}");
    assert!(matches!(server.error(), Some(rustls::Error::AlertReceived(_))), "{:?}", server.error());
}
