//! What a peer does: scripts, as values.
//!
//! It does nothing itself; `connection` performs it.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// What the peer of one connection does, step after step.
///
/// A peer acts at once wherever nothing is said of a delay. When the script is over, the connection stays open, and whatever
/// the client sends then is a problem ([`super::SimNet::problems`]).
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(super) acts: Vec<Act>,
    pub(super) segments: Option<Segments>,
}

/// One thing that a peer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Reads exactly these bytes. Anything else is a problem, and resets the connection.
    Expect(Vec<u8>),
    /// Reads up to and with the first empty line.
    ExpectHead,
    /// Reads so many bytes, whatever they are.
    ExpectBytes(u64),
    /// Reads the end of what the client sends.
    ExpectEnd,
    /// Reads all that comes, until the client ends.
    Drain,
    /// Sends these bytes, as fast as the client reads them.
    Send(Vec<u8>),
    /// Sends these bytes in segments of these lengths; what is left over is one more.
    SendSegmented(Vec<u8>, Vec<usize>),
    /// Sends this byte so many times. No memory is used for it.
    SendFill(u8, u64),
    /// Does nothing for so long.
    Delay(Duration),
    /// From here on the client can be this many bytes ahead of what was read; with 0, it can send nothing.
    Window(usize),
    /// Ends the sending direction in good order, and goes on reading.
    EndSending,
    /// Closes in good order. Of what the client sends after that, the first piece is lost and the others fail.
    Close,
    /// Resets the connection: what was sent before can still be read, sending fails.
    Reset,
    /// Does nothing any more, for ever, and keeps the connection open.
    Stall,
    /// Says what this makes of what the client has said, until it is over.
    Talk(Talk),
}

/// A peer that is a program: it hears what the client has sent since it was last asked, be it nothing, and answers what it
/// says to that.
#[derive(Clone)]
pub struct Talk(pub(super) Rc<RefCell<Program>>);

/// What such a peer says to what it hears.
type Program = dyn FnMut(&[u8]) -> Said;

/// What a peer says at a time.
#[derive(Debug, Default)]
pub struct Said {
    /// What it sends.
    pub bytes: Vec<u8>,
    /// Whether it is over, so that the next act begins.
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

/// How what a peer sends is cut into pieces, each of which comes in a step of its own with a wait before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Segments {
    /// Not at all: all that is there comes at once.
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
    /// A peer that accepts and says nothing.
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

    /// How this peer's bytes are cut, in place of how the world says.
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
