//! Digest (RFC 7616): one challenge, the requests that answer it, and the server's proof in return.
//!
//! It makes no random bytes and keeps no login: the client nonce and the login are arguments.

pub mod algorithm;
mod header;

use subtle::ConstantTimeEq;

use self::algorithm::Algorithm;
use self::header::Header;
use super::Login;
use super::challenge::Challenge;
use super::information;
use crate::limits;
use crate::reason::Reason;
use crate::secret::Secret;

/// One challenge, and its answers for as long as its nonce, or a successor, is valid.
#[derive(Clone, Debug)]
pub struct Digest {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// As the server wrote it, if it did, because the server compares it literally.
    algorithm_name: Option<String>,
    /// Whether `qop=auth` is used; otherwise the answer is that of RFC 2069.
    has_qop: bool,
    is_name_hashed: bool,
    /// Whether the server declares UTF-8, and so knows RFC 7616.
    is_utf8: bool,
    domain: Vec<String>,
    /// How many requests used this nonce.
    count: u32,
    /// The nonce and client nonce that started the session of a `-sess` algorithm (RFC 7616 section 3.4.2).
    session: Option<(String, String)>,
}

/// What it takes to check whether the server that answers one request knows the password too.
#[derive(Clone, Debug)]
pub struct Proof {
    nonce: String,
    /// The client nonce and the nonce count as sent, if they were.
    sent: Option<(String, u32)>,
    rspauth: Secret,
}

impl Proof {
    /// The nonce that this request used.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }
}

impl Digest {
    /// Reads a challenge. One without `qop` is refused unless the caller allows RFC 2069, where the server chooses
    /// everything that is hashed.
    pub fn from_challenge(challenge: &Challenge, legacy: bool) -> Result<Self, Reason> {
        if !challenge.is("digest") {
            return Err("the challenge is not for Digest");
        }
        // The original bytes would have to be sent back, and they are lost.
        if challenge.parameters.iter().any(|(_, value)| value.contains(char::REPLACEMENT_CHARACTER)) {
            return Err("the Digest challenge is not UTF-8");
        }
        let text = |name| challenge.parameter(name).map(str::to_owned);
        let is_long = |name| challenge.parameter(name).is_some_and(|value| value.len() > limits::DIGEST_VALUE_LENGTH);
        if ["realm", "nonce", "opaque"].into_iter().any(is_long) {
            return Err("the Digest challenge has a value that is too long to be sent back");
        }
        let algorithm_name = text("algorithm");
        let algorithm = match &algorithm_name {
            Some(name) => Algorithm::from_name(name).ok_or("the Digest challenge asks for an unknown algorithm")?,
            None => Algorithm::Md5,
        };
        let has_qop = match challenge.parameter("qop") {
            Some(list) if has_auth(list) => true,
            Some(_) => return Err("the Digest challenge asks for a qop other than auth"),
            None if !legacy => return Err("the Digest challenge has no qop, and none without is allowed"),
            // Without a qop there is no client nonce.
            None if algorithm.is_session() => return Err("the Digest challenge has no qop, which its algorithm needs"),
            None => false,
        };
        let domain = challenge.parameter("domain").unwrap_or_default();
        let says = |name, word: &str| challenge.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case(word));
        Ok(Self {
            realm: text("realm").ok_or("the Digest challenge has no realm")?,
            nonce: text("nonce").ok_or("the Digest challenge has no nonce")?,
            opaque: text("opaque"),
            algorithm,
            algorithm_name,
            has_qop,
            is_name_hashed: says("userhash", "true"),
            is_utf8: says("charset", "utf-8"),
            domain: domain.split_ascii_whitespace().take(limits::CHALLENGE_DOMAINS).map(str::to_owned).collect(),
            count: 0,
            session: None,
        })
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The nonce of the next request.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The algorithm that the server asks for.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// How strong it is: first whether the client's nonce is hashed too, then the algorithm.
    pub fn strength(&self) -> (bool, Algorithm) {
        (self.has_qop, self.algorithm)
    }

    /// The URIs of the protection space, as the server wrote them. Without any, it is the whole server.
    pub fn domain(&self) -> impl Iterator<Item = &str> {
        self.domain.iter().map(String::as_str)
    }

    /// The value of `Authorization`, or of `Proxy-Authorization`, for one request; it increments the count. `uri` is
    /// the target exactly as in the request line. `cnonce` is random, for this request alone, and needs no quotes.
    pub fn authorize(&mut self, login: &Login, method: &str, uri: &str, cnonce: &str) -> (Secret, Proof) {
        // No server keeps a nonce for so long, and one that did would refuse the last count when it came twice.
        self.count = self.count.saturating_add(1);
        let count = format!("{:08x}", self.count);
        let hash = |parts: &[&str]| self.algorithm.hash(parts);

        let mut cnonce = cnonce;
        let mut a1 = hash(&[&login.user, &self.realm, login.password.expose()]);
        if self.algorithm.is_session() {
            // The key is made once for a session, which lasts until the next challenge, whatever nonces follow the
            // first. All its requests use the same client nonce, because some servers derive the key anew from each
            // request.
            let (first_nonce, first_cnonce) =
                self.session.get_or_insert_with(|| (self.nonce.clone(), cnonce.to_owned()));
            a1 = hash(&[&a1, first_nonce, first_cnonce]);
            cnonce = first_cnonce;
        }
        let respond = |method: &str| {
            let a2 = hash(&[method, uri]);
            if self.has_qop {
                hash(&[&a1, &self.nonce, &count, cnonce, "auth", &a2])
            } else {
                hash(&[&a1, &self.nonce, &a2])
            }
        };
        let response = respond(method);
        // RFC 7616 section 3.5: the server hashes the same, without the method.
        let rspauth = respond("");

        let mut header = Header::new();
        if self.is_name_hashed {
            header.quoted("username", &hash(&[&login.user, &self.realm]));
        } else {
            header.user(&login.user, self.is_utf8);
        }
        header.quoted("realm", &self.realm);
        header.quoted("uri", uri);
        if let Some(name) = &self.algorithm_name {
            header.token("algorithm", name);
        }
        header.quoted("nonce", &self.nonce);
        if self.has_qop {
            header.token("nc", &count);
            header.quoted("cnonce", cnonce);
            header.token("qop", "auth");
        }
        header.quoted("response", &response);
        if let Some(opaque) = &self.opaque {
            header.quoted("opaque", opaque);
        }
        if self.is_name_hashed {
            header.token("userhash", "true");
        }
        let sent = self.has_qop.then(|| (cnonce.to_owned(), self.count));
        (header.finish(), Proof { nonce: self.nonce.clone(), sent, rspauth: Secret::new(rspauth.as_str()) })
    }

    /// Checks the response's `Authentication-Info`, or `Proxy-Authentication-Info`, all its lines, of the head or the
    /// trailers (RFC 7616 section 3.5). An error means that the server does not know the
    /// password. A missing proof is no error, because most servers send none.
    pub fn verify<'a>(&mut self, proof: &Proof, info: impl Iterator<Item = &'a [u8]>) -> Result<(), Reason> {
        let info = information::parse(info)?;
        if let Some((cnonce, count)) = &proof.sent {
            if info.parameter("qop").is_some_and(|qop| !qop.eq_ignore_ascii_case("auth")) {
                return Err("the server's Digest has a qop other than the request's");
            }
            if info.parameter("cnonce").is_some_and(|other| other != cnonce) {
                return Err("the server's Digest has a client nonce other than the request's");
            }
            if info.parameter("nc").is_some_and(|text| u32::from_str_radix(text, 16) != Ok(*count)) {
                return Err("the server's Digest has a nonce count other than the request's");
            }
        }
        if let Some(rspauth) = info.parameter("rspauth") {
            let rspauth = rspauth.to_ascii_lowercase();
            if !bool::from(rspauth.as_bytes().ct_eq(proof.rspauth.expose().as_bytes())) {
                return Err("the server's Digest is wrong: it does not know the password");
            }
        }
        if let Some(next) = info.parameter("nextnonce") {
            self.follow(proof, next);
        }
        Ok(())
    }

    /// Takes the nonce that the server wants from the next request on, and restarts the count.
    ///
    /// The current nonce is not taken again, nor one in the response to a request that used an older nonce, as the
    /// second of two concurrent requests did: counts of the current nonce would be used twice.
    fn follow(&mut self, proof: &Proof, next: &str) {
        let is_news = proof.nonce == self.nonce && next != self.nonce;
        // A nonce that cannot be sent back is not taken; the server will call the old one stale.
        let is_sendable = next.len() <= limits::DIGEST_VALUE_LENGTH && !next.contains(char::REPLACEMENT_CHARACTER);
        if is_news && is_sendable {
            self.nonce = next.to_owned();
            self.count = 0;
        }
    }
}

/// Whether `auth` is among these quality-of-protection values.
fn has_auth(list: &str) -> bool {
    list.split(',').any(|value| value.trim().eq_ignore_ascii_case("auth"))
}

#[cfg(test)]
mod tests;
