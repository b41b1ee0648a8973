//! The configuration of rustls for handshakes, made from settings once and used until they change.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::UnixTime;
use rustls::sign::SingleCertAndKey;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use super::facts::{TLS13, TlsFacts, server_name};
use super::provider::provider;
use super::remembered::{Clock, Made, Peer, View};
use super::settings::{TlsSettings, TlsVersion};
use super::verify::Verifier;
use crate::http::origin::Host;
use crate::reason::OwnedReason;

/// Settings in the form for handshakes.
#[derive(Clone)]
pub struct Configuration {
    made: Made,
    pub(super) settings: Rc<TlsSettings>,
}

impl Configuration {
    /// The configuration for these settings. `now` is the time since 1970 by the wall clock.
    pub fn of(settings: &Rc<TlsSettings>, now: Duration) -> Result<Self, OwnedReason> {
        let remembered = &settings.remembered;
        let made = match remembered.made.get() {
            Some(made) => made,
            None => {
                let made = make(settings)?;
                remembered.made.get_or_init(|| made)
            }
        };
        remembered.clock.set(now);
        Ok(Self { made: made.clone(), settings: Rc::clone(settings) })
    }

    /// The configuration of one connection to this peer. rustls passes only a server's name to its session store: not the port,
    /// nor whether it is a proxy. So each connection has a store that knows its peer.
    pub(super) fn for_connection(&self, peer: Peer) -> Arc<ClientConfig> {
        let mut config = ClientConfig::clone(&self.made.config);
        config.resumption = Resumption::store(Arc::new(View::new(&self.settings.remembered, peer)));
        Arc::new(config)
    }

    /// Whether a handshake with this host that led to these facts would succeed again. `now` is as for [`Configuration::of`].
    pub fn would_make(&self, facts: &TlsFacts, host: &Host, now: Duration) -> bool {
        let version = if facts.version == TLS13 { TlsVersion::Tls13 } else { TlsVersion::Tls12 };
        let TlsSettings { oldest, newest, identity, .. } = &*self.settings;
        (oldest..=newest).contains(&&version)
            && facts.identity == *identity
            && server_name(host)
                .is_ok_and(|name| self.made.verifier.accepts(&facts.chain, &name, UnixTime::since_unix_epoch(now)))
    }
}

fn make(settings: &TlsSettings) -> Result<Made, OwnedReason> {
    let provider = Arc::new(provider());
    let algorithms = provider.signature_verification_algorithms;
    let mut roots = RootCertStore { roots: settings.roots.clone() };
    if settings.has_default_roots {
        roots.roots.extend_from_slice(webpki_roots::TLS_SERVER_ROOTS);
    }
    let versions: Vec<&'static SupportedProtocolVersion> =
        [(TlsVersion::Tls12, &version::TLS12), (TlsVersion::Tls13, &version::TLS13)]
            .into_iter()
            .filter(|(version, _)| (settings.oldest..=settings.newest).contains(version))
            .map(|(_, version)| version)
            .collect();
    let time: Arc<dyn TimeProvider> = Arc::<Clock>::clone(&settings.remembered.clock);
    let verifier = Arc::new(Verifier { roots, leaves: settings.leaves.clone(), algorithms });
    let judge: Arc<dyn ServerCertVerifier> = Arc::<Verifier>::clone(&verifier);
    let builder = ClientConfig::builder_with_details(provider, time)
        .with_protocol_versions(&versions)
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(judge);
    let mut config = match &settings.identity.0 {
        Some(identity) => {
            let resolver: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(Arc::clone(identity)));
            builder.with_client_cert_resolver(resolver)
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(Made { config: Arc::new(config), verifier })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate in PEM and its key.
    fn pair() -> (String, String) {
        let pair = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
        (pair.cert.pem(), pair.signing_key.serialize_pem())
    }

    #[test]
    fn only_changes_make_a_new_configuration() {
        let (one, key) = pair();
        let mut settings = Rc::new(TlsSettings::default());
        let mut last = Configuration::of(&settings, Duration::ZERO).unwrap();
        let changes: [fn(&mut TlsSettings, &str, &str); 6] = [
            |settings, _, _| settings.set_default_roots(false),
            |settings, one, _| settings.add_roots(one.as_bytes()).unwrap(),
            |settings, one, _| settings.add_leaves(one.as_bytes()).unwrap(),
            |settings, one, key| settings.set_identity(one.as_bytes(), key.as_bytes()).unwrap(),
            |settings, _, _| settings.remove_identity(),
            |settings, _, _| settings.set_versions(TlsVersion::Tls13, TlsVersion::Tls13).unwrap(),
        ];
        for change in changes {
            change(Rc::make_mut(&mut settings), &one, &key);
            let now = Configuration::of(&settings, Duration::from_secs(1)).unwrap();
            assert!(!Arc::ptr_eq(&last.made.config, &now.made.config));
            assert!(Rc::make_mut(&mut settings).add_roots(b"nothing").is_err());
            last = Configuration::of(&settings, Duration::from_secs(2)).unwrap();
            assert!(Arc::ptr_eq(&last.made.config, &now.made.config));
        }
    }
}
