//! The way to the origin: straight to it, or through a proxy; and for `https` the handshake.

use std::rc::Rc;

use crate::error::{Code, Error, Phase};
use crate::http::origin::{Origin, Scheme};
use crate::net::{Net, Stream};
use crate::session::Shared;
use crate::session::channel::Channel;
use crate::session::connection::{Connection, Permit};
use crate::session::detour::Detour;
use crate::session::dial::{find_origin, race};
use crate::session::events::{CloseReason, Kind, Whose};
use crate::session::handshake::{shake_hands, tunnel};
use crate::session::settings::Schedule;
use crate::session::timing::Elapsed;

/// A new connection on which requests to the origin can be sent. `exchange` is for whom, in events.
pub(crate) async fn connect<N: Net>(
    shared: &Rc<Shared<N>>,
    origin: &Origin,
    permit: Permit,
    exchange: u64,
    schedule: &Schedule,
) -> Result<Connection<N>, Error> {
    let proxies = shared.settings.borrow().proxying.for_origin(origin);
    let connection = match proxies {
        None => {
            let whose = Whose { exchange, connection: 0 };
            let found = find_origin(shared, origin, whose, schedule).await?;
            let stream = race(shared, found, &shared.last_good, whose, schedule).await?;
            begin(shared, stream, permit, exchange)
        }
        // Boxed, so that who needs no proxy has no room for it.
        Some(proxies) => Box::pin(Detour { shared, origin, exchange, schedule }.through(&proxies, permit)).await?,
    };
    match origin.scheme {
        Scheme::Http => Ok(connection),
        Scheme::Https => secure(shared, origin, connection, exchange, schedule).await,
    }
}

/// A connection over this stream.
pub(crate) fn begin<N: Net>(shared: &Rc<Shared<N>>, stream: N::Stream, permit: Permit, exchange: u64) -> Connection<N> {
    let peer = stream.peer();
    let connection = Connection::new(Channel::Plain(stream), shared, permit);
    let whose = Whose { exchange, connection: connection.number };
    shared.record(whose, || Kind::Connected(peer.to_string()));
    connection
}

/// TLS with the origin.
async fn secure<N: Net>(
    shared: &Rc<Shared<N>>,
    origin: &Origin,
    connection: Connection<N>,
    exchange: u64,
    schedule: &Schedule,
) -> Result<Connection<N>, Error> {
    let whose = Whose { exchange, connection: connection.number };
    let (made, identity) = {
        let tls = &mut shared.settings.borrow_mut().tls;
        (tunnel(&shared.net, tls, &origin.host), tls.identity_number())
    };
    let mut connection = match made {
        Ok(tunnel) => connection.secured(tunnel),
        Err(error) => {
            connection.close(CloseReason::Failed);
            return Err(error);
        }
    };
    connection.identity = identity;
    let deadline = schedule.end.min(shared.net.now() + schedule.each.handshake);
    let error = match shake_hands(shared, &mut connection, deadline).await {
        Ok(Ok(())) => {
            if let Some(facts) = connection.channel.tls_facts() {
                shared.record(whose, || Kind::Handshake(facts.clone()));
            }
            return Ok(connection);
        }
        Ok(Err(error)) => error,
        Err(Elapsed) if deadline == schedule.end => shared.exchange_timeout(Phase::Handshake, schedule),
        Err(Elapsed) => {
            let detail = format!("the TLS handshake took longer than {:?}", schedule.each.handshake);
            Error::new(Phase::Handshake, Code::TlsHandshakeTimeout, detail)
        }
    };
    connection.close(CloseReason::Failed);
    Err(error)
}
