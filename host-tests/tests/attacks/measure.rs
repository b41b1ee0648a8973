//! Runs an attack and measures it: bytes, memory, the host's resources, fuel, and how it ended.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use xenon_harness::component::{Deadlines, Error, ErrorCode, Guest, Limits, Phase, Session, Setup};
use xenon_harness::peer::{Peer, Script, refusing_port};

/// How much an attack may make linear memory grow, beyond what an idle instance has. More of it is a trap.
pub(crate) const GROWTH: usize = 2 << 20;

/// How long it may take until nothing of an attack is left in the host.
const RECOVERY: Duration = Duration::from_secs(10);

pub(crate) const MILLISECOND: u64 = 1_000_000;

/// A response for an instance to get to know the work.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// A script whose first step is a request.
pub(crate) fn script() -> Script {
    Script::new().expect_head_with(&[])
}

/// What an attack has cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Bytes that the peer has sent, those that nobody has read included.
    pub(crate) sent: u64,
    /// Bytes of linear memory at its peak, beyond an idle instance.
    pub(crate) grown: usize,
    /// Instructions of the component, about. A copy counts as one, however long it is.
    pub(crate) fuel: u64,
    /// Calls of the host.
    pub(crate) calls: u64,
}

/// An instance that has done one small request, and has `growth` bytes of memory left to grow.
pub(crate) struct Victim {
    pub(crate) guest: Guest,
    resources: usize,
    fuel: u64,
    calls: u64,
}

impl Victim {
    pub(crate) fn new(growth: usize) -> Victim {
        let guest = warm(idle().saturating_add(growth));
        let (resources, fuel, calls) = (guest.host_resources(), guest.fuel_used(), guest.host_calls());
        Victim { guest, resources, fuel, calls }
    }

    /// A session with this peer.
    pub(crate) fn session(&self, peer: &Peer) -> Session {
        self.guest.session("http", "127.0.0.1", peer.port())
    }

    /// What it has cost, once the caller has dropped all of it: the host must be left with no more than it had before.
    pub(crate) fn cost(&self) -> Cost {
        let (fuel, calls) = (self.guest.fuel_used() - self.fuel, self.guest.host_calls() - self.calls);
        // Connections whose last bytes were still to go are swept away when others are made.
        let start = Instant::now();
        while self.guest.host_resources() > self.resources {
            let more = self.guest.host_resources() - self.resources;
            assert!(start.elapsed() < RECOVERY, "{more} of the host's resources are left behind");
            self.guest.session("http", "127.0.0.1", refusing_port()).get("/").unwrap_err();
            self.guest.wait_any(&[], &[], &[], Some(Duration::from_millis(1)));
        }
        let grown = self.guest.peak_memory().saturating_sub(idle());
        Cost { sent: 0, grown, fuel, calls }
    }
}

/// Bytes of linear memory of an instance that has done one small request.
pub(crate) fn idle() -> usize {
    static IDLE: OnceLock<usize> = OnceLock::new();
    *IDLE.get_or_init(|| warm(usize::MAX).peak_memory())
}

fn warm(memory: usize) -> Guest {
    let patience = Duration::from_secs(120);
    let guest = Guest::with(Setup { memory, patience, fuel: true, ..Setup::default() });
    warm_up(&guest);
    guest
}

fn warm_up(guest: &Guest) {
    let peer = Peer::start([script().send(OK)]);
    assert_eq!(guest.session("http", "127.0.0.1", peer.port()).get("/").unwrap().content, b"hello");
    peer.finish();
}

/// Has a session with a peer that follows these scripts do this.
pub(crate) fn attack<T>(
    scripts: impl IntoIterator<Item = Script>,
    act: impl FnOnce(&Guest, Session) -> T,
) -> (T, Cost) {
    let victim = Victim::new(GROWTH);
    let peer = Peer::start(scripts);
    let outcome = act(&victim.guest, victim.session(&peer));
    let cost = victim.cost();
    let sent = peer.finish().iter().map(|seen| seen.sent).sum();
    (outcome, Cost { sent, ..cost })
}

/// The error that the attack has to end with.
#[track_caller]
pub(crate) fn assert_error(error: &Error, phase: Phase, code: &ErrorCode) {
    assert_eq!((&error.phase, &error.code), (&phase, code), "{}", error.detail);
}

/// Prints the attack's line of the table.
pub(crate) fn report(name: &str, cost: Cost, end: &str) {
    let Cost { sent, grown, fuel, .. } = cost;
    let per_byte = if sent == 0 { String::new() } else { format!("{:.1}", fuel as f64 / sent as f64) };
    // In one piece, on a line of its own: tests run side by side, and the test's name may stand before it.
    println!("\n| {name} | {} | {} KiB | {per_byte} | {end} |", count(sent), grown >> 10);
}

/// An error, as the table has it. What a code quotes is not shown.
pub(crate) fn words(error: &Error) -> String {
    let Error { phase, code, .. } = error;
    let text = format!("{phase:?}: {code:?}").replace("Phase::", "").replace("ErrorCode::", "");
    text.split('(').next().unwrap_or_default().to_owned()
}

/// The deadlines, with these changed.
pub(crate) fn set_deadlines(session: &Session, change: impl FnOnce(&mut Deadlines)) {
    let mut deadlines = session.deadlines();
    change(&mut deadlines);
    session.set_deadlines(deadlines);
}

/// The limits, with these changed.
pub(crate) fn set_limits(session: &Session, change: impl FnOnce(&mut Limits)) {
    let mut limits = session.limits();
    change(&mut limits);
    session.set_limits(limits);
}

/// A number with its thousands apart.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).expect("digits")).collect();
    parts.join(",")
}
