//! Credentials from the options and from a URL: a user name and password, or a token. The component decides when and how they are
//! sent.

use std::fmt;

use crate::bindings::Session;
use crate::bindings::types::AuthSchemes;
use crate::exit::{Exit, Failure};
use crate::pem::base64;

/// A user name and a password. They are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    user: Vec<u8>,
    password: Vec<u8>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(***)")
    }
}

/// The options.
#[derive(Clone, Default)]
pub struct LoginOptions {
    /// `-u`.
    pub login: Option<Login>,
    /// `--oauth2-bearer`.
    pub token: Option<String>,
    /// `--basic`.
    pub basic: bool,
    /// `--digest`.
    pub digest: bool,
    /// `--anyauth`.
    pub any: bool,
}

impl fmt::Debug for LoginOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginOptions(***)")
    }
}

impl Login {
    /// Parses `USER:PASSWORD`. Without a colon the password is empty: there is no prompt.
    pub fn parse(bytes: &[u8]) -> Self {
        let (user, password) = parted(bytes);
        Self { user: user.to_vec(), password: password.to_vec() }
    }

    /// Parses the same before the host of a URL, percent-encoded.
    pub fn parse_encoded(bytes: &[u8]) -> Self {
        let (user, password) = parted(bytes);
        Self { user: decoded(user), password: decoded(password) }
    }

    /// The same as text, which a session requires.
    fn as_text(&self) -> Option<(&str, &str)> {
        Some((std::str::from_utf8(&self.user).ok()?, std::str::from_utf8(&self.password).ok()?))
    }

    /// The value of `Authorization` for Basic, byte for byte.
    fn basic(&self) -> Vec<u8> {
        let mut value = String::from("Basic ");
        base64(&[&self.user, b":".as_slice(), &self.password].concat(), &mut value);
        value.into_bytes()
    }
}

fn parted(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b':') {
        Some(colon) => {
            (bytes.get(..colon).unwrap_or_default(), bytes.get(colon.saturating_add(1)..).unwrap_or_default())
        }
        None => (bytes, &[]),
    }
}

impl LoginOptions {
    /// Whether there are credentials.
    pub fn is_given(&self) -> bool {
        self.login.is_some() || self.token.is_some()
    }

    /// Sets these credentials on a session. `-u` takes precedence over the URL, as in curl.
    pub fn give_to(&self, session: &Session, of_url: Option<&Login>) -> Result<(), Failure> {
        let failed = |error| Failure::from_component(&error, false);
        if let Some(login) = self.login.as_ref().or(of_url) {
            let schemes = self.schemes();
            if let Some((user, password)) = login.as_text() {
                let is_ahead = schemes == AuthSchemes::BASIC;
                session.set_credentials(None, user, password, schemes, is_ahead).map_err(failed)?;
            } else if schemes != AuthSchemes::BASIC {
                let why = "the name or the password is not UTF-8, and has to be where Digest may be asked for: \
                           Basic alone takes any bytes";
                return Err(Failure::new(Exit::BadOption, why));
            }
        }
        if let Some(token) = &self.token {
            session.set_bearer_token(None, token, None, !self.any).map_err(failed)?;
        }
        Ok(())
    }

    /// The value of `Authorization` if the command writes the field itself. `None` if the session has the credentials, or if it
    /// would have to wait for a challenge.
    ///
    /// There are two cases. A session takes text only, so a login that is not UTF-8 is written here. And a session uses
    /// credentials only for its own authority, so they are written here if the user chose another `Host`: only the user knows
    /// whether that host may see them, and curl sends them.
    pub fn field(&self, of_url: Option<&Login>, has_host: bool) -> Option<Vec<u8>> {
        if let Some(token) = &self.token {
            return (has_host && !self.any).then(|| format!("Bearer {token}").into_bytes());
        }
        let login = self.login.as_ref().or(of_url)?;
        let is_ahead = self.schemes() == AuthSchemes::BASIC;
        (is_ahead && (has_host || login.as_text().is_none())).then(|| login.basic())
    }

    /// Basic, unless other schemes were requested.
    fn schemes(&self) -> AuthSchemes {
        let none = AuthSchemes::empty();
        let digest = AuthSchemes::DIGEST_MD5
            | AuthSchemes::DIGEST_SHA256
            | AuthSchemes::DIGEST_SHA512256
            | AuthSchemes::DIGEST_WITHOUT_QOP;
        let basic = if self.basic || self.any || !self.digest { AuthSchemes::BASIC } else { none };
        basic | if self.digest || self.any { digest } else { none }
    }
}

fn decoded(encoded: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, after @ ..] = rest {
        rest = after;
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(match after {
            [high, low, after @ ..] if *first == b'%' => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => *first,
        });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user: &str, password: &str) -> Login {
        Login { user: user.into(), password: password.into() }
    }

    #[test]
    fn the_first_colon_parts_the_password() {
        assert!(Login::parse(b"a:b:c") == login("a", "b:c"));
        assert!(Login::parse(b"a") == login("a", ""));
        assert!(Login::parse(b":") == login("", ""));
        assert!(Login::parse(b"a%3A:b") == login("a%3A", "b"));
    }

    #[test]
    fn a_url_has_them_encoded() {
        assert!(Login::parse_encoded(b"a%40b:%3a%C3%a9") == login("a@b", ":\u{e9}"));
        assert!(Login::parse_encoded(b"100%:%zz%4") == login("100%", "%zz%4"));
        assert!(Login::parse_encoded(b"%ff:\xfe") == Login { user: vec![0xff], password: vec![0xfe] });
    }

    #[test]
    fn what_is_not_text_goes_as_basic_byte_for_byte() {
        let options = |login: &[u8]| LoginOptions { login: Some(Login::parse(login)), ..LoginOptions::default() };
        let field = |options: &LoginOptions| options.field(None, false).map(|value| String::from_utf8(value).unwrap());
        assert_eq!(field(&options(b"a\xff:b")).as_deref(), Some("Basic Yf86Yg=="));
        assert_eq!(field(&options(b"a:\xff")).as_deref(), Some("Basic YTr/"));
        assert_eq!(field(&options("a:\u{e9}".as_bytes())), None);
        assert_eq!(field(&LoginOptions { any: true, ..options(b"a:\xff") }), None);
        assert_eq!(field(&LoginOptions { digest: true, ..options(b"a:\xff") }), None);
        let of_url = Login::parse_encoded(b"%ff:b");
        assert!(LoginOptions::default().field(Some(&of_url), false).is_some());
        assert_eq!(options(b"a:b").field(Some(&of_url), false), None, "-u comes first");
    }

    #[test]
    fn schemes_are_curl_s() {
        let schemes = |basic, digest, any| LoginOptions { basic, digest, any, ..LoginOptions::default() }.schemes();
        assert_eq!(schemes(false, false, false), AuthSchemes::BASIC);
        assert_eq!(schemes(true, false, false), AuthSchemes::BASIC);
        let digest = schemes(false, true, false);
        assert_eq!(digest & AuthSchemes::BASIC, AuthSchemes::empty());
        assert_eq!(digest & AuthSchemes::DIGEST_WITHOUT_QOP, AuthSchemes::DIGEST_WITHOUT_QOP);
        assert_eq!(schemes(true, true, false), digest | AuthSchemes::BASIC);
        assert_eq!(schemes(false, false, true), digest | AuthSchemes::BASIC);
    }

    #[test]
    fn what_goes_at_once_goes_to_another_host_too() {
        let options = |login: Option<Login>, token: Option<&str>| LoginOptions {
            login,
            token: token.map(str::to_owned),
            ..LoginOptions::default()
        };
        let to_another = |options: LoginOptions, of_url: Option<&Login>| {
            options.field(of_url, true).map(|value| String::from_utf8(value).unwrap())
        };
        let ours = || Some(login("Aladdin", "open sesame"));
        let basic = Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".to_owned());
        assert_eq!(to_another(options(ours(), None), None), basic);
        assert_eq!(to_another(options(ours(), None), Some(&login("a", "b"))), basic);
        assert_eq!(to_another(options(None, None), ours().as_ref()), basic);
        assert_eq!(to_another(options(ours(), Some("t")), None).as_deref(), Some("Bearer t"));
        assert_eq!(to_another(options(None, None), None), None);
        for (digest, any) in [(true, false), (false, true)] {
            assert_eq!(to_another(LoginOptions { digest, any, ..options(ours(), None) }, None), None);
        }
    }

    #[test]
    fn they_are_shown_to_nobody() {
        let options =
            LoginOptions { login: Some(login("joe", "sesame")), token: Some("s3cr3t".into()), ..Default::default() };
        let shown = format!("{options:?} {:?}", options.login);
        assert!(!shown.contains("sesame") && !shown.contains("s3cr3t"));
    }
}
