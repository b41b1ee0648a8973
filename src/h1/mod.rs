//! HTTP/1.1 as bytes (RFC 9112): what a request looks like, what a response says, where it ends, and whether the
//! connection outlives it.
//!
//! Bytes and values in, bytes and values out: nothing here waits, connects, or knows what a session is. A reader is given
//! all bytes that came and were not used, and says how many it used; it looks at each byte once, however they were cut, and
//! an error comes with the byte that decides it. The peer is hostile: everything it can make a reader keep has a bound.

mod blame;
pub mod chunked;
pub mod drain;
pub mod exchange;
pub mod field_lines;
pub mod framing;
pub mod persistence;
pub mod request_head;
pub mod response_head;
mod sending;
