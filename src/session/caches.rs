//! What a session has learned on its way: without it everything would be the same, and take longer.

use std::cell::RefCell;
use std::rc::Rc;

use crate::session::proxies::{LastGood, Proxies, Proxying};

/// The caches of one session.
#[derive(Default)]
pub(crate) struct Caches {
    /// The address that was good last.
    pub(crate) last_good: LastGood,
    proxies: RefCell<Rc<Proxies>>,
}

impl Caches {
    /// Forgets the proxies that are not set any more, and goes by what is set about the others.
    #[cold]
    pub(crate) fn set_proxies(&self, proxying: &Proxying) {
        let mut proxies = self.proxies.borrow_mut();
        if !proxies.are_of(proxying) {
            *proxies = Rc::new(Proxies::new(proxying));
        }
        proxies.set_ahead(proxying);
    }

    /// The proxies that are set, with what is known of them.
    pub(crate) fn proxies(&self) -> Rc<Proxies> {
        Rc::clone(&self.proxies.borrow())
    }
}
