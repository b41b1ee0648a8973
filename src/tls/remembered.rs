//! What sessions with the same settings share: the configuration made from them, and what is remembered of servers for
//! resumption.
//!
//! Memory is bounded by limits.rs, however much a server sends. rustls's own store does not fit: it keeps eight TLS sessions of a
//! server, and no more servers than its size divided by eight. Servers are not confused either: a TLS session is resumed only
//! with the same host and port, and that of a proxy is not used with an origin.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, NamedGroup};

use super::verify::Verifier;
use crate::http::origin::Host;
use crate::limits::{REMEMBERED_FOR, REMEMBERED_SERVERS, REMEMBERED_SESSIONS};

/// The peer of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub(super) host: Host,
    port: u16,
    is_proxy: bool,
}

impl Peer {
    /// The origin at this host and port.
    pub fn origin(host: &Host, port: u16) -> Self {
        Self { host: host.clone(), port, is_proxy: false }
    }

    /// The proxy at this host and port.
    pub fn proxy(host: &Host, port: u16) -> Self {
        Self { host: host.clone(), port, is_proxy: true }
    }
}

/// What sessions with the same settings share.
#[derive(Default)]
pub(super) struct Remembered {
    /// Made at the first handshake. rustls resumes a TLS session only with the same verifier.
    pub(super) made: OnceLock<Made>,
    /// The TLS sessions for resumption. The most recently used server comes last.
    servers: Mutex<VecDeque<Server>>,
    pub(super) clock: Arc<Clock>,
}

/// What is made from settings.
#[derive(Clone)]
pub(super) struct Made {
    /// It has no session store of its own.
    pub(super) config: Arc<ClientConfig>,
    pub(super) verifier: Arc<Verifier>,
}

/// The wall clock, as last told: seconds since 1970.
#[derive(Debug, Default)]
pub(super) struct Clock(AtomicU64);

impl Clock {
    pub(super) fn set(&self, now: Duration) {
        self.0.store(now.as_secs(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.now())))
    }
}

struct Server {
    peer: Peer,
    /// The key exchange group that it chose.
    group: Option<NamedGroup>,
    /// A session of TLS 1.2, which can be used many times.
    tls12: Option<Kept<Tls12ClientSessionValue>>,
    /// Sessions of TLS 1.3, each used once (RFC 8446 appendix C.4), oldest first.
    tls13: VecDeque<Kept<Tls13ClientSessionValue>>,
}

/// A TLS session, and when its server was last verified: resumption does not verify it again.
#[derive(Clone)]
struct Kept<T> {
    session: T,
    verified: u64,
}

impl<T> Kept<T> {
    /// If the clock was set back, the age is unknown.
    fn is_young(&self, now: u64) -> bool {
        now.checked_sub(self.verified).is_some_and(|age| age <= REMEMBERED_FOR.as_secs())
    }
}

impl Remembered {
    fn servers(&self) -> MutexGuard<'_, VecDeque<Server>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks up what is known of this server.
    fn look<T>(&self, peer: &Peer, look: impl FnOnce(&mut Server) -> Option<T>) -> Option<T> {
        self.servers().iter_mut().find(|server| server.peer == *peer).and_then(look)
    }

    /// Notes something about this server, which may displace another.
    fn note(&self, peer: &Peer, note: impl FnOnce(&mut Server)) {
        let mut servers = self.servers();
        let known = servers.iter().position(|server| server.peer == *peer).and_then(|index| servers.remove(index));
        let mut server =
            known.unwrap_or_else(|| Server { peer: peer.clone(), group: None, tls12: None, tls13: VecDeque::new() });
        note(&mut server);
        servers.push_back(server);
        if servers.len() > REMEMBERED_SERVERS {
            servers.pop_front();
        }
    }
}

/// The part of it that belongs to the peer of one connection.
pub(super) struct View {
    remembered: Arc<Remembered>,
    peer: Peer,
    /// When the peer was verified, as far as known: now, or when the offered session was made.
    verified: AtomicU64,
}

impl View {
    pub(super) fn new(remembered: &Arc<Remembered>, peer: Peer) -> Self {
        let verified = AtomicU64::new(remembered.clock.now());
        Self { remembered: Arc::clone(remembered), peer, verified }
    }

    fn keep<T>(&self, session: T) -> Kept<T> {
        Kept { session, verified: self.verified.load(Ordering::Relaxed) }
    }

    /// Offers a session to the peer, unless it is too old.
    fn offer<T>(&self, kept: Kept<T>) -> Option<T> {
        if !kept.is_young(self.remembered.clock.now()) {
            return None;
        }
        self.verified.store(kept.verified, Ordering::Relaxed);
        Some(kept.session)
    }
}

/// The name that rustls passes is always that of the peer.
impl ClientSessionStore for View {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        self.remembered.note(&self.peer, |server| server.group = Some(group));
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.remembered.look(&self.peer, |server| server.group)
    }

    fn set_tls12_session(&self, _: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.remembered.note(&self.peer, |server| server.tls12 = Some(self.keep(session)));
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.remembered.look(&self.peer, |server| server.tls12.clone()).and_then(|kept| self.offer(kept))
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.remembered.look(&self.peer, |server| server.tls12.take());
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, session: Tls13ClientSessionValue) {
        self.remembered.note(&self.peer, |server| {
            if server.tls13.len() >= REMEMBERED_SESSIONS {
                server.tls13.pop_front();
            }
            server.tls13.push_back(self.keep(session));
        });
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.remembered.look(&self.peer, |server| server.tls13.pop_back()).and_then(|kept| self.offer(kept))
    }
}

impl fmt::Debug for View {
    /// Without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::client::Resumption;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ClientConnection, RootCertStore, ServerConfig, ServerConnection, version};

    use super::*;

    fn name(number: usize) -> ServerName<'static> {
        format!("a{number}.test").try_into().unwrap()
    }

    fn peer(number: usize) -> Peer {
        Peer::origin(&Host::Name(format!("a{number}.test")), 443)
    }

    fn view(remembered: &Arc<Remembered>, number: usize) -> View {
        View::new(remembered, peer(number))
    }

    /// A ticket of that server, if there is one.
    fn take(remembered: &Arc<Remembered>, peer: Peer) -> Option<Tls13ClientSessionValue> {
        View::new(remembered, peer).take_tls13_ticket(&name(0))
    }

    /// Lets somebody with this store meet a server of that name, which gives many tickets.
    fn meet(remembered: &Arc<Remembered>, number: usize, version: &'static rustls::SupportedProtocolVersion) {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([format!("a{number}.test")]).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let mut client =
            builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots).with_no_client_auth();
        client.resumption = Resumption::store(Arc::new(view(remembered, number)));
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let mut server = builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
        server.send_tls13_tickets = 20;

        let mut client = ClientConnection::new(Arc::new(client), name(number)).unwrap();
        let mut server = ServerConnection::new(Arc::new(server)).unwrap();
        for _ in 0..4 {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                server.read_tls(&mut rest).unwrap();
                server.process_new_packets().unwrap();
            }
            let mut bytes = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                client.read_tls(&mut rest).unwrap();
                client.process_new_packets().unwrap();
            }
        }
        assert!(!client.is_handshaking());
    }

    #[test]
    fn of_many_sessions_the_last_are_kept_and_each_is_used_once() {
        let remembered = Arc::new(Remembered::default());
        meet(&remembered, 1, &version::TLS13);
        meet(&remembered, 1, &version::TLS13);
        for _ in 0..REMEMBERED_SESSIONS {
            assert!(take(&remembered, peer(1)).is_some());
        }
        assert!(take(&remembered, peer(1)).is_none());
        assert!(view(&remembered, 1).kx_hint(&name(1)).is_some());
        assert!(take(&remembered, peer(2)).is_none());
    }

    #[test]
    fn a_session_of_tls_1_2_is_used_until_it_is_removed() {
        let remembered = Arc::new(Remembered::default());
        meet(&remembered, 1, &version::TLS12);
        for _ in 0..3 {
            assert!(view(&remembered, 1).tls12_session(&name(1)).is_some());
        }
        view(&remembered, 1).remove_tls12_session(&name(1));
        assert!(view(&remembered, 1).tls12_session(&name(1)).is_none());
    }

    #[test]
    fn of_many_servers_those_met_last_are_known() {
        let remembered = Arc::new(Remembered::default());
        for number in 0..=REMEMBERED_SERVERS {
            meet(&remembered, number, &version::TLS13);
            // Met again and again.
            meet(&remembered, 0, &version::TLS13);
        }
        assert_eq!(remembered.servers().len(), REMEMBERED_SERVERS);
        assert!(take(&remembered, peer(0)).is_some());
        assert!(take(&remembered, peer(1)).is_none());
        assert!(take(&remembered, peer(REMEMBERED_SERVERS)).is_some());
    }

    #[test]
    fn another_port_or_a_proxy_is_another_server() {
        let remembered = Arc::new(Remembered::default());
        meet(&remembered, 1, &version::TLS13);
        let host = peer(1).host;
        for other in [Peer::origin(&host, 8443), Peer::proxy(&host, 443), peer(2)] {
            assert!(take(&remembered, other).is_none());
        }
        assert!(take(&remembered, peer(1)).is_some());
    }

    #[test]
    fn a_resumed_connection_passes_its_age_on() {
        let remembered = Arc::new(Remembered::default());
        remembered.clock.set(REMEMBERED_FOR);
        meet(&remembered, 1, &version::TLS13);
        let resumed = view(&remembered, 1);
        assert!(resumed.take_tls13_ticket(&name(1)).is_some());
        // Much later the server gives another on it.
        remembered.clock.set(REMEMBERED_FOR * 2);
        assert_eq!(resumed.keep(()).verified, REMEMBERED_FOR.as_secs());
        assert!(resumed.keep(()).is_young(REMEMBERED_FOR.as_secs() * 2));
        assert!(!resumed.keep(()).is_young(REMEMBERED_FOR.as_secs() * 2 + 1));
        // The clock was set back.
        assert!(!resumed.keep(()).is_young(REMEMBERED_FOR.as_secs() - 1));
    }
}
