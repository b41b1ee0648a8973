//! Scripts of peers, as values.
//!
//! `connection` performs them.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// The steps of the peer of one connection.
///
/// Each step is taken at once, unless a delay comes before it. After the last step the connection stays open, and any further
/// byte from the client is a problem ([`super::SimNet::problems`]).
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(super) acts: Vec<Act>,
    pub(super) segments: Option<Segments>,
}

/// One step of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Reads exactly these bytes. Anything else is a problem, and resets the connection.
    Expect(Vec<u8>),
    /// Reads up to and including the first empty line.
    ExpectHead,
    /// Reads this many bytes, whatever they are.
    ExpectBytes(u64),
    /// Reads the end of the client's sending direction.
    ExpectEnd,
    /// Reads everything until the client ends its sending direction.
    Drain,
    /// Sends these bytes, as fast as the client reads them.
    Send(Vec<u8>),
    /// Sends these bytes in segments of these lengths. The rest is one more segment.
    SendSegmented(Vec<u8>, Vec<usize>),
    /// Sends this byte this many times, without holding them in memory.
    SendFill(u8, u64),
    /// Does nothing for this long.
    Delay(Duration),
    /// From here on, this many sent bytes can be unread. With 0, the client can send nothing.
    Window(usize),
    /// Ends the sending direction cleanly, and continues to read.
    EndSending,
    /// Closes cleanly. The next piece that the client sends is lost, and later ones fail.
    Close,
    /// Resets the connection. Bytes sent before can still be read. Sending fails.
    Reset,
    /// Does nothing more, and keeps the connection open.
    Stall,
    /// Answers the client's bytes with what this program returns, until that is over.
    Talk(Talk),
}

/// A peer that is a program. It is given the bytes that the client has sent since the last call, perhaps none, and returns its
/// answer.
#[derive(Clone)]
pub struct Talk(pub(super) Rc<RefCell<Program>>);

/// Such a program.
type Program = dyn FnMut(&[u8]) -> Said;

/// The answer of such a program.
#[derive(Debug, Default)]
pub struct Said {
    /// The bytes to send.
    pub bytes: Vec<u8>,
    /// Whether it is over. Then the next act begins.
    pub is_over: bool,
}

impl PartialEq for Talk {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Talk {}

impl fmt::Debug for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Talk")
    }
}

/// How the bytes of a peer are segmented. Each segment arrives in a step of its own, after a wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Segments {
    /// Not at all: all available bytes arrive at once.
    #[default]
    Whole,
    /// Into single bytes.
    Bytes,
    /// At these offsets, counted from the connection's first byte.
    At(Vec<u64>),
    /// Into pieces of 1 to 16 bytes, chosen by this seed.
    Random(u64),
}

impl Script {
    /// A peer that accepts and sends nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// [`Act::Expect`].
    pub fn expect(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(Act::Expect(bytes.as_ref().to_vec()))
    }

    /// [`Act::ExpectHead`].
    pub fn expect_head(self) -> Self {
        self.then(Act::ExpectHead)
    }

    /// [`Act::ExpectBytes`].
    pub fn expect_bytes(self, count: u64) -> Self {
        self.then(Act::ExpectBytes(count))
    }

    /// [`Act::ExpectEnd`].
    pub fn expect_end(self) -> Self {
        self.then(Act::ExpectEnd)
    }

    /// [`Act::Drain`].
    pub fn drain(self) -> Self {
        self.then(Act::Drain)
    }

    /// [`Act::Send`].
    pub fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(Act::Send(bytes.as_ref().to_vec()))
    }

    /// [`Act::SendSegmented`].
    pub fn send_segmented(self, bytes: impl AsRef<[u8]>, lengths: &[usize]) -> Self {
        self.then(Act::SendSegmented(bytes.as_ref().to_vec(), lengths.to_vec()))
    }

    /// [`Act::SendFill`].
    pub fn send_fill(self, byte: u8, count: u64) -> Self {
        self.then(Act::SendFill(byte, count))
    }

    /// [`Act::Delay`].
    pub fn delay(self, delay: Duration) -> Self {
        self.then(Act::Delay(delay))
    }

    /// [`Act::Window`].
    pub fn window(self, bytes: usize) -> Self {
        self.then(Act::Window(bytes))
    }

    /// [`Act::Window`] of nothing.
    pub fn stop_reading(self) -> Self {
        self.window(0)
    }

    /// [`Act::EndSending`].
    pub fn end_sending(self) -> Self {
        self.then(Act::EndSending)
    }

    /// [`Act::Close`].
    pub fn close(self) -> Self {
        self.then(Act::Close)
    }

    /// [`Act::Reset`].
    pub fn reset(self) -> Self {
        self.then(Act::Reset)
    }

    /// [`Act::Stall`].
    pub fn stall(self) -> Self {
        self.then(Act::Stall)
    }

    /// [`Act::Talk`].
    pub fn talk(self, peer: impl FnMut(&[u8]) -> Said + 'static) -> Self {
        self.then(Act::Talk(Talk(Rc::new(RefCell::new(peer)))))
    }

    /// Any act.
    pub fn then(mut self, act: Act) -> Self {
        self.acts.push(act);
        self
    }

    /// Segments this peer's bytes in this way, instead of the world's.
    pub fn segments(mut self, segments: Segments) -> Self {
        self.segments = Some(segments);
        self
    }
}

impl From<Vec<Act>> for Script {
    fn from(acts: Vec<Act>) -> Self {
        Self { acts, segments: None }
    }
}
