//! Measures Xenon beside what it should be compared with: a raw socket loop in a component, `wasi:http`, and a native client;
//! all against one server on this machine, in one run.
//!
//! It must not judge by figures, which are this machine's, at this moment: only by ratios, taken in each round anew.
//!
//! ```text
//!     main -+- plain -- sink         requests, downloads, and uploads to what throws them away
//!           |    +-- service         requests that a service forwards
//!           +- tls -- certificate    the same over TLS
//!
//!     each of these -+- rounds -- contestants -+- guest -- loader    a component under wasmtime
//!                    |                |        +- native             std::net
//!                    |              names      +- program            C, with libraries that others use
//!                    +- costs                  what can be counted instead of timed
//!                    +- report
//! ```

mod certificate;
mod contestants;
mod costs;
mod guest;
mod loader;
mod names;
mod native;
mod options;
mod plain;
mod program;
mod report;
mod rounds;
mod service;
mod sink;
mod tls;

use std::process::ExitCode;

use crate::costs::Loaders;
use crate::options::Options;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options = match Options::parse(&arguments) {
        Ok(options) => options,
        Err(mistake) => {
            eprintln!("bench: {mistake}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let loaders = Loaders::new()?;
    if options.plain {
        plain::run(options, &loaders)?;
    }
    if options.tls && options.only.is_known_to_tls() {
        tls::run(options, &loaders)?;
    }
    Ok(())
}
