//! The client's certificate: which origins see it.

use rcgen::{ExtendedKeyUsagePurpose, PKCS_ECDSA_P256_SHA256};
use xenon::net::sim::SimNet;

use crate::authority::{Identity, root};
use crate::support::*;
use crate::tls_server::{BOTH, Peer, Settings, settings_with};

fn identity(name: &str) -> Identity {
    root().leaf_with(&PKCS_ECDSA_P256_SHA256, &[name], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    })
}

/// A server of this name that demands a certificate.
fn demanding(name: &str) -> Settings {
    settings_with(&root().leaf(&[name], |_| {}), BOTH, Some(root()), |_| true)
}

fn answering(settings: &Settings, responses: &[String]) -> Peer {
    responses.iter().fold(settings.peer(), |peer, response| peer.head().send(response)).listen()
}

fn options_with(client: &Client, certificate: &Identity) {
    let mut options = (*client.options()).clone();
    options.tls_mut().set_default_roots(false);
    options.tls_mut().add_roots(&root().certificate).unwrap();
    options.tls_mut().set_identity(certificate.chain_pem().as_bytes(), certificate.key_pem().as_bytes()).unwrap();
    client.set_options(options.into());
}

/// A client with a certificate, and `a.test`, which leads to `b.test`. Both demand one.
fn led_away(redirects: usize) -> (SimNet, Client) {
    let (net, client) = world();
    options_with(&client, &identity("client.test"));
    let away = vec![redirect(302, "https://b.test/"); redirects];
    net.listen(at("10.0.0.1:443"), [answering(&demanding("a.test"), &away).into()]);
    let b = demanding("b.test");
    net.listen(at("10.0.0.2:443"), (0..3).map(|_| answering(&b, &[ok("b"), ok("b")]).into()));
    (net, client)
}

#[test]
fn a_redirect_to_another_origin_does_not_show_it() {
    let (net, client) = led_away(2);
    let error = get(&net, &client, "https://a.test/").unwrap_err();
    assert!(error.detail.contains("certificate"), "{}", error.detail);
    // The caller's own request does, and its connection does not serve the redirect.
    assert_eq!(get(&net, &client, "https://b.test/").unwrap(), "b");
    let error = get(&net, &client, "https://a.test/").unwrap_err();
    assert!(error.detail.contains("certificate"), "{}", error.detail);
    assert_eq!(get(&net, &client, "https://b.test/").unwrap(), "b");
}

#[test]
fn a_certificate_of_the_other_origins_session_is_shown_there() {
    let (net, client) = led_away(1);
    let certificate = identity("other.test");
    let session = client.session("https", "b.test", 443);
    let (chain, key) = (certificate.chain_pem(), certificate.key_pem());
    session.change_options(|options| options.tls_mut().set_identity(chain.as_bytes(), key.as_bytes())).unwrap();
    assert_eq!(get(&net, &client, "https://a.test/").unwrap(), "b");
}

#[test]
fn on_the_way_back_it_is_shown_again() {
    let (net, client) = world();
    options_with(&client, &identity("client.test"));
    let a = demanding("a.test");
    net.listen(at("10.0.0.1:443"), [answering(&a, &[redirect(302, "https://b.test/"), ok("back")]).into()]);
    let free = settings_with(&root().leaf(&["b.test"], |_| {}), BOTH, None, |_| true);
    net.listen(at("10.0.0.2:443"), [answering(&free, &[redirect(302, "https://a.test/x")]).into()]);
    assert_eq!(get(&net, &client, "https://a.test/").unwrap(), "back");
    assert_eq!(net.connections(), 2);
}

#[test]
fn from_https_to_http_is_refused() {
    use xenon::error::{Code, Phase};
    let (net, client) = world();
    options_with(&client, &identity("client.test"));
    let away = [redirect(302, "http://b.test/")];
    net.listen(at("10.0.0.1:443"), [answering(&demanding("a.test"), &away).into()]);
    let b = origin(&net, B, |_| ok("b"));
    assert_eq!(failure(get(&net, &client, "https://a.test/")), (Phase::Redirect, Code::RedirectRefused));
    assert_eq!(b.seen().len(), 0);
}
