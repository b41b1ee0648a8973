//! Lets the contestants take turns, so that what disturbs the machine disturbs them all.

use std::time::{Duration, Instant};

use crate::Result;
use crate::contestants::{Contestant, Entry, Job};
use crate::options::Effort;

/// What one contestant did in one round, each time it did the job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Time by the clock.
    pub(crate) time: Duration,
    /// Time that the contestant was computing, in the kernel too; zero where the system does not tell.
    pub(crate) busy: Duration,
}

/// What one contestant did in all rounds, in their order.
pub(crate) struct Record {
    pub(crate) entry: Entry,
    pub(crate) samples: Vec<Sample>,
}

/// Lets each do its job, and answers in the order given.
pub(crate) fn run(turns: &[(&Contestant, Job<'_>)], effort: &Effort) -> Result<Vec<Record>> {
    let counts = turns.iter().map(|(one, job)| calibrate(one, *job, effort)).collect::<Result<Vec<_>>>()?;
    let record = |(one, _): &(&Contestant, Job<'_>)| Record { entry: one.entry.clone(), samples: Vec::new() };
    let mut records: Vec<_> = turns.iter().map(record).collect();
    for round in 0..effort.rounds {
        // Each round begins with another one, so that nobody always follows the same.
        for turn in 0..turns.len() {
            let index = (round + turn) % turns.len();
            let (contestant, job) = turns[index];
            records[index].samples.push(measure(contestant, job, warm_up(job), counts[index])?);
        }
    }
    Ok(records)
}

/// How often a contestant does the job in a slice of time.
fn calibrate(contestant: &Contestant, job: Job<'_>, effort: &Effort) -> Result<u32> {
    let count = warm_up(job) * 4;
    let each = measure(contestant, job, warm_up(job), count)?.time;
    Ok((effort.slice.as_secs_f64() / each.as_secs_f64()).ceil().max(1.0) as u32)
}

/// How long the job takes each of `count` times, after `warm_up` times that are not measured.
pub(crate) fn measure(contestant: &Contestant, job: Job<'_>, warm_up: u32, count: u32) -> Result<Sample> {
    let mut worker = contestant.start(job, warm_up)?;
    let (start, busy) = (Instant::now(), worker.busy());
    let told = worker.work(job, count)?;
    let (watched, busy) = (start.elapsed(), worker.busy() - busy);
    // Of a contestant that does not count all that it does, the same part of what it has computed counts.
    let time = told.unwrap_or(watched);
    let busy = busy.mul_f64(time.as_secs_f64() / watched.as_secs_f64());
    Ok(Sample { time: time / count, busy: busy / count })
}

/// How often the job is done before it is measured: enough for memory to be there and for code to be in it.
fn warm_up(job: Job<'_>) -> u32 {
    if job.is_large() {
        1
    } else if job.kind.is_handshake() {
        10
    } else {
        100
    }
}
