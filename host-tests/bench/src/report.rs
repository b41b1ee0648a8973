//! Says what was measured, for people.

use std::time::Duration;

use crate::contestants::Name;
use crate::costs::Cost;
use crate::options::Effort;
use crate::rounds::Sample;

/// What Xenon should reach of the raw loop's rate.
const GOAL_TO_RAW: f64 = 0.90;
/// And of `wasi:http`'s, in requests.
const GOAL_TO_WASI_HTTP: f64 = 2.0;

type Samples = [(Name, Vec<Sample>)];

pub(crate) fn introduction(effort: &Effort) {
    println!("Against one nginx on this machine, over one kept connection where the contestant keeps it.");
    println!("{} rounds, each of about {:?} for each; medians, and the extremes.", effort.rounds, effort.slice);
    println!("Busy: the client's own computing, system calls included. To raw: the median of each round's ratio.");
}

pub(crate) fn requests(samples: &Samples) {
    table("Requests per second, GET of 64 bytes", "us", samples, |time| 1.0 / time.as_secs_f64(), |busy| {
        busy.as_secs_f64() * 1e6
    });
    goal(samples, Name::Raw, "raw", GOAL_TO_RAW);
    goal(samples, Name::WasiHttp, "wasi:http", GOAL_TO_WASI_HTTP);
}

pub(crate) fn bytes(samples: &Samples, length: u64) {
    let megabytes = length as f64 / 1e6;
    let title = format!("MB per second, download of {} MiB", length >> 20);
    table(&title, "ms", samples, |time| megabytes / time.as_secs_f64(), |busy| busy.as_secs_f64() * 1e3);
    goal(samples, Name::Raw, "raw", GOAL_TO_RAW);
}

fn table(
    title: &str,
    unit: &str,
    samples: &Samples,
    rate: impl Fn(Duration) -> f64,
    busy: impl Fn(Duration) -> f64,
) {
    println!();
    println!("{title:<38}{:>9}{:>20}{:>11}{:>9}", "median", "(min .. max)", format!("busy, {unit}"), "to raw");
    for (name, samples_of_it) in samples {
        let rates = sorted(samples_of_it.iter().map(|sample| rate(sample.time)));
        let busy = sorted(samples_of_it.iter().map(|sample| busy(sample.busy)));
        let spread = format!("({:.0} .. {:.0})", rates.first().unwrap_or(&0.0), rates.last().unwrap_or(&0.0));
        println!(
            "  {:<36}{:>9.0}{spread:>20}{:>11.1}{:>9.2}",
            name.as_str(),
            median(&rates),
            median(&busy),
            ratio(samples, *name, Name::Raw)
        );
    }
}

fn goal(samples: &Samples, to: Name, to_words: &str, least: f64) {
    for (name, _) in samples.iter().filter(|(name, _)| name.is_xenon()) {
        let ratio = ratio(samples, *name, to);
        let word = if ratio >= least { "pass" } else { "MISS" };
        println!("  {word}: {} reaches {ratio:.2} of {to_words}; the goal is {least:.2}", name.as_str());
    }
}

/// How fast one is as a multiple of the other: the median of the rounds' ratios.
fn ratio(samples: &Samples, name: Name, to: Name) -> f64 {
    let of = |wanted| samples.iter().find(|(name, _)| *name == wanted).map(|(_, samples)| samples.as_slice());
    let (one, other) = (of(name).unwrap_or_default(), of(to).unwrap_or_default());
    let ratios = one.iter().zip(other).map(|(one, other)| other.time.as_secs_f64() / one.time.as_secs_f64());
    median(&sorted(ratios))
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
        println!("  {:<36}{:>12.2}{:>12.0}{memory:>16}", cost.name.as_str(), cost.calls, cost.fuel);
    }
    for cost in costs {
        let names: Vec<_> = cost.calls_by_name.iter().map(|(name, calls)| format!("{calls:.2} {name}")).collect();
        println!("  {}: {}", cost.name.as_str(), names.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_in_each_round() {
        let sample = |millis| Sample { time: Duration::from_millis(millis), busy: Duration::ZERO };
        // The machine is three times slower in the second round, for both; in the third something else ran.
        let samples = [
            (Name::Raw, vec![sample(10), sample(30), sample(10)]),
            (Name::XenonGet, vec![sample(20), sample(60), sample(90)]),
        ];
        assert_eq!(ratio(&samples, Name::XenonGet, Name::Raw), 0.5);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
        assert!(median(&[]).is_nan());
    }
}
