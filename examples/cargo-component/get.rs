//! Fetches a page over https: `get HOST PORT`. Where the variable `CA_PEM` is set, its certificates are trusted too.

use crate::bindings::xenon::http::session::Session;
use crate::bindings::xenon::http::settings::TlsConfig;
use crate::bindings::xenon::http::types::Error;

pub fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().unwrap_or("localhost".into());
    let port = arguments.next().and_then(|port| port.parse().ok()).unwrap_or(443);
    let tls = TlsConfig::new();
    if let Ok(roots) = std::env::var("CA_PEM") {
        tls.add_roots(roots.as_bytes())?;
    }
    let session = Session::new("https", &host, port); // no I/O yet
    let options = session.options();
    options.set_tls(&tls);
    session.set_options(&options);
    let response = session.get("/", &[])?; // the name is looked up here
    println!("{} {}", response.status, String::from_utf8_lossy(&response.content));
    Ok(())
}
