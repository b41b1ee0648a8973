//! `rspauth`, a server's proof that it knows the password.

use xenon::error::{Code, Phase};
use xenon::session::events::CloseReason;

use crate::server::*;
use crate::support::*;

#[test]
fn a_server_that_does_not_know_the_password_is_found_out() {
    let challenge = "Digest realm=\"r\", qop=auth, nonce=n";
    let lie = "Authentication-Info: rspauth=\"0123456789abcdef0123456789abcdef\"";
    let in_head = response("200 OK", &[lie], "come in");
    let in_trailers = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n{lie}\r\n\r\n");
    for (answer, phase) in [(in_head, Phase::Head), (in_trailers, Phase::Body)] {
        let server = Server::new(move |request| match request.authorization() {
            Some(_) => answer.clone(),
            None => asks(&[challenge]),
        });
        let (net, session) = world(&server);
        give(&session, DIGEST);
        let error = fetch(&net, &session, "GET", "/").unwrap_err();
        assert_eq!((error.phase, error.code, error.may_retry), (phase, Code::ServerNotAuthenticated, false));
        assert_eq!(net.open_connections(), 0);
        assert_eq!(told(&session).1, [CloseReason::Failed]);
        // In response to a request without credentials, it is ignored.
        session.change_credentials(|known| known.forget(None));
        assert_eq!(get(&net, &session, "/"), 401);
    }
}

#[test]
fn a_malformed_proof_is_no_proof() {
    for info in [
        "rspauth",
        "rspauth=\"0123",
        "rspauth=\"0123\"4",
        "rspauth=01\"23",
        "Digest rspauth=0123",
        "qop=auth, RSPAUTH",
        "rspauth ; 0123",
        "nextnonce=\"n, rspauth=\"0123\"",
    ] {
        let line = format!("Authentication-Info: {info}");
        let server = Server::new(move |request| match request.authorization() {
            Some(_) => response("200 OK", &[&line], "come in"),
            None => asks(&["Digest realm=\"r\", qop=auth, nonce=n"]),
        });
        let (net, session) = world(&server);
        give(&session, DIGEST);
        let error = fetch(&net, &session, "GET", "/").unwrap_err();
        assert_eq!((error.phase, error.code), (Phase::Head, Code::ServerNotAuthenticated), "{info}");
    }
}
