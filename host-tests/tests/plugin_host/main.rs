//! The host of plugins in examples/plugin-host, with the plugins that are there.

mod bounds;
mod loading;
mod network;
mod python;
#[path = "../programs/support.rs"]
#[allow(dead_code, reason = "the tests of programs need more of it")]
mod support;

use std::collections::HashMap;
use std::fs;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use plugin_host::{Failure, Finding, Host, Plugin, Policy, Resolver};

/// Where the tests' own names are, one answer a lookup; the last stays. A name that is not there is never found, and a name without
/// answers keeps whoever asks waiting.
static NAMES: Mutex<Option<HashMap<String, Answers>>> = Mutex::new(None);

type Answers = Vec<Vec<IpAddr>>;

/// What has been looked up, in its order.
static LOOKED_UP: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What the host has logged, each line with the plugin's name.
static LINES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

struct Names;

impl Resolver for Names {
    fn find(&self, name: String) -> Finding {
        lock(&LOOKED_UP).push(name.clone());
        let mut names = lock(&NAMES);
        let answers = names.get_or_insert_default().get_mut(&name).map(|answers| match &mut answers[..] {
            [] => None,
            [last] => Some(last.clone()),
            [..] => Some(answers.remove(0)),
        });
        Box::pin(async move {
            match answers {
                Some(Some(addresses)) => Ok(addresses),
                Some(None) => std::future::pending().await,
                None => Err(std::io::ErrorKind::NotFound.into()),
            }
        })
    }
}

/// Has the host find this name, at these addresses one lookup after another.
fn name(name: &str, answers: &[&[&str]]) {
    let answers = answers.iter().map(|answer| answer.iter().map(|address| address.parse().unwrap()).collect());
    lock(&NAMES).get_or_insert_default().insert(name.into(), answers.collect());
}

/// What was logged of this plugin. Names of plugins are those of the tests, so that each finds its own.
fn log(plugin: &str) -> Vec<String> {
    lock(&LINES).iter().filter(|(name, _)| name == plugin).map(|(_, line)| line.clone()).collect()
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| {
        let log = |plugin: &str, event: &plugin_host::Event| lock(&LINES).push((plugin.into(), event.to_string()));
        let xenon = fs::read(xenon_harness::guests().join("xenon.wasm")).unwrap();
        Host::with_resolver(xenon, Arc::new(log), Arc::new(Names)).unwrap()
    })
}

/// The plugin `fetch`, under this name and this policy.
fn fetch(name: &str, policy: &str) -> Plugin {
    static FETCH: OnceLock<Plugin> = OnceLock::new();
    FETCH.get_or_init(|| load("fetch")).with_policy(name, Policy::parse(policy).unwrap())
}

/// The plugin `trespass`.
fn trespass(name: &str, policy: &str) -> Plugin {
    static TRESPASS: OnceLock<Plugin> = OnceLock::new();
    TRESPASS.get_or_init(|| load("trespass")).with_policy(name, Policy::parse(policy).unwrap())
}

/// The plugin `endless`.
fn endless(name: &str, policy: &str) -> Plugin {
    static ENDLESS: OnceLock<Plugin> = OnceLock::new();
    ENDLESS.get_or_init(|| load("endless")).with_policy(name, Policy::parse(policy).unwrap())
}

fn load(name: &str) -> Plugin {
    let plugin = fs::read(xenon_tested_guests::plugin(name)).unwrap();
    host().load(name, &plugin, Policy::parse("").unwrap()).unwrap()
}

/// Runs a plugin, on one thread.
fn run(plugin: &Plugin, input: &str) -> Result<String, Failure> {
    on_one_thread(plugin.run(input))
}

fn on_one_thread<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let output = runtime.block_on(work);
    runtime.shutdown_background();
    output
}
