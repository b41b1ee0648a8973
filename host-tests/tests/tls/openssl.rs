//! OpenSSL's `s_server`, each suite and each kind of key.

use xenon_harness::component::{ErrorCode, Guest, Phase};
use xenon_harness::s_server::SServer;

use crate::certificates::{Authority, Issued, Kind};
use crate::{get, session};

const KINDS: [Kind; 5] = [Kind::P256, Kind::P384, Kind::Ed25519, Kind::Rsa2048, Kind::Rsa4096];

/// The name of the registry, and OpenSSL's.
const SUITES_13: [&str; 3] = ["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"];
const SUITES_12: [(&str, &str); 6] = [
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
];

fn start(issued: &Issued, authority: &Authority, arguments: &[&str]) -> Option<SServer> {
    let files = [("chain.pem", &*issued.certificate), ("key.pem", &*issued.key), ("ca.pem", &*authority.pem)];
    SServer::start(&files, &[&["-cert", "chain.pem", "-key", "key.pem"], arguments].concat())
}

/// Asks this server twice, with a new connection each time, and says whether the second resumed the first's session.
fn ask_twice(server: &SServer, authority: &Authority, version: &str, suite: &str) -> bool {
    let guest = Guest::new();
    let session = session(&guest, server.port(), authority);
    let mut resumed = [false, false];
    for resumed in &mut resumed {
        let (status, page, facts) = get(&session, "/");
        let page = String::from_utf8_lossy(&page);
        assert_eq!((status, facts.version.as_str(), facts.suite.as_str()), (200, version, suite), "{page}");
        assert!(page.contains("ENDED") || page.contains("Cipher"), "{page}");
        *resumed = facts.resumed;
        session.close_connection();
    }
    assert!(!resumed[0]);
    resumed[1]
}

#[test]
fn each_suite_of_tls_1_3_with_each_kind_of_key() {
    let authority = Authority::new("an authority");
    for kind in KINDS {
        let issued = authority.issue(kind);
        for suite in SUITES_13 {
            let Some(server) = start(&issued, &authority, &["-tls1_3", "-ciphersuites", suite]) else { return };
            assert!(ask_twice(&server, &authority, "TLSv1.3", suite), "{kind:?} {suite}: {}", server.complaints());
        }
    }
}

#[test]
fn each_suite_of_tls_1_2_with_each_kind_of_key() {
    let authority = Authority::new("an authority");
    for kind in KINDS {
        let issued = authority.issue(kind);
        let is_rsa = matches!(kind, Kind::Rsa2048 | Kind::Rsa4096);
        for (suite, cipher) in SUITES_12.iter().filter(|(suite, _)| suite.contains("_RSA_") == is_rsa) {
            let Some(server) = start(&issued, &authority, &["-tls1_2", "-cipher", cipher]) else { return };
            assert!(ask_twice(&server, &authority, "TLSv1.2", suite), "{kind:?} {suite}: {}", server.complaints());
        }
    }
}

#[test]
fn without_tickets_nothing_is_resumed_but_by_number() {
    let authority = Authority::new("an authority");
    let issued = authority.issue(Kind::P256);
    let suites = [("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"), ("TLSv1.2", SUITES_12[0].0)];
    for (arguments, (version, suite), is_resumed) in [
        (&["-tls1_3", "-num_tickets", "0"][..], suites[0], false),
        // With state kept by the server in place of tickets, of which there is still one.
        (&["-tls1_3", "-no_ticket"], suites[0], true),
        (&["-tls1_2", "-no_ticket"], suites[1], true),
        (&["-tls1_2", "-no_ticket", "-no_cache"], suites[1], false),
    ] {
        let Some(server) = start(&issued, &authority, arguments) else { return };
        assert_eq!(ask_twice(&server, &authority, version, suite), is_resumed, "{arguments:?}");
    }
}

#[test]
fn who_must_show_a_certificate_and_shows_none_is_told() {
    let (authority, other) = (Authority::new("an authority"), Authority::new("another"));
    let issued = authority.issue(Kind::P256);
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = [version, "-CAfile", "ca.pem", "-Verify", "2", "-verify_return_error"];
        let Some(server) = start(&issued, &authority, &arguments) else { return };
        let guest = Guest::new();
        let session = session(&guest, server.port(), &authority);
        let alert = |session: &xenon_harness::component::Session| {
            let error = session.get("/").unwrap_err();
            assert!(matches!(error.phase, Phase::Handshake | Phase::Send | Phase::Head), "{error:?}");
            match error.code {
                ErrorCode::TlsAlertReceived(name) => name,
                other => panic!("{other:?}: {}", error.detail),
            }
        };
        let absent = if version == "-tls1_3" { "certificate_required" } else { "handshake_failure" };
        assert_eq!(alert(&session), absent);
        let bad = other.issue(Kind::P256);
        session.change_tls(|tls| tls.set_client_certificate(bad.certificate.as_bytes(), bad.key.as_bytes())).unwrap();
        assert_eq!(alert(&session), "unknown_ca");
        for kind in KINDS {
            let good = authority.issue(kind);
            session
                .change_tls(|tls| tls.set_client_certificate(good.certificate.as_bytes(), good.key.as_bytes()))
                .unwrap();
            assert_eq!(get(&session, "/").0, 200, "{version} {kind:?}: {}", server.complaints());
            session.close_connection();
        }
    }
}

#[test]
fn no_common_ground_is_an_error_of_the_handshake() {
    let authority = Authority::new("an authority");
    let issued = authority.issue(Kind::Rsa2048);
    for arguments in [
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"][..],
        // A suite without forward secrecy, and one of an older kind.
        &["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
        &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"],
        &["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"],
        &["-groups", "P-521"],
    ] {
        let Some(server) = start(&issued, &authority, arguments) else { return };
        let guest = Guest::new();
        let error = session(&guest, server.port(), &authority).get("/").unwrap_err();
        assert_eq!(error.phase, Phase::Handshake, "{arguments:?}: {error:?}");
        assert!(
            matches!(error.code, ErrorCode::TlsAlertReceived(_) | ErrorCode::TlsProtocolError),
            "{arguments:?}: {error:?}"
        );
    }
}
