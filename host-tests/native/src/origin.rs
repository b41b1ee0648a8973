//! The origin that the tour visits: a small HTTP/1.1 server that counts, and a desk where its counts can be asked for.
//!
//! It must not be used for anything but the tour: it trusts its client.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A running origin. Its threads end with the process.
#[derive(Debug)]
pub struct Origin {
    /// Where it serves, on 127.0.0.1.
    pub port: u16,
    /// Where its counts can be asked for: `GET /` for those of now, `GET /closed` to wait first, 5 s at most, until no
    /// connection is open. The answer is `CONNECTIONS REQUESTS OPEN`.
    pub desk: u16,
    book: Arc<Book>,
}

impl Origin {
    /// Starts it.
    pub fn start() -> Result<Origin> {
        let book = Arc::new(Book::default());
        let port = serve(&book, |book, stream| {
            book.write(|counts| {
                counts.connections += 1;
                counts.open += 1;
            });
            // A client that breaks off is a connection that has closed.
            let _ = answer_all(stream, |target, cookies| {
                let counts = book.write(|counts| counts.requests += 1);
                let head = if target == "/door" { LED_ON } else { OK };
                let cookies =
                    if cookies.is_empty() { String::new() } else { format!(" You have the cookie {cookies}.") };
                let content = format!(
                    "You asked for {target}. This is request {}, on connection {}.{cookies}\n",
                    counts.requests, counts.connections
                );
                (head, content)
            });
            book.write(|counts| counts.open -= 1);
        })?;
        let desk = serve(&book, |book, stream| {
            let _ = answer_all(stream, |target, _| {
                let counts = if target == "/closed" { book.wait_until_closed() } else { book.write(|_| ()) };
                (OK, format!("{} {} {}", counts.connections, counts.requests, counts.open))
            });
        })?;
        Ok(Origin { port, desk, book })
    }

    /// What it has counted so far.
    pub fn counts(&self) -> Counts {
        self.book.write(|_| ())
    }
}

/// What an origin counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections ever accepted.
    pub connections: u32,
    /// Requests ever received.
    pub requests: u32,
    /// Connections open now.
    pub open: u32,
}

#[derive(Debug, Default)]
struct Book {
    counts: Mutex<Counts>,
    changed: Condvar,
}

impl Book {
    /// Changes the counts and answers what they then are.
    fn write(&self, change: impl FnOnce(&mut Counts)) -> Counts {
        let mut counts = self.lock();
        change(&mut counts);
        self.changed.notify_all();
        *counts
    }

    fn wait_until_closed(&self) -> Counts {
        let waited = self.changed.wait_timeout_while(self.lock(), Duration::from_secs(5), |counts| counts.open > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves each connection on a thread of its own, and answers at which port.
fn serve(book: &Arc<Book>, each: impl Fn(&Book, TcpStream) + Copy + Send + 'static) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let book = Arc::clone(book);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let book = Arc::clone(&book);
            thread::spawn(move || each(&book, stream));
        }
    });
    Ok(port)
}

const OK: &str = "200 OK\r\n";

/// A redirect that sets a cookie.
const LED_ON: &str = "302 Found\r\nLocation: /hall\r\nSet-Cookie: visitor=42\r\n";

/// Answers requests without content until the client closes. Each answer has a beginning of a head and a content, for this target and
/// these cookies.
fn answer_all(stream: TcpStream, mut answer: impl FnMut(&str, &str) -> (&'static str, String)) -> Result<()> {
    let mut reader = BufReader::new(&stream);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let (mut field, mut cookies) = (String::new(), String::new());
        while reader.read_line(&mut field)? > 2 {
            if let Some(value) = field.strip_prefix("Cookie: ") {
                value.trim_end().clone_into(&mut cookies);
            }
            field.clear();
        }
        let (head, content) = answer(request.split(' ').nth(1).unwrap_or_default(), &cookies);
        let length = content.len();
        let head = format!("HTTP/1.1 {head}Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n");
        (&stream).write_all((head + &content).as_bytes())?;
    }
}
