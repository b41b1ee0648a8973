//! Connecting with `wasi:sockets/tcp`: one address, one attempt.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::task::{Context, Poll};

use wasi::io::poll::Pollable;
use wasi::sockets::network::{ErrorCode, IpAddressFamily};
use wasi::sockets::tcp::TcpSocket;
use wasi::sockets::tcp_create_socket::create_tcp_socket;

use super::reactor::{Reactor, Subscribe, Watched};
use super::{Stream, fault, to_wasi};
use crate::net::{self, Fault};

/// An attempt to connect, in progress. Dropping it closes the socket.
pub struct Dial {
    stage: Stage,
    to: SocketAddr,
    reactor: Rc<Reactor>,
}

/// What an attempt waits for.
enum Stage {
    Bind(Watched<TcpSocket>),
    Connect(Watched<TcpSocket>),
    Over(Fault),
}

/// What a stage leads to.
enum Outcome {
    Next(Stage),
    Connected(Stream),
}

impl Dial {
    pub(super) fn start(reactor: &Rc<Reactor>, to: SocketAddr, from: Option<IpAddr>) -> Self {
        let stage = start(reactor, to, from).unwrap_or_else(Stage::Over);
        Self { stage, to, reactor: Rc::clone(reactor) }
    }
}

impl net::Dial for Dial {
    type Stream = Stream;

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<Result<Stream, Fault>> {
        loop {
            if let Stage::Bind(socket) | Stage::Connect(socket) = &self.stage
                && !socket.is_worth_trying(&self.reactor)
            {
                socket.wish(&self.reactor);
                return Poll::Pending;
            }
            // An attempt that was ready is over.
            let stage = std::mem::replace(&mut self.stage, Stage::Over(Fault::Other));
            match self.go_on(stage) {
                Ok(Outcome::Next(stage)) => self.stage = stage,
                Ok(Outcome::Connected(stream)) => return Poll::Ready(Ok(stream)),
                Err(fault) => {
                    self.stage = Stage::Over(fault);
                    return Poll::Ready(Err(fault));
                }
            }
        }
    }
}

impl Dial {
    fn go_on(&self, stage: Stage) -> Result<Outcome, Fault> {
        match stage {
            Stage::Bind(socket) => match socket.finish_bind() {
                Ok(()) => connect(&self.reactor, socket, self.to).map(Outcome::Next),
                Err(ErrorCode::WouldBlock) => {
                    socket.block(&self.reactor);
                    Ok(Outcome::Next(Stage::Bind(socket)))
                }
                Err(code) => Err(fault(code, Fault::LocalAddress)),
            },
            Stage::Connect(socket) => match socket.finish_connect() {
                Ok((input, output)) => {
                    Ok(Outcome::Connected(Stream::new(&self.reactor, socket.into_inner(), input, output, self.to)))
                }
                Err(ErrorCode::WouldBlock) => {
                    socket.block(&self.reactor);
                    Ok(Outcome::Next(Stage::Connect(socket)))
                }
                Err(code) => Err(fault(code, Fault::Unreachable)),
            },
            Stage::Over(fault) => Err(fault),
        }
    }
}

fn start(reactor: &Reactor, to: SocketAddr, from: Option<IpAddr>) -> Result<Stage, Fault> {
    if reactor.dying.are_too_many() {
        return Err(Fault::Exhausted);
    }
    if from.is_some_and(|from| from.is_ipv4() != to.is_ipv4()) {
        return Err(Fault::LocalAddress);
    }
    let family = if to.is_ipv4() { IpAddressFamily::Ipv4 } else { IpAddressFamily::Ipv6 };
    let socket = create_tcp_socket(family).map_err(no_socket)?;
    let socket = Watched::new(socket);
    let Some(from) = from else {
        return connect(reactor, socket, to);
    };
    socket
        .start_bind(reactor.network(), to_wasi(SocketAddr::new(from, 0)))
        .map_err(|code| fault(code, Fault::LocalAddress))?;
    Ok(Stage::Bind(socket))
}

/// Why there is no socket. A system without this family has no route to the address. Creating a socket contacts nobody, so what
/// has no other reason is a lack of resources: wasmtime 48 says `unknown` when the process has no descriptor left.
fn no_socket(code: ErrorCode) -> Fault {
    match fault(code, Fault::Unreachable) {
        Fault::Other => Fault::NoResources,
        other => other,
    }
}

/// An address that the host does not accept as a peer's, such as `0.0.0.0`, is unreachable.
fn connect(reactor: &Reactor, socket: Watched<TcpSocket>, to: SocketAddr) -> Result<Stage, Fault> {
    socket.start_connect(reactor.network(), to_wasi(to)).map_err(|code| fault(code, Fault::Unreachable))?;
    Ok(Stage::Connect(socket))
}

impl Subscribe for TcpSocket {
    fn subscribe(&self) -> Pollable {
        self.subscribe()
    }
}
