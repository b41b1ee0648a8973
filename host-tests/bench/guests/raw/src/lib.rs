//! A guest to measure: the least that HTTP over `wasi:sockets` can cost, the ceiling for everything else.
//!
//! It must not be taken for a client: after the first response it looks at nothing but how many bytes came, for all the
//! others are as long.

use wasi::io::poll::Pollable;
use wasi::io::streams::{InputStream, OutputStream};
use wasi::sockets::instance_network::instance_network;
use wasi::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasi::sockets::tcp::TcpSocket;
use wasi::sockets::tcp_create_socket::create_tcp_socket;

#[allow(unsafe_code, missing_docs, clippy::all, reason = "wit-bindgen's, not ours")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package xenon:bench-raw;

            world guest {
                /// Sends `count` times `GET target` to this port of 127.0.0.1, reads each response to its end, and answers
                /// how many bytes of content came.
                export run: func(port: u16, target: string, count: u32) -> result<u64, string>;
                /// Sends `count` times `PUT target` with so many bytes, reads each response to its end, and answers how many
                /// bytes have gone.
                export upload: func(port: u16, target: string, count: u32, length: u64) -> result<u64, string>;
            }
        ",
        world: "xenon:bench-raw/guest",
    });

    export!(Contestant with_types_in self);

    pub(super) struct Contestant;
}

/// Bytes asked of the host at once for a small response, and for more of a large one: the host zeroes what is asked for.
const SMALL_READ: u64 = 4 * 1024;
const LARGE_READ: u64 = 64 * 1024;

/// Bytes given to the host at once: it takes no more.
const WRITTEN: usize = 64 * 1024;

impl bindings::Guest for bindings::Contestant {
    fn run(port: u16, target: String, count: u32) -> Result<u64, String> {
        let mut connection = Connection::new(port)?;
        // As Xenon's, byte for byte.
        let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: xenon/0.1.0\r\n\r\n");
        let mut total = 0;
        for _ in 0..count {
            connection.write(request.as_bytes())?;
            total += connection.read_response()?;
        }
        Ok(total)
    }

    fn upload(port: u16, target: String, count: u32, length: u64) -> Result<u64, String> {
        let mut connection = Connection::new(port)?;
        let mut head = format!(
            "PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: xenon/0.1.0\r\nContent-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        let piece = vec![b'x'; WRITTEN];
        // The short piece goes first: at the end, it would wait for an acknowledgement.
        head.extend_from_slice(&piece[..(length % WRITTEN as u64) as usize]);
        for _ in 0..count {
            connection.write(&head)?;
            for _ in 0..length / WRITTEN as u64 {
                connection.write(&piece)?;
            }
            connection.read_response()?;
        }
        Ok(length * u64::from(count))
    }
}

/// Streams before what they wait on, and the socket last, as the host wants them dropped.
struct Connection {
    readable: Pollable,
    input: InputStream,
    output: OutputStream,
    _socket: TcpSocket,
    /// That of the first response.
    shape: Option<Shape>,
}

impl Connection {
    fn new(port: u16) -> Result<Self, String> {
        let socket = create_tcp_socket(IpAddressFamily::Ipv4).map_err(words)?;
        let (input, output) = connect(&socket, port).map_err(words)?;
        Ok(Self { readable: input.subscribe(), input, output, _socket: socket, shape: None })
    }

    fn write(&self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            let permit = usize::try_from(self.output.check_write().map_err(words)?).unwrap_or(usize::MAX);
            if permit == 0 {
                self.output.subscribe().block();
                continue;
            }
            let (now, later) = bytes.split_at(permit.min(bytes.len()));
            self.output.write(now).map_err(words)?;
            bytes = later;
        }
        Ok(())
    }

    /// Reads to the end of the response; how long its content is.
    fn read_response(&mut self) -> Result<u64, String> {
        let mut head = Vec::new();
        let mut received = 0;
        while self.shape.is_none_or(|shape| received < shape.length) {
            let is_small = self.shape.is_none_or(|shape| shape.length - received <= SMALL_READ);
            let bytes = self.input.read(if is_small { SMALL_READ } else { LARGE_READ }).map_err(words)?;
            if bytes.is_empty() {
                self.readable.block();
            }
            received += bytes.len() as u64;
            if self.shape.is_none() {
                head.extend_from_slice(&bytes);
                self.shape = Shape::read(&head)?;
            }
        }
        Ok(self.shape.map_or(0, |shape| shape.content))
    }
}

/// How long each response is.
#[derive(Clone, Copy)]
struct Shape {
    content: u64,
    /// Head and content.
    length: u64,
}

impl Shape {
    /// What the first response's head says; none until it is whole.
    fn read(bytes: &[u8]) -> Result<Option<Shape>, String> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let head = String::from_utf8_lossy(&bytes[..end]);
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(format!("the answer was {:?}", head.lines().next()));
        }
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let content = length.and_then(|length| length.parse().ok()).ok_or("there is no Content-Length")?;
        Ok(Some(Shape { content, length: end as u64 + 4 + content }))
    }
}

fn connect(socket: &TcpSocket, port: u16) -> Result<(InputStream, OutputStream), ErrorCode> {
    let address = IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) });
    socket.start_connect(&instance_network(), address)?;
    let connected = socket.subscribe();
    loop {
        match socket.finish_connect() {
            Err(ErrorCode::WouldBlock) => connected.block(),
            outcome => return outcome,
        }
    }
}

fn words(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
