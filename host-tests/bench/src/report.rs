//! Says what was measured, for people.

use std::time::Duration;

use crate::costs::Cost;
use crate::names::Name;
use crate::options::Effort;
use crate::rounds::{Record, Sample};

/// What is said about some records.
pub(crate) struct Table<'a> {
    pub(crate) title: &'a str,
    pub(crate) unit: Unit,
    /// Whom all are compared with, and what the column says.
    pub(crate) to: Name,
    pub(crate) to_words: &'a str,
    pub(crate) goals: &'a [Goal],
}

/// What is done each time.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Each,
    /// So many bytes.
    Bytes(u64),
}

/// What some should reach of another's rate.
pub(crate) struct Goal {
    pub(crate) of: &'static [Name],
    pub(crate) to: Name,
    pub(crate) words: &'static str,
    pub(crate) least: f64,
}

pub(crate) fn introduction(effort: &Effort) {
    println!("Against one nginx on this machine, over one kept connection where the contestant keeps it.");
    println!("Uploads go to a server of the benchmark's own, which throws them away.");
    println!("{} rounds, each of about {:?} for each; medians, and the extremes.", effort.rounds, effort.slice);
    println!("Busy: the client's own computing, system calls included. To raw: the median of each round's ratio.");
}

pub(crate) fn tls_introduction(effort: &Effort) {
    println!();
    println!("Over TLS 1.3 with ChaCha20-Poly1305 and ECDSA on P-256, against one nginx on this machine.");
    println!("{} rounds, each of about {:?} for each; the rest as without TLS.", effort.rounds, effort.slice);
    println!(
        "The cryptography alone is what TLS calls, in memory: a component's ChaCha20-Poly1305 on records of 16 KiB, and"
    );
    println!("the client's half of a handshake.");
}

/// Medians and extremes, whether the goals are met, and how another build compares.
pub(crate) fn table(table: &Table<'_>, records: &[Record]) {
    let (unit, per_second) = match table.unit {
        Unit::Each => ("us", 1e6),
        Unit::Bytes(_) => ("ms", 1e3),
    };
    let rate = |time: Duration| match table.unit {
        Unit::Each => 1.0 / time.as_secs_f64(),
        Unit::Bytes(length) => length as f64 / 1e6 / time.as_secs_f64(),
    };
    println!();
    let (busy_words, to_words) = (format!("busy, {unit}"), format!("to {}", table.to_words));
    println!("{:<40}{:>7}{:>20}{busy_words:>11}{to_words:>10}", table.title, "median", "(min .. max)");
    for record in records {
        let rates = sorted(record.samples.iter().map(|sample| rate(sample.time)));
        let busy = sorted(record.samples.iter().map(|sample| sample.busy.as_secs_f64() * per_second));
        let spread = format!("({:.0} .. {:.0})", rates.first().unwrap_or(&0.0), rates.last().unwrap_or(&0.0));
        println!(
            "  {:<36}{:>9.0}{spread:>20}{:>11.1}{:>10.2}",
            record.entry.label(),
            median(&rates),
            median(&busy),
            median(&ratios(Some(record), find(records, table.to), time))
        );
    }
    for goal in table.goals {
        if let Some(other) = find(records, goal.to) {
            tell(goal, records, other);
        }
    }
    compare_builds(records);
}

fn tell(goal: &Goal, records: &[Record], other: &Record) {
    for record in of_this_build(records).filter(|record| goal.of.contains(&record.entry.name)) {
        let by_time = ratios(Some(record), Some(other), time);
        let by_busy = median(&ratios(Some(record), Some(other), busy));
        let (least, most) = (by_time.first().unwrap_or(&f64::NAN), by_time.last().unwrap_or(&f64::NAN));
        let reached = median(&by_time);
        let word = if reached >= goal.least { "pass" } else { "MISS" };
        let (label, words) = (record.entry.label(), goal.words);
        println!("  {word}: {label}: {reached:.2} ({least:.2} .. {most:.2}) of {words}; the goal is {:.2}", goal.least);
        println!("        {by_busy:.2} if computing is compared, and not time by the clock");
    }
}

fn compare_builds(records: &[Record]) {
    for other in records.iter().filter(|record| record.entry.beside.is_some()) {
        let this = find(records, other.entry.name);
        let rate = median(&ratios(Some(other), this, time));
        let busy = median(&ratios(this, Some(other), busy));
        println!("  {}: {rate:.3} of this build's rate, {busy:.3} of its computing", other.entry.label());
    }
}

fn of_this_build(records: &[Record]) -> impl Iterator<Item = &Record> {
    records.iter().filter(|record| record.entry.beside.is_none() && !record.entry.is_plain)
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

/// How fast one is as a multiple of the other, in each round; sorted.
fn ratios(one: Option<&Record>, other: Option<&Record>, of: fn(&Sample) -> Duration) -> Vec<f64> {
    let samples = |record: Option<&Record>| record.map(|record| record.samples.clone()).unwrap_or_default();
    let pairs = samples(one).into_iter().zip(samples(other));
    sorted(pairs.map(|(one, other)| of(&other).as_secs_f64() / of(&one).as_secs_f64()))
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

pub(crate) fn costs(title: &str, costs: &[Cost]) {
    println!();
    println!("{:<38}{:>12}{:>12}{:>16}", title, "host calls", "fuel", "memory, KiB");
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
        let record = |millis: [u64; 3]| Record { entry: Entry::this(Name::Raw), samples: millis.map(sample).to_vec() };
        let ratios = ratios(Some(&record([20, 60, 90])), Some(&record([10, 30, 10])), time);
        assert_eq!(median(&ratios), 0.5);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
        assert!(median(&[]).is_nan());
    }
}
