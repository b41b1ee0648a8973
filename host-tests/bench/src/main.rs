//! Measures Xenon beside what it should be compared with: a raw socket loop in a component, `wasi:http`, and a native client;
//! all against one nginx on this machine, in one run.
//!
//! It must not judge by figures, which are this machine's, at this moment: only by ratios, taken in each round anew.
//!
//! ```text
//!     main -- rounds -- contestants -+- guest     a component under wasmtime
//!       |                            +- native    std::net
//!       +---- costs ------------------- guest     what can be counted instead of timed
//!       +---- report
//! ```

mod contestants;
mod costs;
mod guest;
mod native;
mod options;
mod report;
mod rounds;

use std::process::ExitCode;

use xenon_host::nginx::Nginx;

use crate::contestants::{Contestant, Entry, Job, Name};
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
    let files = [("/unlogged/small", SMALL as usize), ("/unlogged/large", LARGE as usize)];
    let nginx = Nginx::start(&files).ok_or("nginx is missing; scripts/setup.sh bench brings it")?;
    let small = Job { port: nginx.port(), target: "/unlogged/small", length: SMALL };
    let large = Job { port: nginx.port(), target: "/unlogged/large", length: LARGE };
    if let Some(name) = options.alone {
        let job = if options.bytes { large } else { small };
        return contestants::run_alone(Entry { name, beside: options.beside.clone() }, job, options.effort.alone);
    }

    report::introduction(&options.effort);
    let entries = |names: &[Name]| Entry::all(names, options.beside.as_deref());
    let for_requests = entries(&[Name::Raw, Name::XenonSend, Name::XenonGet, Name::XenonDirect, Name::WasiHttp]);
    let for_bytes = entries(&[Name::Raw, Name::XenonRead, Name::XenonDirect, Name::WasiHttp]);
    if options.requests {
        report::requests(&measure(&for_requests, small, options)?);
    }
    if options.bytes {
        report::bytes(&measure(&for_bytes, large, options)?, LARGE);
    }
    // After all that is timed, for once somebody has listened to what wasmtime traces it is slower.
    if options.requests {
        report::costs("request", &costs::of_each(&for_requests, small, 1)?);
    }
    if options.bytes {
        report::costs("MiB", &costs::of_each(&for_bytes, large, LARGE >> 20)?);
    }
    Ok(())
}

/// These, and the native one beside them.
fn measure(guests: &[Entry], job: Job, options: &Options) -> Result<Vec<rounds::Record>> {
    let engine = guest::plain_engine()?;
    let native = [Entry { name: Name::Native, beside: None }];
    let contestants = native.iter().chain(guests).map(|entry| Contestant::new(entry, &engine));
    rounds::run(&contestants.collect::<Result<Vec<_>>>()?, job, &options.effort)
}

/// Bytes of content of a small response.
const SMALL: u64 = 64;
/// And of a large one.
const LARGE: u64 = 256 << 20;
