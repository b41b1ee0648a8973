//! What is read in order and may let its reader wait: a pipe, a terminal, a device. A thread of its own opens and reads it, so
//! that whoever else is waited for goes on meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use wasmtime_wasi::p2::pipe::AsyncReadStream;

/// A stream of what is read.
pub(super) struct Pipe {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// What is left of the last piece.
    piece: Vec<u8>,
}

/// Bytes that are read at once: what a pipe of Linux holds.
const PIECE: usize = 64 * 1024;

impl Pipe {
    /// Opens it and begins to read, both elsewhere.
    pub(super) fn open(path: PathBuf) -> AsyncReadStream {
        // One piece waits while the next is read: whoever does not take them stops the reading.
        let (sender, pieces) = channel(1);
        // Nothing waits for the thread: one that never gets anything to read ends with the process.
        std::thread::spawn(move || {
            if let Err(error) = pass_on(path, &sender) {
                let _ = sender.blocking_send(Err(error));
            }
        });
        AsyncReadStream::new(Self { pieces, piece: Vec::new() })
    }
}

fn pass_on(path: PathBuf, sender: &Sender<io::Result<Vec<u8>>>) -> io::Result<()> {
    let mut file = File::open(path)?;
    loop {
        let mut piece = vec![0; PIECE];
        let length = match file.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            length => length?,
        };
        piece.truncate(length);
        if length == 0 || sender.blocking_send(Ok(piece)).is_err() {
            return Ok(());
        }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.piece.is_empty() {
            match ready!(self.pieces.poll_recv(context)) {
                Some(piece) => self.piece = piece?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let length = self.piece.len().min(buffer.remaining());
        buffer.put_slice(&self.piece[..length]);
        self.piece.drain(..length);
        Poll::Ready(Ok(()))
    }
}
