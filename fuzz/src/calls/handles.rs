//! A caller's handles, and what is known of each: how it has ended, if it has.

use std::future::poll_fn;
use std::task::{Context, Poll};

use xenon::clock::Instant;
use xenon::error::{Code, Error};
use xenon::net::Net;
use xenon::net::sim::SimNet;
use xenon::session;

use super::{check_discreet, check_told};

pub(super) type Session = session::Session<SimNet>;
pub(super) type Request = session::Request<SimNet>;

/// Handles of one kind, some of them dropped. A name is a number, taken modulo how many there were.
pub(super) struct Handles<T>(Vec<Option<T>>);

impl<T> Default for Handles<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Handles<T> {
    pub(super) fn add(&mut self, handle: T) {
        self.0.push(Some(handle));
    }

    pub(super) fn get(&mut self, name: usize) -> Option<&mut T> {
        let count = self.0.len().max(1);
        self.0.get_mut(name % count)?.as_mut()
    }

    pub(super) fn take(&mut self, name: usize) -> Option<T> {
        let count = self.0.len().max(1);
        self.0.get_mut(name % count)?.take()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }

    pub(super) fn is_full(&self, most: usize) -> bool {
        self.all().count() >= most
    }
}

/// An exchange, and how it has ended.
pub(super) struct Exchange {
    pub(super) handle: session::Exchange<SimNet>,
    /// Which session it is of.
    pub(super) session: usize,
    /// Until when it may last.
    pub(super) end: Instant,
    is_answered: bool,
    error: Option<Error>,
    finished: usize,
}

/// A response, and how its content has ended.
pub(super) struct Response {
    pub(super) handle: session::Response<SimNet>,
    pub(super) session: usize,
    pub(super) end: Instant,
    over: Option<Result<(), Error>>,
}

impl Exchange {
    pub(super) fn new(handle: session::Exchange<SimNet>, session: usize, end: Instant) -> Self {
        Self { handle, session, end, is_answered: false, error: None, finished: 0 }
    }

    /// What came of asking for the response.
    pub(super) fn note(&mut self, answer: Result<session::Response<SimNet>, Error>) -> Option<Response> {
        match answer {
            Ok(handle) => {
                assert!(!self.is_answered && self.error.is_none(), "it answers once");
                self.is_answered = true;
                check_discreet(&format!("{:?}", handle.facts()));
                Some(Response { handle, session: self.session, end: self.end, over: None })
            }
            Err(error) => {
                check_error(&error);
                if self.is_answered {
                    assert_eq!(error.code, Code::InvalidState, "it was taken before");
                } else {
                    let first = self.error.get_or_insert_with(|| error.clone());
                    assert_eq!(*first, error, "it fails once");
                }
                None
            }
        }
    }

    /// What came of ending the content.
    pub(super) fn note_finish(&mut self, outcome: Result<(), Error>) {
        match outcome {
            Ok(()) => self.finished += 1,
            Err(error) => check_error(&error),
        }
        // The content's end, and where the connection is HTTP no more, that of the bytes after it.
        assert!(self.finished <= 2, "what was ended cannot be ended again");
    }
}

impl Response {
    /// What came of a read of so much at the most; whether there may be more.
    pub(super) fn note(&mut self, max: usize, outcome: Result<Option<Vec<u8>>, Error>) -> bool {
        match outcome {
            Ok(Some(piece)) => {
                assert!(!piece.is_empty() && piece.len() <= max);
                assert_eq!(self.over, None, "there is nothing after the end");
                true
            }
            Ok(None) => {
                assert_eq!(*self.over.get_or_insert(Ok(())), Ok(()), "what has failed stays so");
                assert!(self.handle.trailers().is_some());
                false
            }
            Err(error) => {
                check_error(&error);
                let over = self.over.get_or_insert_with(|| Err(error.clone()));
                assert_eq!(*over, Err(error), "it ends once");
                false
            }
        }
    }
}

/// Waits until this is ready, which must be before its time is over.
pub(super) fn wait<T>(net: &SimNet, end: Instant, poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let latest = end.max(net.now());
    let value = net.run(poll_fn(poll));
    assert!(net.now() <= latest, "it takes longer than it may");
    value
}

pub(super) fn check_error(error: &Error) {
    check_told(&error.detail);
    check_discreet(&format!("{error:?}"));
}
