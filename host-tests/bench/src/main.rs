//! Measures Xenon beside what it should be compared with: a raw socket loop in a component, `wasi:http`, and a native client;
//! all against one nginx on this machine, in one run.
//!
//! It must not judge by figures, which are this machine's, at this moment: only by ratios, taken in each round anew.
//!
//! ```text
//!     main -- rounds -- contestants -+- guest     a component under wasmtime
//!       |                            +- native    std::net
//!       |                            +- program   C, with libraries that others use
//!       +---- costs ------------------- guest     what can be counted instead of timed
//!       +---- report
//!       +---- tls -- certificate                  the same over TLS
//! ```

mod certificate;
mod contestants;
mod costs;
mod guest;
mod native;
mod options;
mod program;
mod report;
mod rounds;
mod tls;

use std::process::ExitCode;

use xenon_harness::nginx::Nginx;

use crate::contestants::{Contestant, Entry, Job, Kind, Name};
use crate::costs::Loaders;
use crate::guest::Loader;
use crate::options::Options;
use crate::report::{Goal, Table, Unit};

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
    let loaders =
        Loaders { plain: Loader::new(guest::plain_engine()?), fuelled: Loader::new(guest::fuelled_engine()?) };
    if options.plain {
        run_plain(options, &loaders)?;
    }
    if options.tls {
        tls::run(options, &loaders)?;
    }
    Ok(())
}

fn run_plain(options: &Options, loaders: &Loaders) -> Result<()> {
    let files = [("/unlogged/small", SMALL as usize), ("/unlogged/large", LARGE as usize)];
    let nginx = Nginx::start(&files).ok_or("nginx is missing; scripts/setup.sh bench brings it")?;
    let small = Job::plain(nginx.port(), "/unlogged/small", SMALL);
    let large = Job::plain(nginx.port(), "/unlogged/large", LARGE);
    if let Some(name) = options.alone {
        let job = if options.bytes { large } else { small };
        let entry = Entry { beside: options.beside.clone(), ..Entry::this(name) };
        return contestants::run_alone(&entry, job, &[], options.effort.alone);
    }

    report::introduction(&options.effort);
    let entries = |names: &[Name]| Entry::all(names, options.beside.as_deref());
    let for_requests = entries(&[Name::Raw, Name::XenonSend, Name::XenonGet, Name::XenonDirect, Name::WasiHttp]);
    let for_bytes = entries(&[Name::Raw, Name::XenonRead, Name::XenonWords, Name::XenonDirect, Name::WasiHttp]);
    if options.requests {
        report::table(&REQUESTS, &measure(&for_requests, small, options, loaders)?);
    }
    if options.bytes {
        report::table(&BYTES, &measure(&for_bytes, large, options, loaders)?);
    }
    // After all that is timed, for once somebody has listened to what wasmtime traces it is slower.
    if options.requests {
        report::costs("For each request", &costs::of_each(&for_requests, small, 1, loaders)?);
    }
    if options.bytes {
        report::costs("For each MiB", &costs::of_each(&for_bytes, large, LARGE >> 20, loaders)?);
    }
    Ok(())
}

/// These, and the native one beside them.
fn measure(guests: &[Entry], job: Job<'_>, options: &Options, loaders: &Loaders) -> Result<Vec<rounds::Record>> {
    let native = [Entry::this(Name::Native)];
    let load = |entry| Contestant::new(entry, Kind::Keep, &loaders.plain, &[]);
    let contestants: Vec<_> = native.iter().chain(guests).map(load).collect::<Result<_>>()?;
    let turns: Vec<_> = contestants.iter().map(|contestant| (contestant, job)).collect();
    rounds::run(&turns, &options.effort)
}

/// Bytes of content of a small response.
const SMALL: u64 = 64;
/// And of a large one.
const LARGE: u64 = 256 << 20;

const TO_RAW: Goal = Goal { to: Name::Raw, words: "raw", least: 0.90 };

const REQUESTS: Table<'_> = Table {
    title: "Requests per second, GET of 64 bytes",
    unit: Unit::Each,
    to: Name::Raw,
    to_words: "raw",
    goals: &[TO_RAW, Goal { to: Name::WasiHttp, words: "wasi:http", least: 2.0 }],
};

const BYTES: Table<'_> = Table {
    title: "MB per second, download of 256 MiB",
    unit: Unit::Bytes(LARGE),
    to: Name::Raw,
    to_words: "raw",
    goals: &[TO_RAW],
};
