//! What a plugin may use up, and that others go on meanwhile.

use std::time::Duration;

use plugin_host::{Failure, Limit, Plugin};
use tokio::task::JoinHandle;
use xenon_harness::nginx::Nginx;

use super::{LOOKED_UP, endless, fetch, lock, log, name, on_one_thread, run, trespass};

const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn assert_exceeded(test: &str, outcome: Result<String, Failure>, limit: Limit, line: &str) {
    assert_eq!(outcome, Err(Failure::Exceeded(limit)));
    assert_eq!(log(test), [line]);
}

#[test]
fn one_that_computes_ends_with_its_fuel() {
    let outcome = run(&endless("computes", "fuel = 50_000_000"), "compute");
    assert_exceeded("computes", outcome, Limit::Fuel(50_000_000), "EXCEEDED its fuel of 50000000");
}

#[test]
fn one_that_allocates_ends_with_its_memory() {
    let outcome = run(&endless("allocates", "memory-mib = 20"), "allocate");
    assert_exceeded("allocates", outcome, Limit::Memory(20 << 20), "EXCEEDED its 20 MiB of memory");
}

#[test]
fn one_that_sleeps_ends_with_its_time() {
    let outcome = run(&endless("sleeps", "seconds = 1"), "sleep");
    assert_exceeded("sleeps", outcome, Limit::Time(SECOND), "EXCEEDED its time of 1s");
}

/// It computes longer than it may run, and gives way so often that this is noticed.
#[test]
fn one_that_computes_ends_with_its_time() {
    let outcome = run(&endless("late", "seconds = 1\nfuel = 1_000_000_000_000"), "compute");
    assert_exceeded("late", outcome, Limit::Time(SECOND), "EXCEEDED its time of 1s");
}

#[test]
fn one_more_socket_than_it_may_have_is_an_error() {
    let outcome = run(&fetch("sockets", "allow = ['127.0.0.1:1']\nsockets = 0"), "http://127.0.0.1:1/");
    let words = "could not connect: 127.0.0.1:1: the host of this component has no resources left for it";
    assert_eq!(outcome, Err(Failure::Plugin(words.into())));
    assert_eq!(log("sockets"), ["EXCEEDED its 0 open sockets"]);
}

#[test]
fn what_is_refused_does_not_fill_the_log() {
    let plugin = trespass("floods", "");
    let output = run(&plugin, &"name://other.test:1\n".repeat(1_000)).unwrap();
    assert_eq!(output.lines().count(), 1_000);
    let logged = log("floods");
    assert_eq!(logged.len(), 101);
    assert_eq!(logged[100], "900 more that are not logged");
}

/// The system looks names up on threads that all plugins share.
#[test]
fn lookups_that_hang_do_not_pile_up() {
    name("hangs.test", &[]);
    let plugin = fetch("hangs", "allow = ['hangs.test:80']\nseconds = 1");
    let outcomes = on_one_thread(async {
        let runs = start(5, &plugin, "http://hangs.test/");
        let mut outcomes = Vec::new();
        for run in runs {
            outcomes.push(run.await.unwrap());
        }
        outcomes
    });
    assert_eq!(outcomes, vec![Err(Failure::Exceeded(Limit::Time(SECOND))); 5]);
    // The fifth has waited for one of the others to be over.
    assert_eq!(lock(&LOOKED_UP).iter().filter(|name| *name == "hangs.test").count(), 4);
}

/// On one thread, where whoever does not give way stops all.
#[test]
fn of_twenty_at_once_eighteen_finish_though_one_computes_and_one_allocates() {
    let Some(nginx) = Nginx::start(&[("/a", 1)]) else { return };
    let port = nginx.port();
    name("twenty.test", &[&["127.0.0.1"]]);
    let fetch = fetch("twenty", &format!("allow = ['twenty.test:{port}']\nprivate-addresses = true"));
    let allocates = endless("twenty-allocates", "memory-mib = 20");
    let computes = endless("twenty-computes", "seconds = 3600\nfuel = 1_000_000_000_000_000");
    on_one_thread(async {
        let mut endless = start(1, &computes, "compute");
        endless.extend(start(1, &allocates, "allocate"));
        for fetch in start(18, &fetch, &format!("http://twenty.test:{port}/a")) {
            assert_eq!(fetch.await.unwrap(), Ok("\0".into()));
        }
        assert_eq!(endless.pop().unwrap().await.unwrap(), Err(Failure::Exceeded(Limit::Memory(20 << 20))));
        // The other goes on, and has stopped nobody.
        let computes = endless.pop().unwrap();
        assert!(!computes.is_finished());
        computes.abort();
        assert!(computes.await.unwrap_err().is_cancelled());
    });
    assert_eq!(nginx.served().len(), 18);
    assert_eq!(log("twenty-allocates"), ["EXCEEDED its 20 MiB of memory"]);
    assert_eq!(log("twenty-computes"), Vec::<String>::new());
}

/// So many runs at once.
fn start(count: usize, plugin: &Plugin, input: &str) -> Vec<JoinHandle<Result<String, Failure>>> {
    let one = || {
        let (plugin, input) = (plugin.clone(), input.to_owned());
        tokio::spawn(async move { plugin.run(&input).await })
    };
    (0..count).map(|_| one()).collect()
}
