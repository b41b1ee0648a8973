//! The native contestant: a blocking socket, and as little HTTP as the raw guest has.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::Result;
use crate::contestants::{Job, Kind};

/// It keeps nothing from one piece of work to the next.
pub(crate) struct Native;

impl Native {
    /// Does the job `count` times over one connection; how many bytes of content were moved.
    pub(crate) fn work(&mut self, job: Job<'_>, count: u32) -> Result<u64> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, job.port))?;
        match job.kind {
            Kind::Upload => upload(stream, job, count)?,
            Kind::Keep | Kind::Full | Kind::Resumed => download(stream, job, count)?,
        }
        Ok(job.length * u64::from(count))
    }
}

fn download(mut stream: TcpStream, job: Job<'_>, count: u32) -> Result<()> {
    let Job { port, target, length, .. } = job;
    // As Xenon's, byte for byte.
    let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: xenon/0.1.0\r\n\r\n");
    let mut buffer = vec![0; 64 * 1024];
    let mut whole = None;
    for _ in 0..count {
        stream.write_all(request.as_bytes())?;
        let mut received = 0;
        while whole.is_none_or(|whole| received < whole) {
            let more = stream.read(&mut buffer)?;
            if more == 0 {
                return Err("nginx closed the connection".into());
            }
            received += more as u64;
            if whole.is_none() {
                // A head of nginx's comes in one piece.
                let end = buffer[..more].windows(4).position(|window| window == b"\r\n\r\n");
                whole = Some(end.ok_or("the head is in pieces")? as u64 + 4 + length);
            }
        }
    }
    Ok(())
}

fn upload(mut stream: TcpStream, job: Job<'_>, count: u32) -> Result<()> {
    let Job { port, target, length, .. } = job;
    stream.set_nodelay(true)?;
    let request = format!(
        "PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: xenon/0.1.0\r\nContent-Length: {length}\r\n\r\n"
    );
    let piece = vec![b'x'; 64 * 1024];
    let mut answer = vec![0; 4 * 1024];
    for _ in 0..count {
        stream.write_all(request.as_bytes())?;
        let mut left = length;
        while left > 0 {
            let count = left.min(piece.len() as u64);
            stream.write_all(&piece[..count as usize])?;
            left -= count;
        }
        // It comes in one piece.
        if stream.read(&mut answer)? == 0 {
            return Err("the server closed the connection".into());
        }
    }
    Ok(())
}

/// For how long this thread has computed, in the kernel too; zero where the system does not tell. All that is measured runs in
/// this thread, but for native programs.
pub(crate) fn busy() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}
