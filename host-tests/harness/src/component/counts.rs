//! Counts the host's functions by name, by listening to what wasmtime traces.
//!
//! It must not slow down instances that do not count: it listens only while one that does is running.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// How often each function was called.
#[derive(Clone, Default)]
pub struct Counts(Arc<Mutex<BTreeMap<String, u64>>>);

impl Counts {
    /// Runs this and counts meanwhile.
    pub fn during<T>(&self, run: impl FnOnce() -> T) -> T {
        tracing::dispatcher::with_default(&Dispatch::new(Listener(self.clone())), run)
    }

    /// The functions that were called, as `interface#function`, and how often.
    pub fn by_name(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Listener(Counts);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // wasmtime opens such a span around each call of a function of the host.
        metadata.is_span() && metadata.name() == "wit-bindgen import"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut name = Name::default();
        span.record(&mut name);
        let mut counts = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(format!("{}#{}", name.module, name.function)).or_default() += 1;
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The interface and the function that a span tells.
#[derive(Default)]
struct Name {
    module: String,
    function: String,
}

impl Visit for Name {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "module" => self.module = value.to_owned(),
            "function" => self.function = value.to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
