//! What is remembered about servers, so that the next handshake can be a resumption.
//!
//! It never keeps more than limits.rs allows, however much a server sends. rustls's own store keeps eight sessions of
//! each server, and as many servers as an eighth of its size.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

use crate::limits::{REMEMBERED_SERVERS, REMEMBERED_SESSIONS};

/// The sessions for resumption. Everyone who shares a configuration shares them.
#[derive(Default)]
pub(super) struct Remembered {
    /// In the order of use, the most recent last.
    servers: Mutex<VecDeque<Server>>,
}

struct Server {
    name: ServerName<'static>,
    /// The key exchange group that it chose.
    group: Option<NamedGroup>,
    /// A session of TLS 1.2, which can be used repeatedly.
    tls12: Option<Tls12ClientSessionValue>,
    /// Sessions of TLS 1.3, oldest first. Each is used once (RFC 8446 appendix C.4).
    tls13: VecDeque<Tls13ClientSessionValue>,
}

impl Remembered {
    fn servers(&self) -> MutexGuard<'_, VecDeque<Server>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known about this server, if anything.
    fn look<T>(&self, name: &ServerName<'_>, look: impl FnOnce(&mut Server) -> Option<T>) -> Option<T> {
        self.servers().iter_mut().find(|server| server.name == *name).and_then(look)
    }

    /// Records something about this server. Another one may be forgotten for it.
    fn note(&self, name: ServerName<'static>, note: impl FnOnce(&mut Server)) {
        let mut servers = self.servers();
        let known = servers.iter().position(|server| server.name == name).and_then(|index| servers.remove(index));
        let mut server = known.unwrap_or(Server { name, group: None, tls12: None, tls13: VecDeque::new() });
        note(&mut server);
        servers.push_back(server);
        if servers.len() > REMEMBERED_SERVERS {
            servers.pop_front();
        }
    }
}

impl ClientSessionStore for Remembered {
    fn set_kx_hint(&self, name: ServerName<'static>, group: NamedGroup) {
        self.note(name, |server| server.group = Some(group));
    }

    fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        self.look(name, |server| server.group)
    }

    fn set_tls12_session(&self, name: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.note(name, |server| server.tls12 = Some(session));
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.look(name, |server| server.tls12.clone())
    }

    fn remove_tls12_session(&self, name: &ServerName<'static>) {
        self.look(name, |server| server.tls12.take());
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, session: Tls13ClientSessionValue) {
        self.note(name, |server| {
            if server.tls13.len() >= REMEMBERED_SESSIONS {
                server.tls13.pop_front();
            }
            server.tls13.push_back(session);
        });
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.look(name, |server| server.tls13.pop_back())
    }
}

impl fmt::Debug for Remembered {
    /// It shows no secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::client::Resumption;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, version};

    use super::*;

    fn name(number: usize) -> ServerName<'static> {
        format!("a{number}.test").try_into().unwrap()
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
        client.resumption = Resumption::store(Arc::<Remembered>::clone(remembered));
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
            assert!(remembered.take_tls13_ticket(&name(1)).is_some());
        }
        assert!(remembered.take_tls13_ticket(&name(1)).is_none());
        assert!(remembered.kx_hint(&name(1)).is_some());
        assert!(remembered.take_tls13_ticket(&name(2)).is_none());
    }

    #[test]
    fn a_session_of_tls_1_2_is_used_until_it_is_removed() {
        let remembered = Arc::new(Remembered::default());
        meet(&remembered, 1, &version::TLS12);
        for _ in 0..3 {
            assert!(remembered.tls12_session(&name(1)).is_some());
        }
        remembered.remove_tls12_session(&name(1));
        assert!(remembered.tls12_session(&name(1)).is_none());
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
        assert!(remembered.take_tls13_ticket(&name(0)).is_some());
        assert!(remembered.take_tls13_ticket(&name(1)).is_none());
        assert!(remembered.take_tls13_ticket(&name(REMEMBERED_SERVERS)).is_some());
    }
}
