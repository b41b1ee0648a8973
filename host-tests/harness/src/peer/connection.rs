//! One connection of a peer, while it follows its script.
//!
//! It must not wait for anything without a deadline, but after the script's end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::script::{HeadCheck, Script, Step};
use super::{KEPT, PATIENCE, Seen, Shared, lock};

/// Follows the script on this connection, which is the peer's `number`th, and answers what it has seen.
pub(super) fn follow(stream: TcpStream, number: usize, script: Script, shared: Arc<Shared>) -> Result<Seen, String> {
    let mut connection = Connection { number, stream, shared, seen: Seen::default(), step: 0 };
    match connection.follow(script) {
        Ok(()) => Ok(connection.seen),
        Err(mistake) => {
            // The client should not wait for what will not come.
            let _ = reset(connection.stream);
            Err(format!("connection {number}, step {}: {mistake}", connection.step))
        }
    }
}

struct Connection {
    number: usize,
    stream: TcpStream,
    shared: Arc<Shared>,
    seen: Seen,
    step: usize,
}

impl Connection {
    fn follow(&mut self, script: Script) -> Result<(), String> {
        let set = |result: io::Result<()>| result.map_err(|error| error.to_string());
        set(self.stream.set_nodelay(true))?;
        set(self.stream.set_read_timeout(Some(PATIENCE)))?;
        set(self.stream.set_write_timeout(Some(PATIENCE)))?;
        for step in script.steps {
            self.step += 1;
            match step {
                Step::Expect(expected) => self.expect(&expected)?,
                Step::ExpectHead(check) => self.expect_head(&check)?,
                Step::Read(length) => self.read(length)?,
                Step::ReadChunked => self.read_chunked()?,
                Step::Send(bytes) => self.send(&bytes)?,
                Step::SendByteByByte(bytes, pause) => self.send_byte_by_byte(&bytes, pause)?,
                Step::SendRepeatedly(bytes, times) => (0..times).try_for_each(|_| self.send(&bytes))?,
                Step::SendUntilClosed(bytes) => self.send_until_closed(&bytes)?,
                Step::Trickle(bytes, pause) => self.trickle(&bytes, pause)?,
                Step::ReadSlowly(pause) => self.read_slowly(pause)?,
                Step::Narrow => set(SockRef::from(&self.stream).set_recv_buffer_size(1))?,
                Step::Wait(gate) => gate.wait().then_some(()).ok_or("the test did not open the gate")?,
                Step::Open(gate) => gate.open(),
                Step::Stall => self.stall()?,
                Step::EndSending => set(self.stream.shutdown(Shutdown::Write))?,
                Step::Close => return set(self.close()),
                Step::Reset => return set(self.stream.try_clone().and_then(reset)),
            }
        }
        self.rest()
    }

    fn expect(&mut self, expected: &[u8]) -> Result<(), String> {
        let mut got = vec![0; expected.len()];
        let mut length = 0;
        while length < expected.len() {
            let outcome = self.receive(&mut got[length..]);
            if let Ok(more) = outcome {
                length += more;
            }
            if got[..length] != expected[..length] {
                return Err(difference(expected, &got[..length], ""));
            }
            match outcome {
                Ok(0) => return Err(difference(expected, &got[..length], ", and then the client closed")),
                Ok(_) => {}
                Err(error) => {
                    return Err(difference(expected, &got[..length], &format!(", and then {}", words(&error))));
                }
            }
        }
        Ok(())
    }

    fn expect_head(&mut self, check: &HeadCheck) -> Result<(), String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let came = self.byte().map_err(|mistake| format!("{mistake}, within the head\n{}", shown(&head)))?;
            head.push(came);
        }
        let head = String::from_utf8_lossy(&head);
        check(&head).map_err(|mistake| format!("{mistake}; the head was\n{}", shown(head.as_bytes())))
    }

    fn read(&mut self, length: u64) -> Result<(), String> {
        let mut buffer = vec![0; 1 << 16];
        let mut left = length;
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match self.receive(&mut buffer[..most]) {
                Ok(0) => return Err(format!("the client closed, {left} of {length} bytes before the end")),
                Ok(more) => left -= more as u64,
                Err(error) => return Err(format!("{}, {left} of {length} bytes before the end", words(&error))),
            }
        }
        Ok(())
    }

    fn read_chunked(&mut self) -> Result<(), String> {
        loop {
            let line = self.line()?;
            let size = u64::from_str_radix(&line, 16).map_err(|_| format!("`{line}` is no chunk size"))?;
            if size == 0 {
                break;
            }
            let kept = self.seen.received.len();
            self.read(size)?;
            let more = self.seen.received.get(kept..).unwrap_or_default();
            self.seen.content.extend_from_slice(more);
            self.seen.content_length += size;
            let end = self.line()?;
            if !end.is_empty() {
                return Err(format!("`{end}` after a chunk"));
            }
        }
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(());
            }
            self.seen.trailers += &(line + "\r\n");
        }
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(self.byte().map_err(|mistake| format!("{mistake}, within the line `{}`", line.escape_ascii()))?);
        }
        line.truncate(line.len() - 2);
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    fn byte(&mut self) -> Result<u8, String> {
        let mut byte = [0];
        match self.receive(&mut byte) {
            Ok(0) => Err("the client closed".to_owned()),
            Ok(_) => Ok(byte[0]),
            Err(error) => Err(words(&error)),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.write(bytes).map_err(|error| format!("{} while sending\n{}", words(&error), shown(bytes)))
    }

    /// Writes all of it, and counts.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut left = bytes;
        while !left.is_empty() {
            match self.stream.write(left) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.seen.sent += count as u64;
                    left = &left[count..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn send_until_closed(&mut self, bytes: &[u8]) -> Result<(), String> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match self.write(bytes) {
                Ok(()) => {}
                Err(error) if is_timeout(&error) => break,
                Err(_) => {
                    self.seen.is_closed_by_client = true;
                    return Ok(());
                }
            }
        }
        Err("the client goes on, and has not closed".to_owned())
    }

    fn send_byte_by_byte(&mut self, bytes: &[u8], pause: Duration) -> Result<(), String> {
        for byte in bytes.chunks(1) {
            self.send(byte)?;
            if !pause.is_zero() {
                thread::sleep(pause);
            }
        }
        Ok(())
    }

    fn trickle(&mut self, bytes: &[u8], pause: Duration) -> Result<(), String> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            thread::sleep(pause);
            if self.write(bytes).is_err() {
                self.seen.is_closed_by_client = true;
                return Ok(());
            }
        }
        Err("the client goes on, and has not closed".to_owned())
    }

    fn read_slowly(&mut self, pause: Duration) -> Result<(), String> {
        let start = Instant::now();
        let mut buffer = vec![0; 1 << 20];
        while start.elapsed() < PATIENCE {
            thread::sleep(pause);
            match self.receive(&mut buffer) {
                Ok(1..) => {}
                Err(error) if is_timeout(&error) => break,
                Ok(0) | Err(_) => {
                    self.seen.is_closed_by_client = true;
                    return Ok(());
                }
            }
        }
        Err("the client goes on, and has not closed".to_owned())
    }

    fn stall(&mut self) -> Result<(), String> {
        match self.drain() {
            Err(error) if is_timeout(&error) => Err("the client waits, and has not closed".to_owned()),
            _ => {
                self.seen.is_closed_by_client = true;
                Ok(())
            }
        }
    }

    /// Waits after the script until the client closes, or `finish`.
    fn rest(&mut self) -> Result<(), String> {
        // The end of the test is the deadline here, so no other.
        let clone = self.stream.set_read_timeout(None).and_then(|()| self.stream.try_clone());
        let clone = clone.map_err(|error| error.to_string())?;
        {
            let mut state = lock(&self.shared.state);
            if state.is_over {
                self.seen.is_closed_by_client = is_closed(&self.stream);
                return Ok(());
            }
            state.resting.push((self.number, clone));
        }
        let _ = self.drain();
        let state = lock(&self.shared.state);
        self.seen.is_closed_by_client = !state.is_over || state.closed_by_clients.contains(&self.number);
        Ok(())
    }

    /// Closes. If unread bytes of the client were left, the system would reset the connection, so they are read first.
    fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        self.stream.set_nonblocking(true)?;
        let _ = self.drain();
        Ok(())
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        while self.receive(&mut buffer)? > 0 {}
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = loop {
            match self.stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => break outcome?,
            }
        };
        let room = KEPT.saturating_sub(self.seen.received.len());
        self.seen.received.extend_from_slice(&buffer[..length.min(room)]);
        self.seen.length += length as u64;
        Ok(length)
    }
}

/// Whether the client has closed the connection, as far as is known now. What it has sent before that is thrown away.
pub(super) fn is_closed(mut stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    loop {
        match stream.read(&mut [0; 1 << 12]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return !is_timeout(&error),
        }
    }
}

/// Closes so that the client sees a reset.
fn reset(stream: TcpStream) -> io::Result<()> {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn words(error: &io::Error) -> String {
    if is_timeout(error) { format!("nothing came for {PATIENCE:?}") } else { error.to_string() }
}

// ------------------------------------------------------------------------------------------------------------ messages

fn difference(expected: &[u8], received: &[u8], end: &str) -> String {
    let same = expected.iter().zip(received).take_while(|(one, other)| one == other).count();
    format!(
        "the client sent something else, from byte {same} on\n  expected\n{}\n  received{end}\n{}",
        shown(expected),
        shown(received)
    )
}

/// Bytes as indented lines, their ends visible; not more than a screen of them.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 2000;
    let lines = bytes[..bytes.len().min(MOST)].split_inclusive(|byte| *byte == b'\n');
    let mut text = lines.map(|line| format!("    {}", line.escape_ascii())).collect::<Vec<_>>().join("\n");
    if bytes.len() > MOST {
        text += &format!("\n    ... {} bytes in all", bytes.len());
    }
    text
}
