//! Many origins: which session a request belongs to, and where redirects lead it.
//!
//! It is policy above sessions, and does no I/O of its own.

pub mod redirect;
