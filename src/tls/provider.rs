//! The cryptography that rustls is given: ring's, its suites in an order of our own.

use rustls::CipherSuite;
use rustls::crypto::{CryptoProvider, ring};

/// The provider, with the suites in the order in which they are offered.
///
/// ChaCha20-Poly1305 comes first: in WebAssembly, which has no instructions for AES, it is 5 to 8 times as fast, and most
/// servers honour the client's order.
pub(super) fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites.sort_by_key(|suite| {
        !matches!(
            suite.suite(),
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        )
    });
    provider
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_weak_is_offered() {
        for suite in provider().cipher_suites {
            let name = format!("{:?}", suite.suite());
            assert!(name.contains("GCM") || name.contains("CHACHA20"), "{name}");
            assert!(name.starts_with("TLS13_") || name.contains("ECDHE"), "{name}");
        }
    }
}
