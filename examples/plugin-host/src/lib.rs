//! A host that runs plugins which it does not trust, each with Xenon under it and a policy of its own.
//!
//! ```text
//!     lib          loads a plugin, and runs it
//!     compose      puts Xenon under it
//!     policy       what it may do, from a file
//!     linked       what of WASI it is given
//!     guard        which names and addresses it may use, decided without I/O
//!     lookups      looks names up for it
//!     addresses    which addresses are public
//!     budget       its memory
//!     log          what is said about it
//! ```
//!
//! ```no_run
//! # async fn run() -> wasmtime::Result<()> {
//! use std::{fs, sync::Arc};
//! use plugin_host::{Host, Policy};
//!
//! let host = Host::new(fs::read("xenon.wasm")?, Arc::new(|plugin, event| eprintln!("{plugin}: {event}")))?;
//! let policy = Policy::parse("allow = ['example.org:443']")?;
//! let plugin = host.load("fetch", &fs::read("fetch.wasm")?, policy)?;
//! println!("{:?}", plugin.run("https://example.org/").await);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::sync::Arc;

use wasmtime::component::{Component, Linker, ResourceTableError};
use wasmtime::{Config, Engine, Result, Store, Trap, ensure};

mod addresses;
mod budget;
mod compose;
mod guard;
mod linked;
mod log;
mod lookups;
mod policy;

pub use self::log::{Event, Limit, Log, Tried, Why};
pub use self::lookups::{Finding, Resolver, System};
pub use self::policy::{Allowed, Host as AllowedHost, Policy};

use self::bindings::PluginPre;
use self::guard::Guard;
use self::linked::{RESOURCES, State};
use self::log::Journal;
use self::lookups::Lookups;

#[allow(missing_docs, reason = "wasmtime writes it, of wit/plugin.wit")]
mod bindings {
    wasmtime::component::bindgen!({ path: "wit", exports: { default: async } });
}

/// The largest plugin that is loaded. CPython with a program in it has 18 MB.
const LARGEST: usize = 64 << 20;

/// How much fuel a plugin uses before others have their turn: a millisecond, about.
const TURN: u64 = 1_000_000;

/// What loads plugins.
pub struct Host {
    xenon: Vec<u8>,
    linker: Linker<State>,
    resolver: Arc<dyn Resolver>,
    log: Log,
}

impl Host {
    /// A host that puts this under plugins: the file `xenon.wasm`. Names are looked up by the system.
    pub fn new(xenon: Vec<u8>, log: Log) -> Result<Host> {
        Host::with_resolver(xenon, log, Arc::new(System))
    }

    /// As `new`; names are looked up by this.
    pub fn with_resolver(xenon: Vec<u8>, log: Log, resolver: Arc<dyn Resolver>) -> Result<Host> {
        let mut config = Config::new();
        config.consume_fuel(true).concurrency_support(false);
        let mut linker = Linker::new(&Engine::new(&config)?);
        linked::add_to_linker(&mut linker)?;
        Ok(Host { xenon, linker, resolver, log })
    }

    /// Composes and compiles a plugin, which takes seconds if it is large. Nothing of it runs yet.
    pub fn load(&self, name: &str, plugin: &[u8], policy: Policy) -> Result<Plugin> {
        ensure!(plugin.len() <= LARGEST, "the plugin is larger than {} MiB", LARGEST >> 20);
        let component = Component::new(self.linker.engine(), compose::compose(plugin, &self.xenon)?)?;
        Ok(Plugin {
            name: name.into(),
            // An import that is not linked, or an export that is missing, is an error here.
            ready: PluginPre::new(self.linker.instantiate_pre(&component)?)?,
            policy: Arc::new(policy),
            lookups: Lookups::new(&self.resolver),
            log: Arc::clone(&self.log),
        })
    }
}

/// A plugin. It may run any number of times, also at once. A clone is the same plugin.
#[derive(Clone)]
pub struct Plugin {
    name: Arc<str>,
    ready: PluginPre<State>,
    policy: Arc<Policy>,
    lookups: Lookups,
    log: Log,
}

impl Plugin {
    /// Its name, as in the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same plugin under another name and policy: it is not compiled again.
    pub fn with_policy(&self, name: &str, policy: Policy) -> Plugin {
        Plugin { name: name.into(), policy: Arc::new(policy), lookups: self.lookups.separate(), ..self.clone() }
    }

    /// Runs it in an instance of its own, of which nothing is left afterwards. To drop the future ends the run.
    ///
    /// It needs a runtime of tokio's with I/O and time. One thread is enough: whoever computes gives way to the others.
    pub async fn run(&self, input: &str) -> Result<String, Failure> {
        let guard = Guard::new(&self.policy, Journal::new(&self.name, &self.log));
        let mut store = Store::new(self.ready.engine(), State::new(&self.policy, guard, self.lookups.clone()));
        let outcome = match tokio::time::timeout(self.policy.time, self.start(&mut store, input)).await {
            Ok(Ok(outcome)) => outcome.map_err(Failure::Plugin),
            Ok(Err(trap)) => Err(self.failure(&store, &trap)),
            Err(_) => Err(Failure::Exceeded(Limit::Time(self.policy.time))),
        };
        let State { budget, guard, .. } = store.data();
        match (&outcome, budget.exceeded()) {
            (Err(Failure::Exceeded(limit)), _) => guard.ended(*limit),
            // It has lived without.
            (_, Some(limit)) => guard.ended(limit),
            _ => {}
        }
        outcome
    }

    async fn start(&self, store: &mut Store<State>, input: &str) -> Result<Result<String, String>> {
        store.limiter(|state| &mut state.budget);
        store.set_max_component_handles(RESOURCES);
        store.set_fuel(self.policy.fuel)?;
        store.fuel_async_yield_interval(Some(TURN))?;
        let plugin = self.ready.instantiate_async(&mut *store).await?;
        plugin.call_run(store, input).await
    }

    /// What has ended a run by a trap.
    fn failure(&self, store: &Store<State>, trap: &wasmtime::Error) -> Failure {
        if trap.downcast_ref() == Some(&Trap::OutOfFuel) {
            return Failure::Exceeded(Limit::Fuel(self.policy.fuel));
        }
        if matches!(trap.downcast_ref(), Some(ResourceTableError::Full)) {
            return Failure::Exceeded(Limit::Resources(RESOURCES));
        }
        // Who gets no more memory gives up by a trap of its own.
        match store.data().budget.exceeded() {
            Some(limit) => Failure::Exceeded(limit),
            None => Failure::Trapped(trap.root_cause().to_string()),
        }
    }
}

/// Why a run has no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The plugin's own error, in its own words.
    Plugin(String),
    /// It wanted more than its policy gives it.
    Exceeded(Limit),
    /// It has crashed.
    Trapped(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Plugin(words) => write!(f, "the plugin says {words:?}"),
            Failure::Exceeded(limit) => write!(f, "the plugin has exceeded {limit}"),
            Failure::Trapped(why) => write!(f, "the plugin has crashed: {why}"),
        }
    }
}

impl std::error::Error for Failure {}
