//! What one request has tried with one server, so that nothing is tried twice in vain, nor for ever.

use std::cell::RefCell;
use std::rc::Rc;

use super::cache::{Answer, Candidate, Space, Standing};
use super::digest::Proof;
use super::given::Given;

/// What one request has tried with one server. A new one has tried nothing.
#[derive(Debug, Default)]
pub struct Trial {
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
    pub(super) given: Rc<Given>,
    /// What they were for; none when they went ahead without anybody having asked.
    pub(super) space: Option<Rc<RefCell<Space>>>,
    /// What Digest needs to know later.
    pub(super) proof: Option<Proof>,
    /// Whether the request had them before this one was asked.
    is_ahead: bool,
}

/// Credentials that were refused.
#[derive(Debug)]
struct Tried {
    given: Rc<Given>,
    realm: Option<String>,
    is_digest: bool,
}

impl Trial {
    /// Notes that these credentials are sent.
    pub(super) fn send(&mut self, given: Rc<Given>, space: Option<Rc<RefCell<Space>>>, proof: Option<Proof>) {
        self.sent = Some(Sent { given, space, proof, is_ahead: self.next.is_none() });
    }

    /// Notes that what was sent was refused, and answers what that was.
    pub(super) fn refuse(&mut self) -> Option<Sent> {
        self.next = None;
        let sent = self.sent.take()?;
        let realm = sent.space.as_ref().map(|space| space.borrow().realm.clone());
        self.tried.push(Tried { given: Rc::clone(&sent.given), realm, is_digest: sent.proof.is_some() });
        Some(sent)
    }

    /// Whether this answer is worth a try after what was refused, `sent` the last of it.
    ///
    /// A login that a realm has refused is wrong there, however it is sent: in no other way, least of all a weaker one, is it
    /// tried again. What says nothing of the login is a nonce that had gone stale.
    pub(super) fn may_try(&self, candidate: &Candidate, sent: Option<&Sent>) -> bool {
        let is_digest = matches!(candidate.answer, Answer::Digest(_));
        let is_refused = self.tried.iter().filter(|tried| Rc::ptr_eq(&tried.given, &candidate.given)).any(|tried| {
            // The same bytes again, whatever the realm is called.
            let is_same = !is_digest && !tried.is_digest;
            is_same || tried.realm.as_deref() == Some(candidate.realm.as_str())
        });
        !is_refused || sent.is_some_and(|sent| has_gone_stale(sent, candidate))
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
    let is_same = Rc::ptr_eq(&sent.given, &candidate.given) && space.realm == candidate.realm;
    let was_good = sent.is_ahead && space.standing == Standing::Accepted && proof.nonce() != digest.nonce();
    is_same && (candidate.is_stale || was_good)
}
