//! What a session remembers of a server: when an earlier handshake is resumed, when not, and that nothing is sent early.

use std::time::Duration;

use rustls::crypto::ring::Ticketer;
use xenon::net::sim::SimNet;
use xenon::tls::settings::{TlsSettings, TlsVersion};

use crate::authority::{TODAY, root, stranger};
use crate::server::*;
use crate::support::*;

/// Servers whose sessions are kept by themselves, and those that give them away as tickets.
fn all_servers() -> Vec<(&'static str, Settings)> {
    let with_tickets = |settings: Settings| settings.with(|config| config.ticketer = Ticketer::new().unwrap());
    vec![
        ("TLS 1.2, by number", settings(&good(), TLS12)),
        ("TLS 1.2, by ticket", with_tickets(settings(&good(), TLS12))),
        ("TLS 1.3, kept", settings(&good(), TLS13)),
        ("TLS 1.3, given away", with_tickets(settings(&good(), TLS13))),
    ]
}

/// Whether the handshake of a new connection for this request resumes an earlier one, as both sides say.
fn is_resumed(net: &SimNet, session: &Session, settings: &Settings) -> bool {
    is_resumed_at(PEER, net, session, settings)
}

fn is_resumed_at(place: &str, net: &SimNet, session: &Session, settings: &Settings) -> bool {
    session.close_connection();
    let peer = settings.answers(1);
    let server = peer.server();
    net.listen(at(place), [peer.into()]);
    let (_, response) = open(net, &session.request("GET", "/")).unwrap();
    assert_eq!(content(net, &response).unwrap(), "ok");
    let tls = response.facts().tls.clone().unwrap();
    assert_eq!(tls.is_resumed, server.is_resumed());
    assert_eq!(tls.chain.len(), 1, "the certificate is known though it was not sent again");
    tls.is_resumed
}

fn no_peers() -> [xenon::net::sim::Script; 0] {
    []
}

#[test]
fn sessions_survive_close_connection_and_no_more() {
    for (what, settings) in all_servers() {
        let (net, session) = world(no_peers());
        assert!(!is_resumed(&net, &session, &settings), "{what}");
        for _ in 0..5 {
            assert!(is_resumed(&net, &session, &settings), "{what}");
        }
        let other = session_of(&net, NAME);
        assert!(!is_resumed(&net, &other, &settings), "{what}: sessions share nothing");
    }
}

#[test]
fn sessions_that_share_a_configuration_resume_each_other() {
    for (what, settings) in all_servers() {
        let (net, session) = world(no_peers());
        let other = session_of(&net, NAME);
        assert!(!is_resumed(&net, &session, &settings), "{what}");
        other.set_options(session.options());
        assert!(is_resumed(&net, &other, &settings), "{what}: set together");
        assert!(is_resumed(&net, &session, &settings), "{what}: and back");
        other.change_options(|options| options.set_user_agent(None)).unwrap();
        assert!(is_resumed(&net, &other, &settings), "{what}: other options, the same configuration");
        // The same again, made apart.
        let apart = session_of(&net, NAME);
        assert!(!is_resumed(&net, &apart, &settings), "{what}: equal and not the same");
        other.change_options(|options| options.tls_mut().set_default_roots(false));
        assert!(!is_resumed(&net, &other, &settings), "{what}: changed for one");
        assert!(is_resumed(&net, &session, &settings), "{what}: and not for the other");
        other.set_options(session.options());
        drop(session);
        assert!(is_resumed(&net, &other, &settings), "{what}: it outlives those who share it");
    }
}

#[test]
fn a_session_never_resumes_what_another_port_gave() {
    const OTHER: &str = "10.0.0.1:8443";
    for (what, settings) in all_servers() {
        let (net, session) = world(no_peers());
        let other = Session::new(net.clone(), "https", NAME, 8443);
        other.set_options(session.options());
        assert!(!is_resumed(&net, &session, &settings), "{what}");
        assert!(!is_resumed_at(OTHER, &net, &other, &settings), "{what}: another port is another origin");
        assert!(is_resumed_at(OTHER, &net, &other, &settings), "{what}");
        assert!(is_resumed(&net, &session, &settings), "{what}");
    }
}

#[test]
fn a_new_setting_of_tls_begins_anew_and_others_do_not() {
    let identity = good();
    type Change<'a> = (&'a str, &'a dyn Fn(&mut TlsSettings));
    let changes: [Change<'_>; 6] = [
        ("default roots", &|tls| tls.set_default_roots(false)),
        ("roots", &|tls| tls.add_roots(&stranger().certificate).unwrap()),
        ("leaves", &|tls| tls.add_leaves(identity.certificate()).unwrap()),
        ("versions", &|tls| tls.set_versions(TlsVersion::Tls12, TlsVersion::Tls13).unwrap()),
        ("identity", &|tls| {
            tls.set_identity(identity.chain_pem().as_bytes(), identity.key_pem().as_bytes()).unwrap();
        }),
        ("no identity", &TlsSettings::remove_identity),
    ];
    for (what, settings) in all_servers() {
        let (net, session) = world(no_peers());
        assert!(!is_resumed(&net, &session, &settings));
        for (change, apply) in changes {
            session.change_options(|options| apply(options.tls_mut()));
            assert!(!is_resumed(&net, &session, &settings), "{what}: {change}");
            assert!(is_resumed(&net, &session, &settings), "{what}: {change}");
        }
        session.change_options(|options| options.set_user_agent(Some("a".into()))).unwrap();
        assert!(is_resumed(&net, &session, &settings), "{what}");
        let broken = session.change_options(|options| options.tls_mut().add_roots(b"nothing"));
        assert!(broken.is_err() && is_resumed(&net, &session, &settings), "{what}: what changed nothing");
    }
}

#[test]
fn an_accepted_leaf_is_resumed_like_any_other() {
    for versions in [TLS12, TLS13] {
        let leaf = stranger().leaf(&["b.test"], |_| {});
        let settings = settings(&leaf, versions);
        let (net, session) = world(no_peers());
        session.change_options(|options| options.tls_mut().add_leaves(leaf.certificate())).unwrap();
        assert!(!is_resumed(&net, &session, &settings));
        assert!(is_resumed(&net, &session, &settings));
    }
}

#[test]
fn a_server_that_has_forgotten_is_verified_anew() {
    for versions in [TLS12, TLS13] {
        let (net, session) = world(no_peers());
        let first = settings(&good(), versions);
        assert!(!is_resumed(&net, &session, &first));
        assert!(!is_resumed(&net, &session, &settings(&good(), versions)), "another server, as good");
        session.close_connection();
        let peer = settings(&stranger().leaf(&[NAME], |_| {}), versions).answers(1);
        let server = peer.server();
        net.listen(at(PEER), [peer.into()]);
        assert!(rejection(get(&net, &session)).checks.untrusted_issuer);
        assert_eq!(server.plaintext(), "");
    }
}

#[test]
fn what_is_remembered_grows_old() {
    for (what, settings) in all_servers() {
        let (net, session) = world(no_peers());
        let hour = Duration::from_secs(60 * 60);
        assert!(!is_resumed(&net, &session, &settings));
        for hours in [1, 10, 20, 24] {
            net.set_wall_clock(TODAY + hours * hour);
            assert!(is_resumed(&net, &session, &settings), "{what}: after {hours} hours");
        }
        net.set_wall_clock(TODAY + 24 * hour + SECOND);
        assert!(!is_resumed(&net, &session, &settings), "{what}: no longer than a day since it was verified");
        assert!(is_resumed(&net, &session, &settings), "{what}");
        net.set_wall_clock(TODAY);
        assert!(!is_resumed(&net, &session, &settings), "{what}: the clock was set back");
    }
}

#[test]
fn two_names_of_one_server_share_nothing() {
    let identity = root().leaf(&[NAME, "b.test"], |_| {});
    for versions in [TLS12, TLS13] {
        let settings = settings(&identity, versions);
        let (net, session) = world(no_peers());
        net.name("b.test", [at(PEER).ip()]);
        assert!(!is_resumed(&net, &session, &settings));
        assert!(!is_resumed(&net, &session_of(&net, "b.test"), &settings));
    }
}

#[test]
fn nothing_is_sent_early() {
    let settings = settings(&good(), TLS13).with(|config| {
        config.max_early_data_size = u32::MAX;
        config.session_storage = rustls::server::ServerSessionMemoryCache::new(99);
    });
    let (net, session) = world(no_peers());
    assert!(!is_resumed(&net, &session, &settings));
    // The server, which would take it, fails if there is any.
    assert!(is_resumed(&net, &session, &settings));
    assert_eq!(&records(&net, 1)[..2], [HANDSHAKE, 20], "no content before the server has answered");
}

#[test]
fn a_rejected_server_leaves_nothing_to_resume() {
    for versions in [TLS12, TLS13] {
        let leaf = stranger().leaf(&[NAME], |_| {});
        let settings = settings(&leaf, versions);
        let (net, session) = world([settings.answers(1), settings.answers(1)]);
        for _ in 0..2 {
            assert!(rejection(get(&net, &session)).checks.untrusted_issuer);
        }
    }
}
