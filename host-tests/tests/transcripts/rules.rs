//! Which transcripts real sockets cannot do exactly, by what is in them, and how fast the others run.

use std::time::Duration;

use crate::format::{Act, Case, Failure, Fate, Outcome, Request, Step};
use crate::parser::duration;

/// How long the time of a transcript may be, before it is made to run faster.
const LONGEST: Duration = Duration::from_secs(2);

/// How many bytes a server may send that sends each alone.
const MOST_CUT: usize = 4096;

/// Why this transcript is left to the simulated network; none if it is run.
pub(crate) fn why_left(case: &Case) -> Option<&'static str> {
    let has = |is: &dyn Fn(&Act) -> bool| case.connections.iter().flatten().any(is);
    let sets = |name: &str| settings(case).any(|(other, _)| other == name);
    if sets("listen") {
        return Some("a server at an address of its own");
    }
    if outcomes(case).any(|outcome| outcome.error.as_ref().is_some_and(|error| error.phase == "resolve")) {
        return Some("a resolver");
    }
    if has(&|act| matches!(act, Act::Window(_))) && outcomes(case).any(is_about_unsent_content) {
        return Some("content that must stay unsent, but a host and its system take more than the server's window");
    }
    if case.connections.iter().any(|acts| acts.first() == Some(&Act::Reset)) {
        return Some("a reset that waits for nothing, which can come before, while or after the request is sent");
    }
    let is_heard_before_sending = |(request, outcome): (&Request, &Outcome)| {
        outcome.write_error.as_deref() == Some("early-response") && !request.expects
    };
    // After a reset nothing can go.
    if exchanges(case).any(is_heard_before_sending) && !has(&|act| *act == Act::Reset) {
        return Some("an answer that must be heard before a piece goes that could go, but sending is tried first");
    }
    let is_tie = |(name, value): (&str, &str)| {
        let is_deadline = name.starts_with("deadlines.");
        is_deadline && has(&|act| matches!(act, Act::Stall(Some(time)) if duration(value).as_ref() == Ok(time)))
    };
    if settings(case).any(is_tie) {
        return Some("something that comes at the very moment of a deadline");
    }
    None
}

/// Whether this comes only of content that could not be sent.
fn is_about_unsent_content(outcome: &Outcome) -> bool {
    let is_error = |error: &Failure| error.phase == "send" || error.code == "HTTP-upgrade-failed";
    outcome.fates.contains(&Fate::Closed("unsent-content".into())) || outcome.error.as_ref().is_some_and(is_error)
}

/// Whether it is run with a write for each byte too: bytes may make no difference to it, and are few, and nothing takes
/// time. Nor may the server reset: a system forgets then what it has not sent yet, and many packets may wait for that.
pub(crate) fn is_cut_too(case: &Case) -> bool {
    let acts = || case.connections.iter().flatten();
    let sent = acts().map(|act| if let Act::Send(bytes) = act { bytes.len() } else { 0 });
    let is_whole_only = settings(case).any(|setting| setting == ("ways", "whole"));
    let resets = acts().any(|act| *act == Act::Reset);
    !is_whole_only && !resets && sent.sum::<usize>() <= MOST_CUT && time(case).is_zero()
}

/// How much faster its times run than they are written.
pub(crate) fn pace(case: &Case) -> u32 {
    u32::try_from(time(case).as_nanos().div_ceil(LONGEST.as_nanos())).unwrap_or(u32::MAX).max(1)
}

/// How long it takes as written.
fn time(case: &Case) -> Duration {
    let took: Duration = outcomes(case).map(|outcome| outcome.took).sum();
    let stalls = case.connections.iter().flatten().map(|act| match act {
        Act::Stall(Some(time)) => *time,
        _ => Duration::ZERO,
    });
    took.max(stalls.sum())
}

fn outcomes(case: &Case) -> impl Iterator<Item = &Outcome> {
    case.steps.iter().filter_map(|step| match step {
        Step::Exchange(_, outcome) | Step::CloseConnection(outcome) => Some(outcome),
        _ => None,
    })
}

fn exchanges(case: &Case) -> impl Iterator<Item = (&Request, &Outcome)> {
    case.steps.iter().filter_map(|step| match step {
        Step::Exchange(request, outcome) => Some((request, outcome)),
        _ => None,
    })
}

fn settings(case: &Case) -> impl Iterator<Item = (&str, &str)> {
    case.steps.iter().filter_map(|step| match step {
        Step::Set(setting) => Some((setting.name.as_str(), setting.value.as_str())),
        _ => None,
    })
}
