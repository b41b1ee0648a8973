//! What can be counted instead of timed: calls of the host, fuel, memory. These hardly differ from one machine to another.

use std::collections::BTreeMap;
use std::time::Instant;

use xenon_harness::component::counts::Counts;

use crate::Result;
use crate::contestants::{Contestant, Entry, Job, Kind};
use crate::guest::{Guest, Instance};
use crate::loader::Loader;

/// What one unit of work costs a guest.
pub(crate) struct Cost {
    pub(crate) entry: Entry,
    pub(crate) calls: f64,
    pub(crate) calls_by_name: Vec<(String, f64)>,
    pub(crate) fuel: f64,
    /// All linear memory there is at the end, in bytes.
    pub(crate) memory: u64,
}

/// The costs of each; doing the job once is so many `units` of work.
pub(crate) fn of_each(entries: &[Entry], job: Job<'_>, units: u64, loaders: &Loaders) -> Result<Vec<Cost>> {
    entries.iter().map(|entry| of(entry, job, units, loaders)).collect()
}

/// Where guests come from.
pub(crate) struct Loaders {
    pub(crate) plain: Loader,
    pub(crate) fuelled: Loader,
}

impl Loaders {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { plain: Loader::plain()?, fuelled: Loader::fuelled()? })
    }
}

/// A gibibyte in one instance, over one connection: memory does not grow with it.
pub(crate) fn move_much(entry: &Entry, job: Job<'_>, loaders: &Loaders) -> Result<()> {
    let contestant = Contestant::new(entry, job.kind, &loaders.plain, &[])?;
    let mut instance = contestant.guest().ok_or("only guests have such costs")?.instantiate(job)?;
    let begun = Instant::now();
    instance.work(job, u32::try_from(MUCH / job.length)?)?;
    let (memory, time) = (instance.memory(), begun.elapsed());
    let way = if job.kind == Kind::Upload { "up" } else { "down" };
    let (label, mebibytes, kibibytes) = (entry.label(), MUCH >> 20, memory >> 10);
    println!("{label}: {mebibytes} MiB {way} in one instance: {:.1} s, {kibibytes} KiB", time.as_secs_f64());
    if memory > MOST_MEMORY { Err("memory grows".into()) } else { Ok(()) }
}

const MUCH: u64 = 1 << 30;

/// The most linear memory that may take, that of all components together.
const MOST_MEMORY: u64 = 4 << 20;

fn of(entry: &Entry, job: Job<'_>, units: u64, loaders: &Loaders) -> Result<Cost> {
    let load = |loader: &Loader| -> Result<Guest> {
        let contestant = Contestant::new(entry, job.kind, loader, &[])?;
        contestant.guest().cloned().ok_or_else(|| "only guests have such costs".into())
    };
    let count = match units {
        1 if job.kind.is_handshake() => 20,
        1 => 1000,
        _ => 1,
    };
    let total = f64::from(count) * units as f64;

    let mut instance = load(&loaders.fuelled)?.instantiate(job)?;
    let fuel = difference(&mut instance, job, count, |instance| instance.fuel().unwrap_or_default())?;

    let plain = load(&loaders.plain)?;
    let mut instance = plain.instantiate(job)?;
    instance.count_calls();
    let calls = difference(&mut instance, job, count, Instance::calls)?;
    let memory = instance.memory();

    let mut instance = plain.instantiate(job)?;
    let counts = [Counts::default(), Counts::default()];
    counts[0].during(|| instance.work(job, count))?;
    counts[1].during(|| instance.work(job, 2 * count))?;
    let [once, twice] = counts.map(|counts| counts.by_name());
    Ok(Cost {
        entry: entry.clone(),
        calls: calls as f64 / total,
        calls_by_name: by_name(&once, &twice, total),
        fuel: fuel as f64 / total,
        memory,
    })
}

/// What `count` more units of work add, connecting and all else that is done once not counted.
fn difference(instance: &mut Instance, job: Job<'_>, count: u32, counted: fn(&Instance) -> u64) -> Result<u64> {
    let mut spend = |count| -> Result<u64> {
        let before = counted(instance);
        instance.work(job, count)?;
        Ok(counted(instance) - before)
    };
    // Warm: a first run makes memory grow.
    spend(count)?;
    let once = spend(count)?;
    let twice = spend(2 * count)?;
    Ok(twice.saturating_sub(once))
}

fn by_name(once: &BTreeMap<String, u64>, twice: &BTreeMap<String, u64>, total: f64) -> Vec<(String, f64)> {
    let more = twice.iter().map(|(name, twice)| {
        let more = twice.saturating_sub(once.get(name).copied().unwrap_or_default());
        (short(name), more as f64 / total)
    });
    let mut sorted: Vec<_> = more.filter(|(_, more)| *more >= 0.005).collect();
    sorted.sort_by(|one, other| other.1.total_cmp(&one.1));
    sorted
}

/// `[method]input-stream.read` of `wasi:io/streams@0.2.4#[method]input-stream.read`.
fn short(name: &str) -> String {
    let function = name.rsplit('#').next().unwrap_or(name);
    function.strip_prefix("[method]").unwrap_or(function).to_owned()
}
