//! Settings of TLS that change while connections are kept: those that the new settings would not have made close.

use xenon::net::sim::SimNet;
use xenon::session::events::CloseReason;
use xenon::tls::settings::{TlsSettings, TlsVersion};

use crate::authority::{Identity, days, root, self_signed, stranger};
use crate::server::*;
use crate::support::*;

/// A change of the settings, and whether a kept connection outlives it.
type Change = (&'static str, fn(&mut TlsSettings), bool);

fn change(session: &Session, change: impl FnOnce(&mut TlsSettings)) {
    session.change_options(|options| change(options.tls_mut()));
}

/// A session that keeps a connection to a server with this identity, which it was prepared to accept; its events are taken.
fn keeping(identity: &Identity, versions: usize, prepare: impl FnOnce(&mut TlsSettings)) -> (SimNet, Session) {
    let settings = settings(identity, [TLS12, TLS13][versions]);
    let (net, session) = world([settings.answers(2), settings.answers(2)]);
    change(&session, |tls| {
        tls.set_default_roots(true);
        prepare(tls);
    });
    assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
    session.take_events();
    (net, session)
}

/// Forgets all that was set.
fn trust_nobody(tls: &mut TlsSettings) {
    *tls = TlsSettings::default();
    tls.set_default_roots(false);
}

fn assert_outlives(net: &SimNet, session: &Session, is_kept: bool, what: &str) {
    let reasons = if is_kept { vec![] } else { vec![CloseReason::SettingsChanged] };
    assert_eq!((net.open_connections(), closings(session)), (usize::from(is_kept), reasons), "{what}");
}

#[test]
fn what_the_new_settings_would_not_have_made_closes() {
    let changes: [Change; 7] = [
        ("roots that it does not need", |tls| tls.set_default_roots(false), true),
        ("roots that it has", |tls| tls.set_default_roots(true), true),
        ("more roots", |tls| tls.add_roots(&stranger().certificate).unwrap(), true),
        ("both versions", |tls| tls.set_versions(TlsVersion::Tls12, TlsVersion::Tls13).unwrap(), true),
        ("no certificate, as before", |tls| tls.remove_identity(), true),
        ("a wrong setting", |tls| assert!(tls.set_versions(TlsVersion::Tls13, TlsVersion::Tls12).is_err()), true),
        (
            "a certificate",
            |tls| {
                let own = root().leaf(&["client.test"], |_| {});
                tls.set_identity(own.certificate(), &own.key).unwrap();
            },
            false,
        ),
    ];
    for version in 0..2 {
        for (what, make, is_kept) in changes {
            let (net, session) = keeping(&good(), version, |_| {});
            change(&session, make);
            assert_outlives(&net, &session, is_kept, what);
        }
        for (oldest, newest) in [(TlsVersion::Tls12, TlsVersion::Tls12), (TlsVersion::Tls13, TlsVersion::Tls13)] {
            let (net, session) = keeping(&good(), version, |_| {});
            change(&session, |tls| tls.set_versions(oldest, newest).unwrap());
            assert_outlives(&net, &session, (version == 0) == (oldest == TlsVersion::Tls12), "one version");
        }
        // A certificate that is shown no more.
        let own = root().leaf(&["client.test"], |_| {});
        let (net, session) = keeping(&good(), version, |tls| tls.set_identity(own.certificate(), &own.key).unwrap());
        change(&session, |tls| tls.remove_identity());
        assert_outlives(&net, &session, false, "no certificate");
    }
}

#[test]
fn who_is_trusted_no_more_is_asked_no_more() {
    let own = self_signed(&["other.test"], |_| {});
    for version in 0..2 {
        for accepted in [false, true] {
            let (net, session) = keeping(&own, version, |tls| tls.add_leaves(own.certificate()).unwrap());
            change(&session, |tls| {
                trust_nobody(tls);
                if accepted {
                    tls.add_leaves(own.certificate()).unwrap();
                }
            });
            assert_outlives(&net, &session, accepted, "an accepted certificate");
            let outcome = get(&net, &session);
            assert_eq!(outcome.is_ok(), accepted);
        }
    }
}

#[test]
fn changed_settings_let_a_response_finish() {
    for versions in [TLS12, TLS13] {
        let settings = settings(&good(), versions);
        let slow = settings.peer().head().send(&ok("all of it")[..42]).send(&ok("all of it")[42..]).listen();
        let (net, session) = world([slow, settings.answers(1)]);
        let (_, response) = open(&net, &session.request("GET", "/")).unwrap();
        let own = root().leaf(&["client.test"], |_| {});
        change(&session, |tls| tls.set_identity(own.certificate(), &own.key).unwrap());
        assert_eq!(net.open_connections(), 1);
        assert_eq!(content(&net, &response).as_deref(), Ok("all of it"));
        assert_outlives(&net, &session, false, "after its response");
        assert_eq!(get(&net, &session).as_deref(), Ok("ok"));
        assert_eq!(net.connections(), 2);
    }
}

#[test]
fn changed_settings_close_expired_connections() {
    let (net, session) = keeping(&good(), 1, |_| {});
    net.set_wall_clock(crate::authority::TODAY + days(3650));
    assert_eq!(get(&net, &session).as_deref(), Ok("ok"), "a kept connection has no date");
    change(&session, |tls| tls.set_default_roots(false));
    assert_outlives(&net, &session, false, "expired");
}
