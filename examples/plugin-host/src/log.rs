//! What the host's log says of a plugin, in values and in words.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where the log goes: it is given the plugin's name, and what happened. It is called while the plugin waits, so it must not block.
pub type Log = Arc<dyn Fn(&str, &Event) + Send + Sync>;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The plugin was told that a name is at these addresses.
    Found(String, Vec<IpAddr>),
    /// It connects to an address.
    Connecting(SocketAddr),
    /// It was refused.
    Refused(Tried, Why),
    /// It wanted more than its policy gives it.
    Exceeded(Limit),
    /// So much more happened in this run.
    Unlogged(u64),
}

/// What a plugin tried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum Tried {
    LookUp(String),
    Connect(SocketAddr),
    /// To use a local address that it chooses, or to be connected to there.
    Bind(SocketAddr),
    Udp,
}

/// Why it was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its policy does not have it.
    NotInPolicy,
    /// The name has these addresses alone, which are not public, and the policy wants them to be.
    NotPublic(Vec<IpAddr>),
    /// The name had other addresses before, in the same run: now it has these.
    Moved(Vec<IpAddr>),
}

/// What can be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of memory.
    Memory(usize),
    /// Fuel.
    Fuel(u64),
    /// Time by the clock on the wall.
    Time(Duration),
    /// Open sockets.
    Sockets(usize),
    /// What the host keeps for it: streams, pollables, handles.
    Resources(usize),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Found(name, addresses) => write!(f, "{name} is at {}", List(addresses)),
            Event::Connecting(address) => write!(f, "connects to {address}"),
            Event::Refused(tried, why) => write!(f, "REFUSED to {tried}: {why}"),
            Event::Exceeded(limit) => write!(f, "EXCEEDED {limit}"),
            Event::Unlogged(count) => write!(f, "{count} more that are not logged"),
        }
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A plugin's words are quoted, so that they are no lines of their own.
            Tried::LookUp(name) => write!(f, "look up {name:?}"),
            Tried::Connect(address) => write!(f, "connect to {address}"),
            Tried::Bind(address) => write!(f, "bind {address}"),
            Tried::Udp => f.write_str("use UDP"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::NotInPolicy => f.write_str("not in its policy"),
            Why::NotPublic(addresses) => write!(f, "the name is at {}, which is not public", List(addresses)),
            Why::Moved(addresses) => write!(f, "the name has moved to {}", List(addresses)),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Memory(bytes) => write!(f, "its {} MiB of memory", bytes >> 20),
            Limit::Fuel(fuel) => write!(f, "its fuel of {fuel}"),
            Limit::Time(time) => write!(f, "its time of {time:?}"),
            Limit::Sockets(most) => write!(f, "its {most} open sockets"),
            Limit::Resources(most) => write!(f, "the {most} resources of a run"),
        }
    }
}

struct List<'a>(&'a [IpAddr]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(IpAddr::to_string).collect();
        f.write_str(&all.join(", "))
    }
}

/// The most events of one run that are logged, so that a plugin cannot fill a disk with what it is refused.
const MOST: u64 = 100;

/// The log of one run. Its end is logged when it is dropped.
pub(crate) struct Journal {
    plugin: Arc<str>,
    log: Log,
    written: AtomicU64,
}

impl Journal {
    pub(crate) fn new(plugin: &Arc<str>, log: &Log) -> Journal {
        Journal { plugin: Arc::clone(plugin), log: Arc::clone(log), written: AtomicU64::new(0) }
    }

    pub(crate) fn write(&self, event: Event) {
        if self.written.fetch_add(1, Ordering::Relaxed) < MOST {
            (self.log)(&self.plugin, &event);
        }
    }

    /// Writes what ended the run, however much was written before.
    pub(crate) fn write_end(&self, limit: Limit) {
        (self.log)(&self.plugin, &Event::Exceeded(limit));
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let unlogged = self.written.get_mut().saturating_sub(MOST);
        if unlogged > 0 {
            (self.log)(&self.plugin, &Event::Unlogged(unlogged));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_run_is_logged_to_a_bound() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log: Log = {
            let lines = Arc::clone(&lines);
            Arc::new(move |plugin, event| lines.lock().unwrap().push(format!("{plugin}: {event}")))
        };
        let journal = Journal::new(&"p".into(), &log);
        for _ in 0..1_000 {
            journal.write(Event::Refused(Tried::LookUp("a\nb".into()), Why::NotInPolicy));
        }
        journal.write_end(Limit::Fuel(7));
        drop(journal);
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 102);
        assert_eq!(lines[0], r#"p: REFUSED to look up "a\nb": not in its policy"#);
        assert_eq!(lines[100..], ["p: EXCEEDED its fuel of 7", "p: 900 more that are not logged"]);
    }
}
