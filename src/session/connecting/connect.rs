//! The connection to the origin: directly or through a proxy, and with TLS for `https`.

use std::rc::Rc;

use crate::error::Error;
use crate::http::origin::{Origin, Scheme};
use crate::net::Net;
use crate::session::connecting::dial::{find_origin, race};
use crate::session::connecting::tls_handshake::{shake_hands, tunnel};
use crate::session::connecting::via_proxy::ViaProxy;
use crate::session::connection::Connection;
use crate::session::events::{CloseReason, Kind, Subject};
use crate::session::permits::Permit;
use crate::session::shared::Shared;
use crate::session::timing::{Schedule, Step};
use crate::tls::remembered::Peer;

/// A new connection for requests to the origin. `exchange` is the number in its events.
pub(crate) async fn connect<N: Net>(
    shared: &Rc<Shared<N>>,
    origin: &Origin,
    permit: Permit,
    exchange: u64,
    schedule: &Schedule,
) -> Result<Connection<N>, Error> {
    let connection = match shared.proxies(origin) {
        None => {
            let subject = Subject { exchange, connection: 0 };
            let found = find_origin(shared, origin, subject, schedule).await?;
            let stream = race(shared, found, &shared.caches.last_good, subject, schedule).await?;
            shared.connection(stream, permit, exchange)
        }
        // Boxed, so that direct connections reserve no memory for it.
        Some(proxies) => Box::pin(ViaProxy { shared, origin, exchange, schedule }.try_each(&proxies, permit)).await?,
    };
    match origin.scheme {
        Scheme::Http => Ok(connection),
        Scheme::Https => secure(shared, origin, connection, exchange, schedule).await,
    }
}

/// TLS with the origin.
async fn secure<N: Net>(
    shared: &Rc<Shared<N>>,
    origin: &Origin,
    connection: Connection<N>,
    exchange: u64,
    schedule: &Schedule,
) -> Result<Connection<N>, Error> {
    let subject = Subject { exchange, connection: connection.number };
    let peer = Peer::origin(&origin.host, origin.port);
    let made = tunnel(&shared.net, &shared.settings.borrow().tls, peer);
    let mut connection = match made {
        Ok(tunnel) => connection.secured(tunnel),
        Err(error) => {
            connection.close(CloseReason::Failed);
            return Err(error);
        }
    };
    let deadline = schedule.step(Step::Handshake, shared.net.now());
    if let Err(error) = shake_hands(shared, &mut connection, deadline).await {
        connection.close(CloseReason::Failed);
        return Err(error);
    }
    if let Some(facts) = connection.transport.tls_facts() {
        shared.record(subject, || Kind::Handshake(facts.clone()));
    }
    Ok(connection)
}
