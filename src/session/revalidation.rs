//! Decides whether the current settings would have made an idle connection. Less trust or another proxy rules it out.
//!
//! It is called after a change of settings, and closes nothing itself.

use std::rc::Rc;
use std::time::Duration;

use crate::http::origin::{Origin, Scheme};
use crate::net::Net;
use crate::proxy::server::Kind;
use crate::session::connection::Connection;
use crate::session::proxies::{Use, Via};
use crate::session::settings::Settings;
use crate::tls::configuration::Configuration;

/// Whether these settings, as far as trust and route go, would make this connection again.
#[cold]
pub(crate) fn would_be_made<N: Net>(
    settings: &Settings,
    origin: &Origin,
    connection: &Connection<N>,
    now: Duration,
) -> bool {
    is_way(settings, origin, connection.via.as_ref(), connection.forwarder.is_some())
        && is_trusted(settings, origin, connection, now)
}

/// Whether the origin would be reached the same way: directly, or through this proxy, forwarded or not.
fn is_way(settings: &Settings, origin: &Origin, via: Option<&Rc<Via>>, is_forwarded: bool) -> bool {
    match (via, settings.proxying.for_origin(origin)) {
        (None, None) => true,
        (Some(via), Some(proxies)) => {
            let tunnels_all = settings.proxying.tunnels_all || settings.connect_to().is_some();
            let is_forwarder = via.server.purpose(origin.scheme, tunnels_all) == Use::Forward;
            is_forwarder == is_forwarded && proxies.iter().any(|one| one.is_same(&via.server))
        }
        _ => false,
    }
}

/// Whether the certificates of the origin and of the proxy would be accepted, and the same client certificates presented.
fn is_trusted<N: Net>(settings: &Settings, origin: &Origin, connection: &Connection<N>, now: Duration) -> bool {
    let is_secured = origin.scheme == Scheme::Https;
    let below = if is_secured { connection.transport.below() } else { Some(&connection.transport) };
    let is_own_trusted = !is_secured
        || connection.transport.tls_facts().is_some_and(|facts| {
            Configuration::of(&settings.tls, now).is_ok_and(|made| made.would_make(facts, &origin.host, now))
        });
    is_own_trusted
        && match connection.via.as_ref().filter(|via| via.server.kind == Kind::Https) {
            None => true,
            Some(via) => below.and_then(|transport| transport.tls_facts()).is_some_and(|facts| {
                let made = Configuration::of(&settings.proxying.tls, now);
                made.is_ok_and(|made| made.would_make(facts, &via.server.host, now))
            }),
        }
}
