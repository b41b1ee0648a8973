//! Sessions, requests, exchanges and responses over any [`Net`](crate::net::Net): what the component exports, without WIT and
//! WASI.
//!
//! A [`Session`] owns settings, events and connections. Starting a [`Request`] makes an exchange. Its two handles, [`Exchange`]
//! for the request's side and [`Response`] for the other, share one state, which owns the connection while it lasts. A function
//! named `poll_` makes what progress it can. If it must wait, it registers a wish and a waker with the network.
//!
//! The rooms of this folder. Each names only those below it:
//!
//! ```text
//!     handles  whole          what callers hold
//!     exchange/               one exchange: dispatch, pump, raw, state, writing, upload, waiters
//!     connecting/             from "a connection is needed" to "here it is": proxy, TLS, race, addresses
//!     authorization  cookies  what a request says of who sends it, to an origin or a proxy
//!     shared                  what exchanges share: settings, credentials, the pool, caches
//!     pool  revalidation      the connections that are kept, and whether new settings would have made them
//!     connection  transport   one connection: plain, TLS, TLS in TLS
//!     caches                  what was learned of proxies and addresses
//!     timing                  deadlines, and waiting with one
//!     request  settings  proxies  request_fields  journal  events  permits
//! ```

mod authorization;
mod caches;
mod connecting;
mod connection;
mod cookies;
pub mod events;
mod exchange;
mod handles;
mod journal;
mod permits;
mod pool;
pub mod proxies;
mod request;
mod request_fields;
mod revalidation;
pub mod settings;
mod shared;
mod timing;
mod transport;
pub mod whole;

pub use connection::Facts;
pub use exchange::Redirect;
pub(crate) use handles::{Begun, Further, Route};
pub use handles::{Exchange, Request, Response, Session};
pub(crate) use journal::Journal;
pub(crate) use request::{Content, Description};
