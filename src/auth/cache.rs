//! What is known about one server that issues challenges, the origin or a proxy: the logins and tokens that the caller
//! gave for it, and its protection spaces as far as they were discovered (RFC 9110 section 11.5).
//!
//! It decides which credentials a request carries, and what its response means. It sends nothing. Secrets leave it only
//! as the value of a field.

use std::cell::RefCell;
use std::rc::Rc;

pub use super::attempts::Attempts;

use super::answer::{Answer, Candidate, Strength};
use super::challenge::Challenge;
use super::configured::Configured;
use super::digest::Digest;
use super::realm::{Space, Standing};
use super::space::Extent;
use super::{Asked, Login, Schemes, Server};
use crate::http::origin::Origin;
use crate::limits::{AUTH_ROUNDS, LOGINS, REALMS};
use crate::reason::Reason;
use crate::secret::Secret;

/// What is known about one server.
#[derive(Debug)]
pub struct Credentials {
    server: Server,
    /// The origin that `domain` is compared with; a proxy has none.
    origin: Option<Rc<Origin>>,
    configured: Vec<Rc<Configured>>,
    /// In the order of use, the most recent last.
    spaces: Vec<Rc<RefCell<Space>>>,
}

/// What to do about a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send the request again; [`Credentials::authorize`] has an answer now.
    Again {
        /// The scheme, as people write it.
        scheme: &'static str,
        /// The realm.
        realm: String,
    },
    /// There is nothing to try: the challenge is the final response.
    Stays,
}

impl Credentials {
    /// The credentials of an origin. Without an origin, nothing is ever sent.
    pub fn of_origin(origin: Option<Rc<Origin>>) -> Self {
        Self { server: Server::Origin, origin, configured: Vec::new(), spaces: Vec::new() }
    }

    /// The credentials of a proxy.
    pub fn of_proxy() -> Self {
        Self { server: Server::Proxy, origin: None, configured: Vec::new(), spaces: Vec::new() }
    }

    /// Whether they are an origin's or a proxy's.
    pub fn server(&self) -> Server {
        self.server
    }

    /// Whether the caller has given none, so that there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.configured.is_empty()
    }

    // ---- what the caller gives --------------------------------------------------------------------------------------

    /// Answers challenges of this realm with this login; without a realm, those of all realms that have no login of
    /// their own. An error means that nothing was changed.
    pub fn set_login(
        &mut self,
        realm: Option<String>,
        login: Login,
        schemes: Schemes,
        is_ahead: bool,
    ) -> Result<(), Reason> {
        self.give(Configured::login(realm, login, schemes, is_ahead)?)
    }

    /// The same with a bearer token. A challenge that wants more than `scope` is not answered with it.
    pub fn set_token(
        &mut self,
        realm: Option<String>,
        token: Secret,
        scope: Option<String>,
        is_ahead: bool,
    ) -> Result<(), Reason> {
        self.give(Configured::token(realm, token, scope, is_ahead)?)
    }

    /// Forgets the credentials of this realm and what was learned about it; without a realm, everything.
    pub fn forget(&mut self, realm: Option<&str>) {
        match realm {
            None => {
                self.configured.clear();
                self.spaces.clear();
            }
            Some(realm) => {
                self.configured.retain(|configured| configured.realm.as_deref() != Some(realm));
                self.spaces.retain(|space| space.borrow().realm != realm);
            }
        }
    }

    fn give(&mut self, new: Configured) -> Result<(), Reason> {
        let is_replaced = |old: &Rc<Configured>| old.realm == new.realm && old.is_token() == new.is_token();
        let count = self.configured.iter().filter(|old| !is_replaced(old)).count();
        if count >= LOGINS {
            return Err("there are too many realms with credentials of their own");
        }
        self.configured.retain(|old| !is_replaced(old));
        let configured = &self.configured;
        self.spaces.retain(|space| {
            let space = space.borrow();
            // Spaces that were answered with other credentials start anew.
            new.realm.as_ref() != Some(&space.realm)
                && configured.iter().any(|configured| Rc::ptr_eq(configured, &space.configured))
        });
        self.configured.push(Rc::new(new));
        Ok(())
    }

    // ---- what a request has with it ---------------------------------------------------------------------------------

    /// The value of [`Server::credentials_field`] for a request that is about to be sent. Call it at each sending,
    /// because no Digest may be used twice. `cnonce` makes at least 32 random characters that need no quotes.
    pub fn authorize(
        &mut self,
        attempts: &mut Attempts,
        asked: Asked<'_>,
        cnonce: impl FnOnce() -> String,
    ) -> Option<Secret> {
        attempts.sent = None;
        let space = match &attempts.next {
            Some(chosen) => Some(Rc::clone(chosen)),
            None => self.best_space(asked),
        };
        let Some(space) = space else {
            let configured = self.unasked()?;
            let value = configured.plain();
            let strength = if configured.is_token() { Strength::Bearer } else { Strength::Basic };
            attempts.send(Rc::clone(configured), None, strength, None);
            return Some(value);
        };
        let mut known = space.borrow_mut();
        let configured = Rc::clone(&known.configured);
        // The caller may have forgotten or replaced them since the challenge.
        if !self.configured.iter().any(|other| Rc::ptr_eq(other, &configured)) {
            return None;
        }
        let (value, proof) = match (&mut known.answer, configured.as_login()) {
            (Answer::Digest(digest), Some(login)) => {
                let (value, proof) = digest.authorize(login, asked.method, asked.uri, &cnonce());
                (value, Some(proof))
            }
            (Answer::Basic | Answer::Bearer | Answer::Digest(_), _) => (configured.plain(), None),
        };
        let strength = known.answer.strength();
        drop(known);
        self.touch(&space);
        attempts.send(configured, Some(space), strength, proof);
        Some(value)
    }

    /// Whether content that cannot be sent twice should wait for the server's permission: the server may want
    /// credentials that the request does not carry yet, or reject a Digest whose nonce has become too old.
    pub fn may_be_challenged(&self, asked: Asked<'_>) -> bool {
        match self.best_space(asked) {
            Some(space) => matches!(space.borrow().answer, Answer::Digest(_)),
            None => self.unasked().is_none(),
        }
    }

    /// The space whose credentials this request carries ahead: of the spaces that cover its path best, the strongest.
    fn best_space(&self, asked: Asked<'_>) -> Option<Rc<RefCell<Space>>> {
        let rank = |space: &Rc<RefCell<Space>>| {
            let space = space.borrow();
            let is_good = space.standing != Standing::Unknown;
            let depth = space.extent.covers(asked.path).filter(|_| is_good)?;
            Some((depth, space.answer.strength()))
        };
        let ranked = self.spaces.iter().filter_map(|space| Some((rank(space)?, space)));
        ranked.max_by_key(|(rank, _)| *rank).map(|(_, space)| Rc::clone(space))
    }

    /// The credentials to send ahead where no space is known.
    fn unasked(&self) -> Option<&Rc<Configured>> {
        self.configured.iter().filter(|configured| configured.is_ahead).max_by_key(|configured| configured.is_token())
    }

    // ---- what the response means ------------------------------------------------------------------------------------

    /// The server has responded with [`Server::status`] and these challenges. `tell` learns of each challenge that
    /// cannot be answered, and why, in words for people. A challenge that only gives way to a stronger one is not told.
    pub fn answer(
        &mut self,
        attempts: &mut Attempts,
        challenges: &[Challenge],
        tell: &mut dyn FnMut(&Challenge, &'static str),
    ) -> Decision {
        let sent = attempts.refuse(challenges);
        if let Some(space) = sent.as_ref().and_then(|sent| sent.space.as_ref())
            && space.borrow().standing == Standing::Presumed
        {
            // It is kept for the sake of its nonce count, but its credentials are no longer sent ahead.
            space.borrow_mut().standing = Standing::Unknown;
        }
        let mut best: Option<Candidate> = None;
        for challenge in challenges {
            let candidate = self.candidate(challenge).and_then(|candidate| match attempts.rounds {
                AUTH_ROUNDS.. => Err("the request has answered as many challenges as it may"),
                _ => attempts.check(&candidate, sent.as_ref()).map(|()| candidate),
            });
            match candidate {
                // Of equals, the first.
                Ok(new) if best.as_ref().is_none_or(|best| best.answer.strength() < new.answer.strength()) => {
                    best = Some(new);
                }
                Ok(_) => {}
                Err(reason) => tell(challenge, reason),
            }
        }
        let Some(best) = best else { return Decision::Stays };
        let decision = Decision::Again { scheme: best.answer.scheme(), realm: best.realm.clone() };
        attempts.rounds = attempts.rounds.saturating_add(1);
        attempts.next = Some(self.learn(best));
        decision
    }

    /// The server did not challenge: the request's credentials are good for others like it.
    pub fn accept(&mut self, attempts: &Attempts, asked: Asked<'_>) {
        if let Some(space) = attempts.sent.as_ref().and_then(|sent| sent.space.as_ref()) {
            let mut space = space.borrow_mut();
            space.standing = Standing::Accepted;
            if !matches!(space.answer, Answer::Digest(_)) {
                space.extent.add_folder_of(asked.path);
            }
        }
    }

    /// The request could be answered but not sent again: the next one like it carries the answer.
    pub fn presume(&mut self, attempts: &Attempts, asked: Asked<'_>) {
        if let Some(space) = &attempts.next {
            let mut space = space.borrow_mut();
            space.extent.add_folder_of(asked.path);
            if space.standing == Standing::Unknown {
                space.standing = Standing::Presumed;
            }
        }
    }

    /// Checks [`Server::information_field`] of the response's head or trailers. An error means that the
    /// response is not from a server that knows the password.
    pub fn verify<'a>(
        &mut self,
        attempts: &Attempts,
        information: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), Reason> {
        let Some(sent) = &attempts.sent else { return Ok(()) };
        let (Some(proof), Some(space)) = (&sent.proof, &sent.space) else { return Ok(()) };
        match &mut space.borrow_mut().answer {
            Answer::Digest(digest) => digest.verify(proof, information),
            Answer::Basic | Answer::Bearer => Ok(()),
        }
    }

    /// How this challenge would be answered, if the caller allows it.
    fn candidate(&self, challenge: &Challenge) -> Result<Candidate, Reason> {
        // Basic and Digest require a realm, though some servers' Basic has none; with Bearer it is optional.
        let realm = challenge.realm().unwrap_or_default();
        let configured = |is_token: bool| {
            let configured = self.configured.iter().filter(|configured| configured.is_token() == is_token);
            let configured =
                configured.filter(|configured| configured.realm.as_deref().is_none_or(|only| only == realm));
            // A realm's own credentials take precedence over general ones.
            configured.min_by_key(|configured| configured.realm.is_none()).map(Rc::clone)
        };
        let login = || configured(false).ok_or("no user and password are set for its realm");
        let (configured, answer) = match challenge.scheme.as_str() {
            "bearer" => {
                let configured = configured(true).ok_or("no bearer token is set for its realm")?;
                if !configured.covers(challenge.parameter("scope").unwrap_or_default()) {
                    return Err("the bearer token is not for its scope");
                }
                (configured, Answer::Bearer)
            }
            "basic" => {
                let configured = login()?;
                if !configured.schemes().basic {
                    return Err("Basic is not allowed");
                }
                (configured, Answer::Basic)
            }
            "digest" => {
                let configured = login()?;
                let schemes = configured.schemes();
                let digest = Digest::from_challenge(challenge, schemes.allow_legacy())?;
                if !schemes.allow(digest.algorithm()) {
                    return Err("its algorithm is not allowed");
                }
                (configured, Answer::Digest(digest))
            }
            _ => return Err("its scheme is not known"),
        };
        let is_stale = challenge.parameter("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        Ok(Candidate { configured, realm: realm.to_owned(), answer, is_stale })
    }

    /// Records the space of the challenge that is being answered.
    fn learn(&mut self, candidate: Candidate) -> Rc<RefCell<Space>> {
        let Candidate { configured, realm, answer, .. } = candidate;
        let is_it = |space: &Rc<RefCell<Space>>| {
            let space = space.borrow();
            Rc::ptr_eq(&space.configured, &configured)
                && space.realm == realm
                && space.answer.scheme() == answer.scheme()
        };
        if let Some(known) = self.spaces.iter().find(|space| is_it(space)).cloned() {
            self.touch(&known);
            let mut space = known.borrow_mut();
            if let (Answer::Digest(old), Answer::Digest(new)) = (&space.answer, &answer)
                // A nonce keeps its count, however often the server issues it.
                && (old.nonce() != new.nonce() || old.strength() != new.strength())
            {
                space.extent = self.extent_of(&answer);
                space.answer = answer;
            }
            drop(space);
            return known;
        }
        let extent = self.extent_of(&answer);
        let space = Rc::new(RefCell::new(Space { configured, realm, answer, extent, standing: Standing::Unknown }));
        if self.spaces.len() >= REALMS {
            self.spaces.remove(0);
        }
        self.spaces.push(Rc::clone(&space));
        space
    }

    fn extent_of(&self, answer: &Answer) -> Extent {
        match (&self.origin, answer) {
            // RFC 7616 section 3.3: a proxy's protection space is everything that goes through it.
            (None, _) => Extent::Everything,
            (Some(origin), Answer::Digest(digest)) => Extent::of_domain(digest.domain(), origin),
            (Some(_), Answer::Basic | Answer::Bearer) => Extent::nothing(),
        }
    }

    /// Makes this space the most recently used.
    fn touch(&mut self, space: &Rc<RefCell<Space>>) {
        if let Some(place) = self.spaces.iter().position(|other| Rc::ptr_eq(other, space))
            && let Some(rest) = self.spaces.get_mut(place..)
        {
            rest.rotate_left(1);
        }
    }
}

#[cfg(test)]
mod tests;
