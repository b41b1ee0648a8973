//! Says what was measured, for people.

use std::time::Duration;

use crate::contestants::Name;
use crate::costs::Cost;
use crate::options::Effort;
use crate::rounds::{Record, Sample};

/// What Xenon should reach of the raw loop's rate.
const GOAL_TO_RAW: f64 = 0.90;
/// And of `wasi:http`'s, in requests.
const GOAL_TO_WASI_HTTP: f64 = 2.0;

pub(crate) fn introduction(effort: &Effort) {
    println!("Against one nginx on this machine, over one kept connection where the contestant keeps it.");
    println!("{} rounds, each of about {:?} for each; medians, and the extremes.", effort.rounds, effort.slice);
    println!("Busy: the client's own computing, system calls included. To raw: the median of each round's ratio.");
}

pub(crate) fn requests(records: &[Record]) {
    table(
        "Requests per second, GET of 64 bytes",
        "us",
        records,
        |time| 1.0 / time.as_secs_f64(),
        |busy| busy.as_secs_f64() * 1e6,
    );
    goal(records, Name::Raw, "raw", GOAL_TO_RAW);
    goal(records, Name::WasiHttp, "wasi:http", GOAL_TO_WASI_HTTP);
    compare_builds(records);
}

pub(crate) fn bytes(records: &[Record], length: u64) {
    let megabytes = length as f64 / 1e6;
    let title = format!("MB per second, download of {} MiB", length >> 20);
    table(&title, "ms", records, |time| megabytes / time.as_secs_f64(), |busy| busy.as_secs_f64() * 1e3);
    goal(records, Name::Raw, "raw", GOAL_TO_RAW);
    compare_builds(records);
}

fn table(title: &str, unit: &str, records: &[Record], rate: impl Fn(Duration) -> f64, busy: impl Fn(Duration) -> f64) {
    println!();
    println!("{title:<38}{:>9}{:>20}{:>11}{:>9}", "median", "(min .. max)", format!("busy, {unit}"), "to raw");
    for record in records {
        let rates = sorted(record.samples.iter().map(|sample| rate(sample.time)));
        let busy = sorted(record.samples.iter().map(|sample| busy(sample.busy)));
        let spread = format!("({:.0} .. {:.0})", rates.first().unwrap_or(&0.0), rates.last().unwrap_or(&0.0));
        println!(
            "  {:<36}{:>9.0}{spread:>20}{:>11.1}{:>9.2}",
            record.entry.label(),
            median(&rates),
            median(&busy),
            ratio(Some(record), find(records, Name::Raw), time)
        );
    }
}

fn goal(records: &[Record], to: Name, to_words: &str, least: f64) {
    for record in of_this_build(records).filter(|record| record.entry.name.is_xenon()) {
        let ratio = ratio(Some(record), find(records, to), time);
        let word = if ratio >= least { "pass" } else { "MISS" };
        println!("  {word}: {} reaches {ratio:.2} of {to_words}; the goal is {least:.2}", record.entry.label());
    }
}

fn compare_builds(records: &[Record]) {
    for other in records.iter().filter(|record| record.entry.beside.is_some()) {
        let this = find(records, other.entry.name);
        let (rate, busy) = (ratio(Some(other), this, time), ratio(this, Some(other), busy));
        println!("  {}: {rate:.3} of this build's rate, {busy:.3} of its computing", other.entry.label());
    }
}

fn of_this_build(records: &[Record]) -> impl Iterator<Item = &Record> {
    records.iter().filter(|record| record.entry.beside.is_none())
}

fn find(records: &[Record], name: Name) -> Option<&Record> {
    of_this_build(records).find(|record| record.entry.name == name)
}

fn time(sample: &Sample) -> Duration {
    sample.time
}

fn busy(sample: &Sample) -> Duration {
    sample.busy
}

/// How fast one is as a multiple of the other: the median of the rounds' ratios.
fn ratio(one: Option<&Record>, other: Option<&Record>, of: fn(&Sample) -> Duration) -> f64 {
    let samples = |record: Option<&Record>| record.map(|record| record.samples.clone()).unwrap_or_default();
    let pairs = samples(one).into_iter().zip(samples(other));
    median(&sorted(pairs.map(|(one, other)| of(&other).as_secs_f64() / of(&one).as_secs_f64())))
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted {
        [] => f64::NAN,
        _ if sorted.len() % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

pub(crate) fn costs(unit: &str, costs: &[Cost]) {
    println!();
    println!("{:<38}{:>12}{:>12}{:>16}", format!("For each {unit}"), "host calls", "fuel", "memory, KiB");
    for cost in costs {
        let memory = cost.memory >> 10;
        println!("  {:<36}{:>12.2}{:>12.0}{memory:>16}", cost.entry.label(), cost.calls, cost.fuel);
    }
    for cost in costs {
        let names: Vec<_> = cost.calls_by_name.iter().map(|(name, calls)| format!("{calls:.2} {name}")).collect();
        println!("  {}: {}", cost.entry.label(), names.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestants::Entry;

    #[test]
    fn a_ratio_is_taken_in_each_round() {
        let sample = |millis| Sample { time: Duration::from_millis(millis), busy: Duration::ZERO };
        // The machine is three times slower in the second round, for both; in the third something else ran.
        let record = |millis: [u64; 3]| Record {
            entry: Entry { name: Name::Raw, beside: None },
            samples: millis.map(sample).to_vec(),
        };
        assert_eq!(ratio(Some(&record([20, 60, 90])), Some(&record([10, 30, 10])), time), 0.5);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
        assert!(median(&[]).is_nan());
    }
}
