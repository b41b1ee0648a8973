//! nginx, with OpenSSL in it.

use xenon_harness::component::{AuthSchemes, EventKind, Guest, Options, TlsVersion};
use xenon_harness::nginx::{Nginx, Tls, content};

use crate::certificates::{Authority, Issued, Kind};
use crate::{get, session};

const FILES: &[(&str, usize)] = &[("/small", 300)];

fn start(issued: &Issued, directives: &str, authorities: &str) -> Option<Nginx> {
    Nginx::start_tls(FILES, &Tls { chain: &issued.certificate, key: &issued.key, directives, authorities })
}

#[test]
fn one_handshake_per_version_serves_many_requests() {
    let authority = Authority::new("an authority");
    for (protocols, version) in
        [("TLSv1.2", "TLSv1.2"), ("TLSv1.3", "TLSv1.3"), ("TLSv1.2 TLSv1.3", "TLSv1.3"), ("TLSv1.1 TLSv1.2", "TLSv1.2")]
    {
        let directives = format!("ssl_protocols {protocols};");
        let Some(nginx) = start(&authority.issue(Kind::P256), &directives, "") else { return };
        let guest = Guest::new();
        let session = session(&guest, nginx.tls_port(), &authority);
        session.set_events(true);
        for _ in 0..20 {
            let (status, got, facts) = get(&session, "/small");
            assert_eq!((status, got), (200, content(300).collect()));
            assert_eq!((facts.version.as_str(), facts.resumed), (version, false));
            assert!(facts.suite.contains("CHACHA20"), "ChaCha20 is offered first: {}", facts.suite);
            assert_eq!(facts.alpn.as_deref(), Some("http/1.1"));
        }
        let handshakes =
            session.take_events().iter().filter(|event| matches!(event.what, EventKind::Handshake(_))).count();
        assert_eq!(handshakes, 1);
        let served = nginx.served();
        assert_eq!(served.len(), 20);
        assert!(served.iter().all(|one| one.connection == served[0].connection && !one.is_resumed));
    }
}

#[test]
fn sessions_are_resumed_after_close_connection() {
    let authority = Authority::new("an authority");
    for directives in [
        "ssl_protocols TLSv1.3;",
        "ssl_protocols TLSv1.2;",
        // Without tickets, by the session's number.
        "ssl_protocols TLSv1.2; ssl_session_tickets off; ssl_session_cache builtin:100;",
    ] {
        let Some(nginx) = start(&authority.issue(Kind::P256), directives, "") else { return };
        let guest = Guest::new();
        let session = session(&guest, nginx.tls_port(), &authority);
        let mut resumed = Vec::new();
        for _ in 0..5 {
            resumed.push(get(&session, "/small").2.resumed);
            session.close_connection();
        }
        assert_eq!(resumed, [false, true, true, true, true], "{directives}");
        let seen: Vec<bool> = nginx.served().iter().map(|served| served.is_resumed).collect();
        assert_eq!(seen, resumed, "{directives}");
        // What was resumed was agreed on under settings that are no more.
        session.change_tls(|tls| tls.set_versions(TlsVersion::Tls12, TlsVersion::Tls13)).unwrap();
        assert!(!get(&session, "/small").2.resumed, "{directives}");
    }
}

#[test]
fn sessions_that_share_a_configuration_resume_each_other() {
    let authority = Authority::new("an authority");
    for directives in ["ssl_protocols TLSv1.3;", "ssl_protocols TLSv1.2;"] {
        let Some(nginx) = start(&authority.issue(Kind::P256), directives, "") else { return };
        let guest = Guest::new();
        let tls = guest.tls_config();
        tls.set_default_roots(false);
        tls.add_roots(authority.pem.as_bytes()).unwrap();
        let options = guest.options();
        options.set_tls(&tls);
        let with = |options: &Options| {
            let session = guest.session("https", "localhost", nginx.tls_port());
            session.set_addresses(&["127.0.0.1".to_owned()]).unwrap();
            session.set_options(options);
            get(&session, "/small").2.resumed
        };
        assert_eq!([with(&options), with(&options), with(&options.copy())], [false, true, true], "{directives}");
        // The same configuration in other options.
        let others = guest.options();
        others.set_tls(&tls);
        assert!(with(&others), "{directives}");
        // A change reaches what it is set in alone.
        tls.set_default_roots(false);
        assert!(with(&others), "{directives}");
        others.set_tls(&tls);
        assert!(!with(&others) && with(&options), "{directives}");
    }
}

#[test]
fn a_login_that_it_asks_for_is_sent() {
    let authority = Authority::new("an authority");
    // Its file of users is the one that otherwise holds authorities.
    let directives = "auth_basic \"a realm\"; auth_basic_user_file ca.pem;";
    let Some(nginx) = start(&authority.issue(Kind::P256), directives, "Aladdin:{PLAIN}open sesame\n") else { return };
    let guest = Guest::new();
    let session = session(&guest, nginx.tls_port(), &authority);
    session.set_credentials(None, "Aladdin", "open sesame", AuthSchemes::BASIC, false).unwrap();
    for _ in 0..3 {
        assert_eq!(get(&session, "/small").0, 200);
    }
    let served = nginx.served();
    assert_eq!(served.iter().map(|one| one.status).collect::<Vec<_>>(), [401, 200, 200, 200]);
    assert!(served.iter().all(|one| one.connection == served[0].connection));
}

#[test]
fn clients_are_known_by_their_certificates() {
    let (authority, other) = (Authority::new("an authority"), Authority::new("another"));
    let directives = "ssl_client_certificate ca.pem; ssl_verify_client on;";
    let Some(nginx) = start(&authority.issue(Kind::P256), directives, &authority.pem) else { return };
    let guest = Guest::new();
    let session = session(&guest, nginx.tls_port(), &authority);
    // nginx says it in HTTP.
    assert_eq!(get(&session, "/small").0, 400);
    for kind in [Kind::P256, Kind::P384, Kind::Ed25519, Kind::Rsa2048] {
        let good = authority.issue(kind);
        session.change_tls(|tls| tls.set_client_certificate(good.certificate.as_bytes(), good.key.as_bytes())).unwrap();
        session.close_connection();
        assert_eq!(get(&session, "/small").0, 200, "{kind:?}");
        let bad = other.issue(kind);
        session.change_tls(|tls| tls.set_client_certificate(bad.certificate.as_bytes(), bad.key.as_bytes())).unwrap();
        session.close_connection();
        assert_eq!(get(&session, "/small").0, 400, "{kind:?}");
    }
    let below = authority.below("below");
    let good = below.issue(Kind::P256);
    let chain = good.certificate + &below.pem;
    session.change_tls(|tls| tls.set_client_certificate(chain.as_bytes(), good.key.as_bytes())).unwrap();
    session.close_connection();
    assert_eq!(get(&session, "/small").0, 200, "an authority between, in the chain");
    session.change_tls(|tls| tls.remove_client_certificate());
    session.close_connection();
    assert_eq!(get(&session, "/small").0, 400);
}

#[test]
fn a_chain_may_come_in_any_order_and_with_the_root() {
    let root = Authority::new("the root");
    let first = root.below("first");
    let second = first.below("second");
    let issued = second.issue(Kind::P256);
    for chain in [
        vec![&second, &first],
        vec![&first, &second],
        vec![&second, &first, &root],
        vec![&root, &first, &second],
        vec![&second, &second, &first],
    ] {
        let certificates: Vec<&str> = chain.iter().map(|one| one.pem.as_str()).collect();
        let certificate = issued.certificate.clone() + &certificates.concat();
        let Some(nginx) = start(&Issued { certificate, key: issued.key.clone() }, "", "") else { return };
        let guest = Guest::new();
        let session = session(&guest, nginx.tls_port(), &root);
        let response = session.request("GET", "/small").send().unwrap();
        assert_eq!((response.status(), response.peer_certificates().len()), (200, 1 + chain.len()));
    }
}
