//! Differential tests: the same response bytes go to Xenon, to hyper's client and to ureq-proto, and all must make the same
//! of them, or differ as `differences.rs` lists and argues.
//!
//! It does not say who is right: the argument of each listed difference does. A difference that is not listed fails, and so
//! does one that is listed and that no case shows any more.

mod answer;
mod cases;
mod differences;
#[expect(dead_code, reason = "of a transcript only what the server sends is of use here")]
#[path = "../transcripts/format.rs"]
mod format;
mod framings;
mod grammar;
mod hyper_client;
mod ours;
#[path = "../transcripts/parser.rs"]
mod parser;
mod table;
mod ureq_client;

use std::collections::BTreeMap;
use std::io::Write;

use answer::{Accepted, Answer, Ending, Fields, Heard, Part};
use cases::{Case, Origin};
use differences::{LISTED, Oracle, Seen};

/// What a client makes of the response of a case when the peer then does this.
type Client = fn(&Case, Ending) -> Heard;

#[test]
fn clients_agree_or_differ_as_listed() {
    let cases = cases::all();
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    for case in &cases {
        let ours = answer(ours::hear, case);
        for (oracle, hear) in [(Oracle::Hyper, hyper_client::hear as Client), (Oracle::Ureq, ureq_client::hear)] {
            let theirs = answer(hear, case);
            let seen = Seen { case, ours: &ours, theirs: &theirs };
            let differing = ours.differing(&theirs);
            *counts.of(oracle, &ours, differing.is_empty()) += 1;
            for part in differing {
                match differences::explain(oracle, part, &seen) {
                    Some(index) => *counts.shown.entry((index, oracle)).or_default() += 1,
                    None => wrong.push(format!("{part:?}: {case}\n  ours: {ours}\n  {}: {theirs}", oracle.name())),
                }
            }
        }
    }
    counts.tell(&cases);
    let unlisted = wrong.len();
    wrong.truncate(20);
    assert!(wrong.is_empty(), "{unlisted} differences are not listed; some of them:\n{}", wrong.join("\n"));
    let stale = counts.stale();
    assert!(stale.is_empty(), "no case shows these differences any more: {stale:#?}");
    assert!(cases.len() > 8000, "only {} cases: where have the others gone?", cases.len());
}

#[test]
fn what_is_known_of_the_others() {
    let get = |bytes: &str| {
        let [hyper, ureq] = [hyper_client::hear as Client, ureq_client::hear].map(|hear| {
            let case = Case::get(bytes);
            answer(hear, &case).accepted().map(|accepted| accepted.content.escape_ascii().to_string())
        });
        (hyper, ureq)
    };
    let content = |text: &str| Some(text.to_owned());
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(get(&format!("{chunked}2\r\nok\r\n0\r\n\r\n")), (content("ok"), content("ok")));
    assert_eq!(get(&format!("{chunked}+2\r\nok\r\n0\r\n\r\n")), (None, content("ok")));
    assert_eq!(get(&format!("{chunked}2\r\nok\r\n0\r\nno field\r\n\r\n")), (None, content("ok")));
    let after = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    assert_eq!(get(after), (content("2\\r\\nok\\r\\n0\\r\\n\\r\\n"), content("ok")));
    let old = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    assert_eq!(get(old), (None, content("2\\r\\nok\\r\\n0\\r\\n\\r\\n")));
}

#[test]
fn what_is_not_listed_is_not_explained() {
    let case = Case::get("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let accepted = || answer(ours::hear, &case);
    let changed = |change: fn(&mut Accepted)| {
        let Answer::Accepted(mut accepted) = accepted() else { panic!("a good response") };
        change(&mut accepted);
        Answer::Accepted(accepted)
    };
    let refused = || Answer::Refused { why: "a new reason".into() };
    let table = [
        (accepted(), refused(), Part::TheyRefuse),
        (refused(), accepted(), Part::WeRefuse),
        (accepted(), changed(|accepted| accepted.status = 201), Part::Status),
        (accepted(), changed(|accepted| accepted.fields.push("A", b"b")), Part::Fields),
        (accepted(), changed(|accepted| accepted.content.push(0)), Part::Content),
        (accepted(), changed(|accepted| accepted.trailers = Some(Fields::one("a", b"b"))), Part::Trailers),
        (accepted(), changed(|accepted| accepted.is_reusable = Some(false)), Part::WeKeep),
        (changed(|accepted| accepted.is_reusable = Some(false)), accepted(), Part::TheyKeep),
    ];
    for (ours, theirs, part) in table {
        assert_eq!(ours.differing(&theirs), [part]);
        let seen = Seen { case: &case, ours: &ours, theirs: &theirs };
        assert_eq!(Oracle::ALL.map(|oracle| differences::explain(oracle, part, &seen)), [None; 2], "{part:?}");
    }
    assert_eq!(refused().differing(&refused()), []);
    let hidden = changed(|accepted| (accepted.trailers, accepted.is_reusable) = (None, None));
    assert_eq!(accepted().differing(&hidden), []);
}

/// What a client makes of a case: of a connection that stays open, and of one that ends if that does not suffice.
fn answer(hear: Client, case: &Case) -> Answer {
    let heard = match hear(case, Ending::Open) {
        Heard::Waiting => hear(case, Ending::Closed),
        heard => heard,
    };
    match heard {
        Heard::Answer(answer) => answer,
        Heard::Waiting => Answer::Refused { why: "it waits on, though the connection has ended".into() },
    }
}

#[derive(Default)]
struct Counts {
    /// Cases that both accept, and those that both refuse.
    agreeing: BTreeMap<(Oracle, bool), usize>,
    differing: BTreeMap<Oracle, usize>,
    /// How often each listed difference is shown, by its place in the list.
    shown: BTreeMap<(usize, Oracle), usize>,
}

impl Counts {
    fn of(&mut self, oracle: Oracle, ours: &Answer, is_agreeing: bool) -> &mut usize {
        if is_agreeing {
            self.agreeing.entry((oracle, ours.accepted().is_some())).or_default()
        } else {
            self.differing.entry(oracle).or_default()
        }
    }

    /// What is listed and was not shown.
    fn stale(&self) -> Vec<String> {
        let listed = LISTED.iter().enumerate();
        let pairs = listed.flat_map(|(index, listed)| listed.oracles.iter().map(move |oracle| (index, *oracle)));
        let stale = pairs.filter(|pair| !self.shown.contains_key(pair));
        stale.map(|(index, oracle)| format!("{}: {}", oracle.name(), LISTED[index].name)).collect()
    }

    /// Says it even when the test succeeds.
    fn tell(&self, cases: &[Case]) {
        let of = |origin: Origin| cases.iter().filter(|case| case.origin == origin).count();
        let [transcripts, table, grammar] = [Origin::Transcript, Origin::Table, Origin::Grammar].map(of);
        let mut words = format!(
            "count: {} responses given to other clients too: {transcripts} of transcripts, {table} of a table, {grammar} of a \
             grammar\n",
            cases.len()
        );
        for oracle in Oracle::ALL {
            let [accepting, refusing] =
                [true, false].map(|accepts| self.agreeing.get(&(oracle, accepts)).unwrap_or(&0));
            let differing = self.differing.get(&oracle).unwrap_or(&0);
            let listed = LISTED.iter().filter(|listed| listed.oracles.contains(&oracle)).count();
            words += &format!(
                "count: {} of them have {} agree ({accepting} accepted, {refusing} refused), {differing} differ in {listed} \
                 listed ways\n",
                accepting + refusing,
                oracle.name(),
            );
            for ((index, _), shown) in self.shown.iter().filter(|((_, other), _)| *other == oracle) {
                words += &format!("{shown:7}  {}: {}\n", LISTED[*index].name, LISTED[*index].why);
            }
        }
        drop(std::io::stderr().write_all(words.as_bytes()));
    }
}
