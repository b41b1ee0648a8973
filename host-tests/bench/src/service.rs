//! A service that forwards each inbound request to one server: what it reaches, and over how many connections.
//!
//! The inbound requests come from memory, many at once, as a host gives them to one instance of a service over WASI 0.3.

use std::collections::BTreeSet;

use xenon_harness::nginx::Nginx;

use crate::Result;
use crate::contestants::{Contestant, Entry, Job};
use crate::costs::{self, Loaders};
use crate::names::Name;
use crate::options::Options;
use crate::report::{self, Goal, Table, Unit};
use crate::rounds::{self, Record};

/// The same service twice.
pub(crate) const NAMES: &[Name] = &[Name::ServiceOverXenon, Name::ServiceOfHost];

/// Inbound requests to an instance.
const REQUESTS: u32 = 1000;

const TABLE: Table<'_> = Table {
    title: "Inbound requests per second, forwarded",
    unit: Unit::Each,
    to: Name::ServiceOfHost,
    to_words: "host's",
    goals: &[Goal { of: &[Name::ServiceOverXenon], to: Name::ServiceOfHost, words: "the host's client", least: 1.0 }],
};

/// To forward a request for 64 bytes.
pub(crate) fn job(nginx: &Nginx, is_logged: bool) -> Job<'static> {
    Job::plain(nginx.port(), if is_logged { "/small" } else { "/unlogged/small" }, 64)
}

/// Gives each of them so many requests, in a new instance, and looks for the connections in nginx's log.
pub(crate) fn run(nginx: &Nginx, options: &Options, loaders: &Loaders) -> Result<()> {
    let job = job(nginx, true);
    let entries = Entry::all(NAMES, options.beside.as_deref());
    let load = |entry| Contestant::new(entry, job.kind, &loaders.plain, &[]);
    let contestants: Vec<_> = entries.iter().map(load).collect::<Result<_>>()?;
    let mut records: Vec<_> =
        entries.iter().map(|entry| Record { entry: entry.clone(), samples: Vec::new() }).collect();
    let mut connections = vec![Vec::new(); entries.len()];
    for round in 0..options.effort.rounds {
        for turn in 0..contestants.len() {
            let index = (round + turn) % contestants.len();
            let before = nginx.served().len();
            records[index].samples.push(rounds::measure(&contestants[index], job, 0, REQUESTS)?);
            let served = nginx.served().split_off(before);
            connections[index].push(served.iter().map(|one| one.connection).collect::<BTreeSet<_>>().len());
        }
    }
    report::table(&TABLE, &records);
    for (entry, connections) in entries.iter().zip(&mut connections) {
        connections.sort_unstable();
        let (least, most) = (connections.first().unwrap_or(&0), connections.last().unwrap_or(&0));
        println!("  {}: {REQUESTS} requests took {least} to {most} connections to the server", entry.label());
    }
    Ok(())
}

/// What can be counted of it.
pub(crate) fn tell_costs(nginx: &Nginx, options: &Options, loaders: &Loaders) -> Result<()> {
    let entries = Entry::all(NAMES, options.beside.as_deref());
    report::costs("For each inbound request", &costs::of_each(&entries, job(nginx, false), 1, loaders)?);
    Ok(())
}
