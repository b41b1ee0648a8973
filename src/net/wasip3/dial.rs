//! Connecting.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::bindings::wasi::sockets::types::{IpAddressFamily, TcpSocket};
use super::stream::Stream;
use super::{Operation, Tasks, fault, to_wasi};
use crate::net::tasks::Buried;
use crate::net::{self, Fault};

/// An attempt to connect, in progress. Dropping it cancels it, and then drops its socket.
pub struct Dial {
    /// `None` once it was buried.
    operation: Option<Connecting>,
    to: SocketAddr,
    tasks: Rc<Tasks>,
}

type Connecting = Operation<Result<TcpSocket, Fault>>;

impl Buried for Connecting {}

impl Dial {
    pub(super) fn start(tasks: &Rc<Tasks>, to: SocketAddr, from: Option<IpAddr>) -> Self {
        Self { operation: Some(Operation::new(connect(to, from))), to, tasks: Rc::clone(tasks) }
    }
}

impl net::Dial for Dial {
    type Stream = Stream;

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Stream, Fault>> {
        let Some(operation) = &mut self.operation else { return Poll::Pending };
        let connected = Pin::new(operation).poll(context);
        connected.map(|socket| socket.map(|socket| Stream::new(socket, self.to, Rc::clone(&self.tasks))))
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        if let Some(operation) = self.operation.take() {
            self.tasks.bury(operation);
        }
    }
}

async fn connect(to: SocketAddr, from: Option<IpAddr>) -> Result<TcpSocket, Fault> {
    let family = if to.is_ipv4() { IpAddressFamily::Ipv4 } else { IpAddressFamily::Ipv6 };
    let socket = TcpSocket::create(family).map_err(|code| fault(&code, Fault::Unreachable))?;
    if let Some(from) = from {
        let bound = socket.bind(to_wasi(SocketAddr::new(from, 0)));
        bound.map_err(|code| fault(&code, Fault::LocalAddress))?;
    }
    socket.connect(to_wasi(to)).await.map_err(|code| fault(&code, Fault::Unreachable))?;
    Ok(socket)
}
