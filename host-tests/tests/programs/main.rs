//! What the program `xenon` does for other people's programs: `xenon compose` and `xenon run`.

mod compose;
mod environment;
mod http_client;
mod run;
mod support;
