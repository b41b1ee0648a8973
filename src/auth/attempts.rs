//! What one request has tried with one server, so that nothing is tried twice in vain and the attempts end.

use crate::reason::Reason;

use std::cell::RefCell;
use std::rc::Rc;

use super::answer::{Answer, Candidate, Strength};
use super::challenge::Challenge;
use super::configured::Configured;
use super::digest::Proof;
use super::realm::{Space, Standing};

/// What one request has tried with one server. A new one has tried nothing.
#[derive(Debug, Default)]
pub struct Attempts {
    /// Challenges that were answered.
    pub(super) rounds: usize,
    tried: Vec<Tried>,
    /// The space whose challenge was chosen last: every sending from now on is for it.
    pub(super) next: Option<Rc<RefCell<Space>>>,
    /// The credentials of the last sending.
    pub(super) sent: Option<Sent>,
}

/// Credentials that were sent with a request.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) configured: Rc<Configured>,
    /// The space they were for; `None` if they were sent ahead, without a challenge.
    pub(super) space: Option<Rc<RefCell<Space>>>,
    /// How strong they were. Another request may have changed the space's answer since.
    strength: Strength,
    /// What is needed to verify Digest's proof later.
    pub(super) proof: Option<Proof>,
    /// Whether they were sent before any challenge to this request.
    is_ahead: bool,
}

/// Credentials that were refused.
#[derive(Debug)]
struct Tried {
    configured: Rc<Configured>,
    realm: Option<String>,
    strength: Strength,
    /// Whether their own realm has refused them. Credentials that were sent ahead may have met another realm, which has
    /// not judged them.
    is_judged: bool,
}

impl Attempts {
    /// Notes that these credentials are sent.
    pub(super) fn send(
        &mut self,
        configured: Rc<Configured>,
        space: Option<Rc<RefCell<Space>>>,
        strength: Strength,
        proof: Option<Proof>,
    ) {
        self.sent = Some(Sent { configured, space, strength, proof, is_ahead: self.next.is_none() });
    }

    /// Notes that the last credentials were refused, with these challenges, and returns them.
    pub(super) fn refuse(&mut self, challenges: &[Challenge]) -> Option<Sent> {
        self.next = None;
        let sent = self.sent.take()?;
        let realm = sent.space.as_ref().map(|space| space.borrow().realm.clone());
        let is_asked_for = |realm: &String| challenges.iter().any(|one| one.realm().unwrap_or_default() == realm);
        let is_judged = !sent.is_ahead || realm.as_ref().is_some_and(is_asked_for);
        self.tried.push(Tried { configured: Rc::clone(&sent.configured), realm, strength: sent.strength, is_judged });
        Some(sent)
    }

    /// Whether this answer is worth a try after the refusals so far, the last of which was of `sent`.
    ///
    /// A login that a realm has refused is wrong there by any scheme, so it is not tried there again. A stale nonce is
    /// the exception: it says nothing about the login. Whatever realm the server names next, a refused login is never
    /// sent by a weaker scheme; a hostile server could otherwise refuse its way down to the password itself.
    pub(super) fn check(&self, candidate: &Candidate, sent: Option<&Sent>) -> Result<(), Reason> {
        let strength = candidate.answer.strength();
        let is_stale = sent.is_some_and(|sent| has_gone_stale(sent, candidate));
        for tried in self.tried.iter().filter(|tried| Rc::ptr_eq(&tried.configured, &candidate.configured)) {
            if tried.is_judged && strength < tried.strength {
                return Err("what it asks for was refused already in a stronger way");
            }
            if tried.strength.is_plain() && strength.is_plain() {
                return Err("the same was refused already");
            }
            if !is_stale && tried.realm.as_deref() == Some(candidate.realm.as_str()) {
                return Err("its realm has refused the user and password already");
            }
        }
        Ok(())
    }
}

/// Whether the credentials were refused only because their nonce was stale.
///
/// Either the server says `stale`, or it accepted the same login before: a restarted server has lost its nonces, and
/// some then do not say `stale`.
fn has_gone_stale(sent: &Sent, candidate: &Candidate) -> bool {
    let (Some(proof), Some(space), Answer::Digest(digest)) = (&sent.proof, &sent.space, &candidate.answer) else {
        return false;
    };
    let space = space.borrow();
    let is_same = Rc::ptr_eq(&sent.configured, &candidate.configured) && space.realm == candidate.realm;
    let was_good = sent.is_ahead && space.standing == Standing::Accepted && proof.nonce() != digest.nonce();
    is_same && (candidate.is_stale || was_good)
}
