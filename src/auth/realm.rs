//! What is known about one realm of a server.

use std::rc::Rc;

use super::answer::Answer;
use super::configured::Configured;
use super::space::Extent;

/// What one realm of the server protects, and how it is answered.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) configured: Rc<Configured>,
    pub(super) realm: String,
    pub(super) answer: Answer,
    pub(super) extent: Extent,
    pub(super) standing: Standing,
}

/// What the server thinks of a space's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not said. They are not sent ahead.
    Unknown,
    /// It had no chance to say, and the next request gives it one.
    Presumed,
    /// It has accepted a request that carried them.
    Accepted,
}
