//! A server, and a proxy of each kind, whose every connection behaves in another way.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// It ends with the process.
pub(crate) struct Peer {
    pub(crate) port: u16,
    requests: Arc<Requests>,
}

/// What it was asked for as a proxy.
#[derive(Default)]
struct Requests {
    forwarding: AtomicUsize,
    tunnels: AtomicUsize,
    socks: AtomicUsize,
}

impl Peer {
    pub(crate) fn start() -> Peer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<Requests>::default();
        let shared = Arc::clone(&requests);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || drop(behave(stream, number, &shared)));
            }
        });
        Peer { port, requests }
    }

    /// How often it was asked to forward, for a tunnel, and for a connection by SOCKS.
    pub(crate) fn proxied(&self) -> [usize; 3] {
        let Requests { forwarding, tunnels, socks } = &*self.requests;
        [forwarding, tunnels, socks].map(|count| count.load(Ordering::Relaxed))
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const TUNNEL: &str = "HTTP/1.1 200 OK\r\n\r\n";

/// How a connection answers each head that comes, and each CONNECT, and whether it ends then.
struct Manner {
    answer: String,
    connect: String,
    ends: bool,
}

impl Manner {
    fn of(number: usize) -> Manner {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n";
        let asks = |status: &str, name: &str| {
            format!(
                "HTTP/1.1 {status} Who\r\n{name}: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n"
            )
        };
        let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n{}", "x".repeat(200_000));
        let (answer, connect, ends) = match number % 12 {
            0..=3 => (OK.to_owned(), TUNNEL.to_owned(), false),
            4 => (chunked.to_owned(), TUNNEL.to_owned(), false),
            5 => (format!("{OK}{OK}"), format!("{TUNNEL}{OK}"), false),
            6 => (OK.to_owned(), TUNNEL.to_owned(), true),
            7 => (asks("401", "WWW-Authenticate"), asks("407", "Proxy-Authenticate"), false),
            8 => {
                let to_the_end = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end";
                (to_the_end.to_owned(), to_the_end.to_owned(), true)
            }
            9 => (large.clone(), large, false),
            10 => {
                let cut = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut";
                (cut.to_owned(), "HTTP/1.1 503 No\r\nContent-Length: 50\r\n\r\ncut".to_owned(), true)
            }
            _ => ("nonsense\r\n\r\n".to_owned(), "nonsense\r\n\r\n".to_owned(), true),
        };
        Manner { answer, connect, ends }
    }
}

fn behave(mut stream: TcpStream, number: usize, requests: &Requests) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut first = [0];
    stream.peek(&mut first)?;
    if let [version @ 4..=5] = first {
        requests.socks.fetch_add(1, Ordering::Relaxed);
        socks(&mut stream, version, number)?;
    }
    let manner = Manner::of(number);
    let mut seen = Vec::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        seen.extend_from_slice(&piece[..count]);
        while let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            let head: Vec<u8> = seen.drain(..end + 4).collect();
            let has = |text: &[u8]| head.windows(text.len()).any(|window| window == text);
            let is_for_tunnel = has(b"CONNECT ");
            // Port 80 is in the caller's own CONNECT alone.
            if is_for_tunnel && !has(b":80 HTTP/1.1\r\n") {
                requests.tunnels.fetch_add(1, Ordering::Relaxed);
            } else if has(b" http://") {
                requests.forwarding.fetch_add(1, Ordering::Relaxed);
            }
            stream.write_all(if is_for_tunnel { manner.connect.as_bytes() } else { manner.answer.as_bytes() })?;
            if manner.ends {
                return Ok(());
            }
        }
        // The rest may be the start of a head, after content that nothing reads.
        let surplus = seen.len().saturating_sub(1 << 10);
        seen.drain(..surplus);
    }
}

/// Plays a SOCKS proxy to the end of its handshake. Mostly it grants the connection; sometimes it refuses, or says too little.
fn socks(stream: &mut TcpStream, version: u8, number: usize) -> std::io::Result<()> {
    // A message comes in one piece, for nothing else is sent with it.
    let mut message = [0; 1 << 10];
    let _ = stream.read(&mut message)?;
    if version == 4 {
        let code = if number.is_multiple_of(5) { 0x5b } else { 0x5a };
        return stream.write_all(&[0, code, 0, 0, 0, 0, 0, 0][..if number.is_multiple_of(7) { 3 } else { 8 }]);
    }
    stream.write_all(&[5, if number.is_multiple_of(11) { 0xff } else { 0 }])?;
    let _ = stream.read(&mut message)?;
    let code = if number.is_multiple_of(5) { 2 } else { 0 };
    stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0][..if number.is_multiple_of(7) { 4 } else { 10 }])
}
