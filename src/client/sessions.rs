//! The sessions of a client, one for each origin.

use std::cell::RefCell;
use std::rc::Rc;

use crate::http::origin::Origin;
use crate::limits::CLIENT_SESSIONS;
use crate::net::Net;
use crate::session::settings::Options;
use crate::session::{Journal, Session};

/// The sessions of a client, one for each origin. Their number is bounded: the least recently used makes room. One that the caller
/// holds, or for which it has set something, is never forgotten.
pub struct Sessions<N: Net> {
    net: N,
    /// The journal of all of them, if they have one.
    journal: Option<Rc<Journal<N>>>,
    /// The most recently used is last.
    kept: RefCell<Vec<Kept<N>>>,
}

struct Kept<N: Net> {
    origin: Origin,
    session: Rc<Session<N>>,
    /// The options that the client gave it. It has others if the caller has set them for this session alone.
    given: Rc<Options>,
}

impl<N: Net> Sessions<N> {
    /// No session yet. Each will have events of its own.
    pub fn new(net: N) -> Self {
        Self { net, journal: None, kept: RefCell::default() }
    }

    /// No session yet. All will have this journal.
    pub(crate) fn with_journal(net: N, journal: Rc<Journal<N>>) -> Self {
        Self { net, journal: Some(journal), kept: RefCell::default() }
    }

    /// The session of this origin, with these options, unless it has some of its own.
    ///
    /// If there is no place for another, it is a session that is not kept: it works, and keeps no connections.
    pub fn of(&self, origin: &Origin, options: &Rc<Options>) -> Rc<Session<N>> {
        let found = {
            let mut kept = self.kept.borrow_mut();
            kept.iter().rposition(|kept| kept.origin == *origin).map(|place| kept.remove(place))
        };
        let mut used = found.unwrap_or_else(|| self.make(origin, options));
        if !Rc::ptr_eq(&used.given, options) {
            if !used.has_own_options() {
                used.session.set_options(Rc::clone(options));
            }
            used.given = Rc::clone(options);
        }
        let session = Rc::clone(&used.session);
        match self.make_room() {
            true => self.kept.borrow_mut().push(used),
            false => session.retire(),
        }
        session
    }

    /// Whether the caller has set other options for this session alone.
    pub(crate) fn has_own_options(&self, session: &Rc<Session<N>>) -> bool {
        self.kept.borrow().iter().rev().any(|kept| Rc::ptr_eq(&kept.session, session) && kept.has_own_options())
    }

    /// Closes idle connections until this many are open, or one fewer if the session used last needs another. Those of the least
    /// recently used session are closed first, and none of the one used last. Those in use stay.
    pub(crate) fn close_surplus(&self, most: usize) {
        let sessions: Vec<_> = self.kept.borrow().iter().map(|kept| Rc::clone(&kept.session)).collect();
        let mut open: usize = sessions.iter().map(|session| session.open_connections()).sum();
        let Some((last, others)) = sessions.split_last() else { return };
        let needed = usize::from(!last.has_idle());
        for session in others {
            if open.saturating_add(needed) <= most {
                return;
            }
            let before = session.open_connections();
            session.close_idle();
            open = open.saturating_sub(before.saturating_sub(session.open_connections()));
        }
    }

    /// Closes the connections of all of them.
    pub(crate) fn close_connections(&self) {
        let sessions: Vec<_> = self.kept.borrow().iter().map(|kept| Rc::clone(&kept.session)).collect();
        sessions.iter().for_each(|session| session.close_connection());
    }

    fn make(&self, origin: &Origin, options: &Rc<Options>) -> Kept<N> {
        let session = match &self.journal {
            Some(journal) => Session::with_journal(self.net.clone(), Ok(origin.clone()), Rc::clone(journal)),
            None => Session::of_origin(self.net.clone(), origin.clone()),
        };
        session.set_options(Rc::clone(options));
        Kept { origin: origin.clone(), session: Rc::new(session), given: Rc::clone(options) }
    }

    /// Returns whether there is a place for one more.
    fn make_room(&self) -> bool {
        let surplus = {
            let mut kept = self.kept.borrow_mut();
            if kept.len() < CLIENT_SESSIONS {
                return true;
            }
            let Some(place) = kept.iter().position(Kept::is_disposable) else { return false };
            kept.remove(place)
        };
        surplus.session.retire();
        true
    }
}

impl<N: Net> Kept<N> {
    fn has_own_options(&self) -> bool {
        !Rc::ptr_eq(&self.session.options(), &self.given)
    }

    /// Whether nothing is lost with it but connections.
    fn is_disposable(&self) -> bool {
        Rc::strong_count(&self.session) == 1 && !self.session.has_own_settings() && !self.has_own_options()
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
    fn what_is_held_or_has_settings_keeps_its_place() {
        let sessions = Sessions::new(SimNet::new());
        let options = Rc::<Options>::default();
        let held = sessions.of(&origin("a", 1), &options);
        let with_addresses =
            |port| sessions.of(&origin("a", port), &options).set_addresses(&["10.0.0.1".into()]).unwrap();
        with_addresses(2);
        sessions.of(&origin("a", 3), &options).change_options(|options| options.is_persistent = false);
        for port in 4..=CLIENT_SESSIONS as u16 + 9 {
            sessions.of(&origin("a", port), &options);
        }
        let kept = |port| sessions.kept.borrow().iter().any(|kept| kept.origin == origin("a", port));
        assert!(kept(1) && kept(2) && kept(3) && !kept(4));
        assert!(Rc::ptr_eq(&held, &sessions.of(&origin("a", 1), &options)));
        assert_eq!(sessions.kept.borrow().len(), CLIENT_SESSIONS);
    }

    #[test]
    fn one_that_finds_no_place_is_not_kept_and_works() {
        let sessions = Sessions::new(SimNet::new());
        let options = Rc::<Options>::default();
        let held: Vec<_> = (1..=CLIENT_SESSIONS as u16).map(|port| sessions.of(&origin("a", port), &options)).collect();
        let surplus = sessions.of(&origin("b", 1), &options);
        assert_eq!((Rc::strong_count(&surplus), sessions.kept.borrow().len()), (1, held.len()));
        let request = surplus.request("GET", "/");
        drop(surplus);
        assert!(request.start(true).is_ok());
    }

    #[test]
    fn other_options_reach_sessions_that_have_none_of_their_own() {
        let sessions = Sessions::new(SimNet::new());
        let (first, mut second) = (Rc::<Options>::default(), Options::default());
        second.is_persistent = false;
        let second = Rc::new(second);
        let own = sessions.of(&origin("a", 2), &first);
        let plain = sessions.of(&origin("a", 1), &first);
        own.change_options(|options| options.is_decoding = true);
        sessions.of(&origin("a", 1), &second);
        sessions.of(&origin("a", 2), &second);
        assert!(!plain.options().is_persistent && own.options().is_persistent);
        assert!(sessions.has_own_options(&own) && !sessions.has_own_options(&plain));
    }
}
