//! Where uploads go: a server that throws content away. It is no bottleneck, as nginx is, which keeps content until it is whole.
//!
//! It must not be taken for a server: it looks at `Content-Length` alone.

use std::io::{Error, Read, Result, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

/// Its port. It runs until the process ends.
pub(crate) fn start() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // How it ends, its peer sees too.
            thread::spawn(move || serve(connection));
        }
    });
    Ok(port)
}

fn serve(mut connection: TcpStream) -> Result<()> {
    connection.set_nodelay(true)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        // A head, and what of the content is there already.
        let mut filled = 0;
        let (end, length) = loop {
            let more = connection.read(&mut buffer[filled..])?;
            if more == 0 {
                return Ok(());
            }
            filled += more;
            if let Some(end) = buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                let length = length.and_then(|length| length.trim().parse::<u64>().ok());
                break (end + 4, length.ok_or_else(|| Error::other("there is no Content-Length"))?);
            }
        };
        let mut left = length.saturating_sub((filled - end) as u64);
        while left > 0 {
            let most = left.min(buffer.len() as u64) as usize;
            let more = connection.read(&mut buffer[..most])?;
            if more == 0 {
                return Ok(());
            }
            left -= more as u64;
        }
        connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsunk")?;
    }
}
