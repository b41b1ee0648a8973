//! The tour, as a native program: starts an origin, runs the tour's component, and compares what the origin has counted in
//! the end with what was told.
//!
//! It must not need anything outside this machine.

use std::process::exit;

use xenon_native::origin::{Counts, Origin};
use xenon_native::{ahead, command};

fn main() {
    let origin = match Origin::start() {
        Ok(origin) => origin,
        Err(error) => {
            eprintln!("xenon-tour: this machine does not let it listen on 127.0.0.1: {error}");
            exit(1);
        }
    };
    let arguments = [origin.port, origin.desk].map(|port| port.to_string().into_bytes());
    let code = command::run("xenon-tour", ahead::TOUR, &arguments);
    let told = Counts { connections: 3, requests: 5, open: 0 };
    if code == 0 && origin.counts() != told {
        eprintln!("xenon-tour: the origin counted {:?}, and the tour told {told:?}", origin.counts());
        exit(1);
    }
    exit(code);
}
