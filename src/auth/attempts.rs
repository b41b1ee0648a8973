//! What one request has tried with one server, so that nothing is tried twice in vain, nor for ever.

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
    /// What the request has with it that was sent last.
    pub(super) sent: Option<Sent>,
}

/// The credentials that a request has with it.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) configured: Rc<Configured>,
    /// What they were for; none when they went ahead without anybody having asked.
    pub(super) space: Option<Rc<RefCell<Space>>>,
    /// How strong they were: another request may have had the space answered otherwise since.
    strength: Strength,
    /// What Digest needs to know later.
    pub(super) proof: Option<Proof>,
    /// Whether the request had them before this one was asked.
    is_ahead: bool,
}

/// Credentials that were refused.
#[derive(Debug)]
struct Tried {
    configured: Rc<Configured>,
    realm: Option<String>,
    strength: Strength,
    /// Whether the realm that they were for has refused them. Those that went ahead may have met another realm, which has not
    /// looked at them.
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

    /// Notes that what was sent was refused, with these challenges, and answers what that was.
    pub(super) fn refuse(&mut self, challenges: &[Challenge]) -> Option<Sent> {
        self.next = None;
        let sent = self.sent.take()?;
        let realm = sent.space.as_ref().map(|space| space.borrow().realm.clone());
        let is_asked_for = |realm: &String| challenges.iter().any(|one| one.realm().unwrap_or_default() == realm);
        let is_judged = !sent.is_ahead || realm.as_ref().is_some_and(is_asked_for);
        self.tried.push(Tried { configured: Rc::clone(&sent.configured), realm, strength: sent.strength, is_judged });
        Some(sent)
    }

    /// Whether this answer is worth a try after what was refused, `sent` the last of it. The error is words for people.
    ///
    /// A login that a realm has refused is wrong there, however it is sent, so it is not tried there again. What says nothing of
    /// the login is a nonce that had gone stale. And whatever realm is named next, whoever refuses a login again and again must
    /// not get it in a weaker way than before, or the last thing that they get is the password.
    pub(super) fn check(&self, candidate: &Candidate, sent: Option<&Sent>) -> Result<(), &'static str> {
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

/// Whether what was sent was refused for its nonce alone.
///
/// The server says so, or it has let in the same login before: a server that was started anew has forgotten its nonces, and
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
