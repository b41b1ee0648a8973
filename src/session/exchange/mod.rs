//! One exchange: from a prepared request to the end of its response's content.

mod challenged;
mod decoding;
mod dispatch;
mod following;
mod pump;
mod raw;
mod reading;
mod state;
mod upload;
mod waiters;
mod writing;

pub(super) use dispatch::Dispatch;
pub use following::Redirect;
pub(super) use following::{Follow, Next, Way};
pub(super) use state::{Answer, ExchangeState};
pub(super) use upload::Upload;
pub(super) use waiters::Side;
