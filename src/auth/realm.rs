//! What is known of one realm of a server.

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

/// What the server thinks of the credentials in a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not said yet. They are not sent ahead.
    Unknown,
    /// It had no chance to, and the next request is to give it one.
    Presumed,
    /// It has let in a request that had them.
    Accepted,
}
