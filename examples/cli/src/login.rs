//! What the options, and a URL, say of who asks: a name and a password, or a token. When they are sent, and how, is the
//! component's to know.

use std::fmt;

use crate::bindings::Session;
use crate::bindings::types::{AuthSchemes, Error};

/// A name and a password. They are shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    user: String,
    password: String,
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
    /// `USER:PASSWORD`. Without a colon the password is empty: nobody is asked for one.
    pub fn parse(text: &str) -> Self {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Self { user: user.to_owned(), password: password.to_owned() }
    }

    /// The same as it stands before the host of a URL, in percent-encoding.
    pub fn parse_encoded(text: &str) -> Result<Self, &'static str> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Ok(Self { user: decoded(user)?, password: decoded(password)? })
    }
}

impl LoginOptions {
    /// Has a session answer with these credentials; what `-u` says comes before what the URL says, as in curl.
    pub fn give_to(&self, session: &Session, of_url: Option<&Login>) -> Result<(), Error> {
        if let Some(Login { user, password }) = self.login.as_ref().or(of_url) {
            let schemes = self.schemes();
            session.set_credentials(None, user, password, schemes, schemes == AuthSchemes::BASIC)?;
        }
        if let Some(token) = &self.token {
            session.set_bearer_token(None, token, None, !self.any)?;
        }
        Ok(())
    }

    /// The value of `Authorization` for a request whose `Host` the user has chosen. The session keeps what it was given for its
    /// own authority, and only the user can know that the other one may see it; curl sends it too. None where it would have to
    /// be asked for first.
    pub fn for_another_host(&self, of_url: Option<&Login>) -> Option<String> {
        if let Some(token) = self.token.as_ref().filter(|_| !self.any) {
            return Some(format!("Bearer {token}"));
        }
        let Login { user, password } = self.login.as_ref().or(of_url)?;
        (self.schemes() == AuthSchemes::BASIC).then(|| format!("Basic {}", base64(&format!("{user}:{password}"))))
    }

    /// Basic, if nothing else is asked for.
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

/// RFC 4648 section 4.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits_of = |piece: &[u8]| {
        let byte = |at: usize| u32::from(piece.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let is_there = piece.len();
        (0..4).map(move |at| match DIGITS.get((bits >> (18 - 6 * at) & 0x3f) as usize) {
            Some(digit) if at as usize <= is_there => char::from(*digit),
            _ => '=',
        })
    };
    text.as_bytes().chunks(3).flat_map(digits_of).collect()
}

fn decoded(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
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
    String::from_utf8(bytes).map_err(|_| "its name or password is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user: &str, password: &str) -> Login {
        Login { user: user.to_owned(), password: password.to_owned() }
    }

    #[test]
    fn the_first_colon_parts_the_password() {
        assert!(Login::parse("a:b:c") == login("a", "b:c"));
        assert!(Login::parse("a") == login("a", ""));
        assert!(Login::parse(":") == login("", ""));
        assert!(Login::parse("a%3A:b") == login("a%3A", "b"));
    }

    #[test]
    fn a_url_has_them_encoded() {
        assert!(Login::parse_encoded("a%40b:%3a%C3%a9").unwrap() == login("a@b", ":\u{e9}"));
        assert!(Login::parse_encoded("100%:%zz%4").unwrap() == login("100%", "%zz%4"));
        Login::parse_encoded("%ff").unwrap_err();
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
        let ours = || Some(login("Aladdin", "open sesame"));
        let basic = Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".to_owned());
        assert_eq!(options(ours(), None).for_another_host(None), basic);
        assert_eq!(options(ours(), None).for_another_host(Some(&login("a", "b"))), basic);
        assert_eq!(options(None, None).for_another_host(ours().as_ref()), basic);
        assert_eq!(options(ours(), Some("t")).for_another_host(None).as_deref(), Some("Bearer t"));
        assert_eq!(options(None, None).for_another_host(None), None);
        for (digest, any) in [(true, false), (false, true)] {
            let options = LoginOptions { digest, any, ..options(ours(), None) };
            assert_eq!(options.for_another_host(None), None);
        }
    }

    /// RFC 4648 section 10.
    #[test]
    fn base64_at_each_length() {
        for (text, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(text), expected);
        }
        assert_eq!(base64("\u{7ff}\u{7ff}\u{fb}"), "37/fv8O7");
    }

    #[test]
    fn they_are_shown_to_nobody() {
        let options =
            LoginOptions { login: Some(login("joe", "sesame")), token: Some("s3cr3t".into()), ..Default::default() };
        let shown = format!("{options:?} {:?}", options.login);
        assert!(!shown.contains("sesame") && !shown.contains("s3cr3t"));
    }
}
