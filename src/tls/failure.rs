//! Why TLS failed, as values: failed checks of a certificate, an alert, or a fault in the peer's bytes.

use std::fmt;

use crate::error::Rejected;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

/// Why there is no TLS connection, or why it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The peer's certificate was not accepted.
    Certificate(Box<Rejected>),
    /// The peer closed the connection with this alert (its name in RFC 8446 section 6).
    Alert(String),
    /// The peer violated the protocol, or no common parameters exist; in words.
    Protocol(String),
    /// The connection ended without `close_notify`: the received bytes may be truncated.
    Truncated,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(rejected) => rejected.fmt(f),
            Self::Alert(name) => write!(f, "the server ended the TLS connection with the alert {name}"),
            Self::Protocol(words) => f.write_str(words),
            Self::Truncated => f.write_str("the connection ended without the end of TLS: what came may have been cut"),
        }
    }
}

impl Failure {
    /// The failure that an error of rustls means.
    pub(super) fn of(error: Error) -> Self {
        match error {
            Error::InvalidCertificate(CertificateError::Other(other)) => match other.0.downcast_ref::<Rejected>() {
                Some(rejected) => Self::Certificate(Box::new(rejected.clone())),
                None => Self::Protocol(format!("the server's certificate cannot be used: {other}")),
            },
            Error::AlertReceived(alert) => Self::Alert(alert_name(alert)),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
                Self::Protocol("the server does not speak TLS at this port".into())
            }
            Error::PeerIncompatible(what) => {
                Self::Protocol(format!("no common ground with the server: {}", why(&what)))
            }
            error => Self::Protocol(format!("the server broke the TLS protocol: {error}")),
        }
    }
}

fn why(what: &PeerIncompatible) -> String {
    match what {
        PeerIncompatible::ServerDoesNotSupportTls12Or13 => "it speaks neither TLS 1.2 nor TLS 1.3".into(),
        PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => {
            "it chose a version of TLS that this session does not allow".into()
        }
        what => format!("{what:?}"),
    }
}

/// `handshake_failure` for `HandshakeFailure`.
fn alert_name(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else {
        return u8::from(alert).to_string();
    };
    // As RFC 6066 spells it.
    let name = name.replace("Unrecognised", "Unrecognized");
    let mut snake = String::new();
    let mut letters = name.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        // Each word begins with a capital; an abbreviation is all capitals.
        let begins = before.is_some_and(|before: char| before.is_ascii_lowercase())
            || (before.is_some() && letters.peek().is_some_and(char::is_ascii_lowercase));
        if letter.is_ascii_uppercase() && begins {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
        before = Some(letter);
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_the_names_of_the_standard() {
        assert_eq!(alert_name(AlertDescription::HandshakeFailure), "handshake_failure");
        assert_eq!(alert_name(AlertDescription::UnknownCA), "unknown_ca");
        assert_eq!(alert_name(AlertDescription::EncryptedClientHelloRequired), "encrypted_client_hello_required");
        assert_eq!(alert_name(AlertDescription::UnrecognisedName), "unrecognized_name");
        assert_eq!(alert_name(AlertDescription::UnknownPSKIdentity), "unknown_psk_identity");
        assert_eq!(alert_name(AlertDescription::NoApplicationProtocol), "no_application_protocol");
        assert_eq!(alert_name(AlertDescription::CertificateRequired), "certificate_required");
        assert_eq!(alert_name(AlertDescription::Unknown(200)), "200");
    }
}
