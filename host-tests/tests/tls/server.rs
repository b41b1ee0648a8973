//! A TLS server of rustls's that answers each request in the same way and says what each connection has brought.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion, version};
use socket2::SockRef;

use crate::certificates::{Authority, Issued};

/// How long a step may take: the command, when it runs for the first time, is compiled before.
const PATIENCE: Duration = Duration::from_secs(120);

/// What every request gets.
pub(crate) const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// A server at a free port of 127.0.0.1.
pub(crate) struct Server {
    port: u16,
    thread: JoinHandle<Vec<Seen>>,
}

/// What one connection has brought.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// What came inside TLS.
    pub(crate) content: Vec<u8>,
    /// What ended it, if it was not the client's farewell.
    pub(crate) end: Option<String>,
}

/// How a server is.
pub(crate) struct Terms<'a> {
    pub(crate) versions: &'a [&'static SupportedProtocolVersion],
    /// Who must have certified a client.
    pub(crate) clients: Option<&'a Authority>,
    /// What else is different from what rustls does.
    pub(crate) change: fn(&mut ServerConfig),
}

impl Default for Terms<'_> {
    fn default() -> Self {
        static BOTH: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];
        Terms { versions: &BOTH, clients: None, change: |_| {} }
    }
}

impl Server {
    /// Serves so many connections, each with this certificate, whose PEM may have its chain after it.
    pub(crate) fn start(issued: &Issued, terms: &Terms<'_>, connections: usize) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        // A client that does not come fails the test and hangs nothing.
        SockRef::from(&listener).set_read_timeout(Some(PATIENCE)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = configuration(issued, terms);
        let thread = thread::spawn(move || {
            let serving: Vec<_> = (0..connections)
                .map(|_| {
                    let (stream, _) = listener.accept().expect("a client comes");
                    let config = Arc::clone(&config);
                    thread::spawn(move || serve(stream, config))
                })
                .collect();
            serving.into_iter().map(|one| one.join().expect("serving does not panic")).collect()
        });
        Server { port, thread }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What each connection has brought, once all have ended.
    pub(crate) fn finish(self) -> Vec<Seen> {
        self.thread.join().expect("the server does not panic")
    }
}

fn configuration(issued: &Issued, terms: &Terms<'_>) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(terms.versions).unwrap();
    let builder = match terms.clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(issued.certificate.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let mut config = builder.with_single_cert(chain.unwrap(), key).unwrap();
    (terms.change)(&mut config);
    Arc::new(config)
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>) -> Seen {
    let mut seen = Seen::default();
    if let Err(error) = converse(stream, config, &mut seen.content) {
        seen.end = Some(error.to_string());
    }
    seen
}

/// Answers requests without content, until the client says farewell.
fn converse(mut stream: TcpStream, config: Arc<ServerConfig>, content: &mut Vec<u8>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut tls = rustls::Stream::new(&mut tls, &mut stream);
    let mut answered = 0;
    let mut piece = [0; 4096];
    loop {
        let count = tls.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        content.extend_from_slice(&piece[..count]);
        let heads = content.windows(4).filter(|window| window == b"\r\n\r\n").count();
        for _ in answered..heads {
            tls.write_all(ANSWER.as_bytes())?;
        }
        answered = heads;
    }
}
