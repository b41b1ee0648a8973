//! What a peer does on one connection, step by step. It does nothing here: `connection` follows it.

use std::time::Duration;

use super::Gate;

/// What happens on one connection. After its last step the connection stays open until the client closes it, or `finish`.
#[derive(Default)]
pub struct Script {
    pub(super) steps: Vec<Step>,
}

pub(super) enum Step {
    Expect(Vec<u8>),
    ExpectHead(HeadCheck),
    Read(u64),
    ReadChunked,
    Send(Vec<u8>),
    SendByteByByte(Vec<u8>, Duration),
    SendRepeatedly(Vec<u8>, u64),
    SendUntilClosed(Vec<u8>),
    Trickle(Vec<u8>, Duration),
    ReadSlowly(Duration),
    Narrow,
    Wait(Gate),
    Open(Gate),
    Stall,
    EndSending,
    Close,
    Reset,
}

pub(super) type HeadCheck = Box<dyn Fn(&str) -> Result<(), String> + Send>;

impl Script {
    /// A script without steps: the connection is accepted, and nothing is read or sent.
    pub fn new() -> Script {
        Script::default()
    }

    fn then(mut self, step: Step) -> Script {
        self.steps.push(step);
        self
    }

    /// The client sends exactly these bytes.
    pub fn expect(self, bytes: impl AsRef<[u8]>) -> Script {
        self.then(Step::Expect(bytes.as_ref().to_vec()))
    }

    /// The client sends a head; this looks at it, its empty line included, and says what is wrong.
    pub fn expect_head(self, check: impl Fn(&str) -> Result<(), String> + Send + 'static) -> Script {
        self.then(Step::ExpectHead(Box::new(check)))
    }

    /// The client sends a head with all of these lines, wherever they stand.
    pub fn expect_head_with(self, lines: &[&str]) -> Script {
        let lines: Vec<String> = lines.iter().map(|line| line.to_string()).collect();
        self.expect_head(move |head| {
            let missing = lines.iter().find(|line| !head.split("\r\n").any(|other| other == *line));
            missing.map_or(Ok(()), |line| Err(format!("the line `{line}` is missing")))
        })
    }

    /// The client sends so many bytes, whatever they are.
    pub fn read(self, length: u64) -> Script {
        self.then(Step::Read(length))
    }

    /// The client sends chunked content, whatever its chunks are. It is in `Seen::content`, and its trailers in
    /// `Seen::trailers`.
    pub fn read_chunked(self) -> Script {
        self.then(Step::ReadChunked)
    }

    /// Sends these bytes, in one write.
    pub fn send(self, bytes: impl AsRef<[u8]>) -> Script {
        self.then(Step::Send(bytes.as_ref().to_vec()))
    }

    /// Sends these bytes, each in a packet of its own.
    pub fn send_byte_by_byte(self, bytes: impl AsRef<[u8]>) -> Script {
        self.then(Step::SendByteByByte(bytes.as_ref().to_vec(), Duration::ZERO))
    }

    /// Sends these bytes, each in a packet of its own and followed by this pause, so that the client can read each alone.
    pub fn send_byte_by_byte_slowly(self, bytes: impl AsRef<[u8]>, pause: Duration) -> Script {
        self.then(Step::SendByteByByte(bytes.as_ref().to_vec(), pause))
    }

    /// Sends these bytes so many times.
    pub fn send_repeatedly(self, bytes: impl AsRef<[u8]>, times: u64) -> Script {
        self.then(Step::SendRepeatedly(bytes.as_ref().to_vec(), times))
    }

    /// Sends these bytes again and again, until the client closes. It has to before `PATIENCE` is over.
    pub fn send_until_closed(self, bytes: impl AsRef<[u8]>) -> Script {
        self.then(Step::SendUntilClosed(bytes.as_ref().to_vec()))
    }

    /// Sends these bytes again and again, each time in one write and followed by this pause, until the client closes. It has
    /// to before `PATIENCE` is over. The pause is the peer's own doing, and no wait for anybody.
    pub fn trickle(self, bytes: impl AsRef<[u8]>, pause: Duration) -> Script {
        self.then(Step::Trickle(bytes.as_ref().to_vec(), pause))
    }

    /// Reads what the client sends, a mebibyte at the most and then this pause, until the client closes. It has to before
    /// `PATIENCE` is over.
    pub fn read_slowly(self, pause: Duration) -> Script {
        self.then(Step::ReadSlowly(pause))
    }

    /// Limits how many unread bytes of the client the system buffers. Best as the first step.
    pub fn narrow(self) -> Script {
        self.then(Step::Narrow)
    }

    /// Waits until the test opens the gate.
    pub fn wait(self, gate: &Gate) -> Script {
        self.then(Step::Wait(gate.clone()))
    }

    /// Opens the gate for the test to go on.
    pub fn open(self, gate: &Gate) -> Script {
        self.then(Step::Open(gate.clone()))
    }

    /// Does nothing until the client closes, which it must.
    pub fn stall(self) -> Script {
        self.then(Step::Stall)
    }

    /// Ends the sending direction; the client can go on sending.
    pub fn end_sending(self) -> Script {
        self.then(Step::EndSending)
    }

    /// Closes the connection in good order.
    pub fn close(self) -> Script {
        self.then(Step::Close)
    }

    /// Resets the connection.
    pub fn reset(self) -> Script {
        self.then(Step::Reset)
    }
}
