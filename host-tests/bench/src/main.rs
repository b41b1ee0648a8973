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

use crate::contestants::{Contestant, Job, Name};
use crate::options::{Effort, Options};

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
    if let Some(name) = &options.alone {
        let job = if options.bytes { large } else { small };
        return contestants::run_alone(name, job, options.effort.alone);
    }

    report::introduction(&options.effort);
    if options.requests {
        let names = [Name::Native, Name::Raw, Name::XenonSend, Name::XenonGet, Name::WasiHttp];
        let samples = measure(&names, small, &options.effort)?;
        report::requests(&samples);
    }
    if options.bytes {
        let names = [Name::Native, Name::Raw, Name::XenonRead, Name::WasiHttp];
        let samples = measure(&names, large, &options.effort)?;
        report::bytes(&samples, LARGE);
    }
    // After all that is timed, for once somebody has listened to what wasmtime traces it is slower.
    if options.requests {
        report::costs("request", &costs::of_each(&[Name::Raw, Name::XenonSend, Name::XenonGet, Name::WasiHttp], small, 1)?);
    }
    if options.bytes {
        report::costs("MiB", &costs::of_each(&[Name::Raw, Name::XenonRead, Name::WasiHttp], large, LARGE >> 20)?);
    }
    Ok(())
}

fn measure(names: &[Name], job: Job, effort: &Effort) -> Result<Vec<(Name, Vec<rounds::Sample>)>> {
    let contestants = names.iter().map(|name| Contestant::new(*name)).collect::<Result<Vec<_>>>()?;
    rounds::run(&contestants, job, effort)
}

/// Bytes of content of a small response.
const SMALL: u64 = 64;
/// And of a large one.
const LARGE: u64 = 256 << 20;
