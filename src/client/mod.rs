//! Many origins: which session a request belongs to, and where redirects lead it.
//!
//! It is policy above sessions, and does no I/O of its own.

pub mod environment;
pub mod redirect;

use std::cell::RefCell;
use std::rc::Rc;

use crate::http::origin::Origin;
use crate::limits::CLIENT_SESSIONS;
use crate::net::Net;
use crate::session::Session;
use crate::session::settings::Options;

/// The sessions of a client, one for each origin. Their number is bounded: the least recently used makes room.
pub struct Sessions<N: Net> {
    net: N,
    /// The most recently used is last.
    kept: RefCell<Vec<Kept<N>>>,
}

struct Kept<N: Net> {
    origin: Origin,
    session: Rc<Session<N>>,
}

impl<N: Net> Sessions<N> {
    /// No session yet.
    pub fn new(net: N) -> Self {
        Self { net, kept: RefCell::default() }
    }

    /// The session of this origin. A new one gets these options.
    ///
    /// A session that made room ends when its last holder drops it, so exchanges in progress go on while somebody holds theirs.
    pub fn of(&self, origin: &Origin, options: &Rc<Options>) -> Rc<Session<N>> {
        let mut kept = self.kept.borrow_mut();
        let found = kept.iter().rposition(|kept| kept.origin == *origin).map(|place| kept.remove(place));
        let used = found.unwrap_or_else(|| {
            let session = Session::of_origin(self.net.clone(), origin.clone());
            session.set_options(Rc::clone(options));
            Kept { origin: origin.clone(), session: Rc::new(session) }
        });
        let session = Rc::clone(&used.session);
        kept.push(used);
        let surplus = (kept.len() > CLIENT_SESSIONS).then(|| kept.remove(0));
        // Its connections close when it is dropped, which may wake a task that comes back here.
        drop(kept);
        drop(surplus);
        session
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::sim::SimNet;

    fn origin(host: &str, port: u16) -> Origin {
        Origin::parse("http", host, port).unwrap()
    }

    #[test]
    fn an_origin_has_one_session() {
        let sessions = Sessions::new(SimNet::new());
        let options = Rc::<Options>::default();
        let first = sessions.of(&origin("a", 80), &options);
        assert!(!Rc::ptr_eq(&first, &sessions.of(&origin("a", 81), &options)));
        assert!(!Rc::ptr_eq(&first, &sessions.of(&Origin::parse("https", "a", 80).unwrap(), &options)));
        assert!(Rc::ptr_eq(&first, &sessions.of(&origin("A", 80), &options)));
    }

    #[test]
    fn the_least_recently_used_makes_room() {
        let sessions = Sessions::new(SimNet::new());
        let options = Rc::<Options>::default();
        let first = Rc::downgrade(&sessions.of(&origin("a", 1), &options));
        let second = Rc::downgrade(&sessions.of(&origin("a", 2), &options));
        for port in 3..=CLIENT_SESSIONS as u16 {
            sessions.of(&origin("a", port), &options);
        }
        sessions.of(&origin("a", 1), &options);
        sessions.of(&origin("b", 1), &options);
        assert!(first.upgrade().is_some());
        assert!(second.upgrade().is_none());
        assert_eq!(sessions.kept.borrow().len(), CLIENT_SESSIONS);
    }

    #[test]
    fn a_held_session_outlives_its_place() {
        let sessions = Sessions::new(SimNet::new());
        let options = Rc::<Options>::default();
        let held = sessions.of(&origin("a", 1), &options);
        for port in 2..=CLIENT_SESSIONS as u16 + 1 {
            sessions.of(&origin("a", port), &options);
        }
        assert_eq!(Rc::strong_count(&held), 1);
        assert!(held.request("GET", "/").start(true).is_ok());
    }
}
