//! Lets the contestants take turns, so that what disturbs the machine disturbs them all.

use std::fs;
use std::time::{Duration, Instant};

use crate::Result;
use crate::contestants::{Contestant, Entry, Job};
use crate::options::Effort;

/// What one contestant did in one round, each time it did the job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Time by the clock.
    pub(crate) time: Duration,
    /// Time that this thread was computing, in the kernel too; zero where the system does not tell.
    pub(crate) busy: Duration,
}

/// What one contestant did in all rounds, in their order.
pub(crate) struct Record {
    pub(crate) entry: Entry,
    pub(crate) samples: Vec<Sample>,
}

/// Runs them all, and answers in the order given.
pub(crate) fn run(contestants: &[Contestant], job: Job, effort: &Effort) -> Result<Vec<Record>> {
    let counts = contestants.iter().map(|contestant| calibrate(contestant, job, effort)).collect::<Result<Vec<_>>>()?;
    let record = |contestant: &Contestant| Record { entry: contestant.entry.clone(), samples: Vec::new() };
    let mut records: Vec<_> = contestants.iter().map(record).collect();
    for round in 0..effort.rounds {
        // Each round begins with another one, so that nobody always follows the same.
        for turn in 0..contestants.len() {
            let index = (round + turn) % contestants.len();
            let sample = measure(&contestants[index], job, counts[index])?;
            records[index].samples.push(sample);
        }
    }
    Ok(records)
}

/// How often a contestant does the job in a slice of time.
fn calibrate(contestant: &Contestant, job: Job, effort: &Effort) -> Result<u32> {
    let count = warm_up(job) * 4;
    let each = measure(contestant, job, count)?.time;
    Ok((effort.slice.as_secs_f64() / each.as_secs_f64()).ceil().max(1.0) as u32)
}

fn measure(contestant: &Contestant, job: Job, count: u32) -> Result<Sample> {
    let mut worker = contestant.start(job, warm_up(job))?;
    let (start, busy) = (Instant::now(), busy_time());
    worker.work(job, count)?;
    Ok(Sample { time: start.elapsed() / count, busy: (busy_time() - busy) / count })
}

/// How often the job is done before it is measured: enough for memory to be there and for code to be in it.
fn warm_up(job: Job) -> u32 {
    if job.length > 1 << 20 { 1 } else { 100 }
}

/// For how long this thread was computing. All that is measured runs in this thread.
fn busy_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}
