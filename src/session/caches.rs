//! What a session has learned. Without it everything works the same, only slower.

use std::cell::RefCell;
use std::rc::Rc;

use crate::session::proxies::{LastGood, Proxies, Proxying};

/// The caches of one session.
#[derive(Default)]
pub(crate) struct Caches {
    /// The last address that connected.
    pub(crate) last_good: LastGood,
    proxies: RefCell<Rc<Proxies>>,
}

impl Caches {
    /// Forgets proxies that are no longer set, and applies changed settings to the others.
    #[cold]
    pub(crate) fn set_proxies(&self, proxying: &Proxying) {
        let mut proxies = self.proxies.borrow_mut();
        if !proxies.are_of(proxying) {
            *proxies = Rc::new(Proxies::new(proxying));
        }
        proxies.set_ahead(proxying);
    }

    /// The configured proxies, with what is known about them.
    pub(crate) fn proxies(&self) -> Rc<Proxies> {
        Rc::clone(&self.proxies.borrow())
    }
}
