//! A peer that knows no TLS: it waits for the client's first bytes, gives its own, and keeps what else comes.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

/// How long a step may take: the command, when it runs for the first time, is compiled before.
const PATIENCE: Duration = Duration::from_secs(120);

/// What it does after its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It ends its sending direction.
    Close,
    /// Nothing, until the client closes.
    Stall,
}

/// A peer for one connection at a free port of 127.0.0.1.
pub(crate) struct Raw {
    port: u16,
    thread: JoinHandle<Received>,
}

/// What a client has sent.
#[derive(Debug)]
pub(crate) struct Received(Vec<u8>);

impl Raw {
    pub(crate) fn start(answer: Vec<u8>, then: Then) -> Raw {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        SockRef::from(&listener).set_read_timeout(Some(PATIENCE)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client comes");
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut received = vec![0; 1 << 16];
            let first = stream.read(&mut received).unwrap();
            received.truncate(first);
            // A client that has read enough may have closed.
            let _ = stream.write_all(&answer);
            if then == Then::Close {
                let _ = stream.shutdown(Shutdown::Write);
            }
            // Ends with the client's close, or its reset.
            let _ = stream.read_to_end(&mut received);
            Received(received)
        });
        Raw { port, thread }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What the client has sent, once it has closed.
    pub(crate) fn finish(self) -> Received {
        self.thread.join().expect("the peer does not panic")
    }
}

impl Received {
    /// All of it are whole records of handshakes (22) and alerts (21), but for the change of ciphers that TLS 1.3 plays for
    /// old middleboxes (20): no content (23).
    #[track_caller]
    pub(crate) fn assert_no_content(&self) {
        let mut rest = self.0.as_slice();
        let mut kinds = Vec::new();
        while let [kind, 3, _, high, low, after @ ..] = rest {
            kinds.push(*kind);
            rest = after.get(usize::from(u16::from_be_bytes([*high, *low]))..).expect("records are whole");
        }
        assert!(rest.is_empty() && kinds.first() == Some(&22) && kinds.iter().all(|kind| matches!(kind, 20..=22)));
    }
}
