//! A random walk over the functions of the built component: any call at any time, on any handle, with any value.
//!
//! A trap or a hang is a panic of the harness. Any result of a call is right here, but the text of an error must be fit for a log.
//! The walk is the same each time, as far as the system's timing allows.

mod calls;
mod peer;
mod random;
mod settings;

use std::time::{Duration, Instant};

use xenon_harness::component::{Error, Exchange, Guest, Request, Response, Session, Setup};

use crate::peer::Peer;
use crate::random::{Random, pick, take};

/// Calls of each walk, and walks.
const CALLS: usize = 3_000;
const WALKS: u64 = 3;

/// Handles of a kind at once.
const HANDLES: usize = 12;

/// The password of all sessions.
const PASSWORD: &str = "hidden-words";

#[test]
fn thousands_of_random_calls_end_in_no_trap() {
    let peer = Peer::start();
    for seed in 0..WALKS {
        let guest = Guest::with(Setup { turns: seed != 1, ..Setup::default() });
        let before = guest.host_resources();
        let mut walk = Walk {
            guest: &guest,
            random: Random(seed),
            port: peer.port,
            sessions: Vec::new(),
            requests: Vec::new(),
            exchanges: Vec::new(),
            responses: Vec::new(),
            answers: 0,
            errors: 0,
        };
        for _ in 0..CALLS {
            walk.call();
        }
        let (answers, errors) = (walk.answers, walk.errors);
        println!("walk {seed}: {answers} responses, {errors} errors");
        assert!(answers > 50 && errors > 50, "it leads nowhere: {answers} responses, {errors} errors");
        drop(walk);
        assert_nothing_left(&guest, before);
    }
    let proxied = peer.proxied();
    println!("forwarding, tunnels, SOCKS: {proxied:?}");
    assert!(proxied.iter().all(|count| *count > 0), "a kind of proxy was never used: {proxied:?}");
}

/// Connections whose last bytes were still to go are swept away when others are made.
fn assert_nothing_left(guest: &Guest, before: usize) {
    let start = Instant::now();
    while guest.host_resources() > before + KEPT {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{} of the host's resources are left",
            guest.host_resources()
        );
        let session = guest.session("http", "127.0.0.1", 1);
        session.set_deadlines(settings::short());
        let _ = session.get("/");
        guest.wait_any(&[], &[], &[], Some(Duration::from_millis(1)));
    }
}

/// What an instance keeps for itself once it has used it: the right to use the network, and a timer.
const KEPT: usize = 4;

struct Walk<'a> {
    guest: &'a Guest,
    random: Random,
    port: u16,
    sessions: Vec<Session>,
    requests: Vec<Request>,
    exchanges: Vec<Exchange>,
    responses: Vec<Response>,
    answers: usize,
    errors: usize,
}

impl Walk<'_> {
    fn call(&mut self) {
        match self.random.below(40) {
            0..=1 => self.make_session(),
            2 => drop(take(&mut self.sessions, &mut self.random)),
            3 => {
                if let Some(session) = pick(&self.sessions, &mut self.random) {
                    session.close_connection();
                }
            }
            4..=7 => self.set(),
            8..=9 => self.fetch(),
            10..=13 => self.make_request(),
            14..=15 => self.change_request(),
            16 => drop(take(&mut self.requests, &mut self.random)),
            17..=21 => self.start(),
            22..=28 => self.use_exchange(),
            29 => drop(take(&mut self.exchanges, &mut self.random)),
            30..=35 => self.use_response(),
            36 => drop(take(&mut self.responses, &mut self.random)),
            37 => self.take_events(),
            _ => {
                let exchanges: Vec<&Exchange> = self.exchanges.iter().collect();
                let responses: Vec<&Response> = self.responses.iter().collect();
                self.guest.wait_any(
                    &exchanges,
                    &responses,
                    &[],
                    Some(Duration::from_millis(self.random.below(3) as u64)),
                );
            }
        }
    }

    fn take_events(&mut self) {
        if let Some(session) = pick(&self.sessions, &mut self.random) {
            let events = format!("{:?}", session.take_events());
            assert!(!events.contains(PASSWORD), "{events}");
        }
    }

    fn note<T>(&mut self, outcome: Result<T, Error>) -> Option<T> {
        match outcome {
            Ok(answer) => {
                self.answers += 1;
                Some(answer)
            }
            Err(error) => {
                self.errors += 1;
                check(&error);
                None
            }
        }
    }
}

fn check(error: &Error) {
    let told = &error.detail;
    assert!(!told.is_empty() && told.chars().count() <= 512 && !told.chars().any(char::is_control), "{error:?}");
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
}
