//! One URL of the command line, with what belongs to it.

use std::rc::Rc;

use crate::content::Content;
use crate::exit::Failure;
use crate::url::Url;

/// A URL of the command line, with what belongs to it.
pub struct Job {
    /// Its number, from 0.
    pub number: usize,
    /// The URL as given.
    pub given: Vec<u8>,
    /// The parsed URL, or its error.
    pub url: Result<Url, Failure>,
    /// `-o`.
    pub output: Option<Vec<u8>>,
    /// The content to send.
    pub content: Rc<Content>,
}
