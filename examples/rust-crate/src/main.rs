//! `rust-crate HOST PORT...`: one GET over https to each of these ports, all at once, without any composition.
//!
//! Where the variable `CA_PEM` is set, its certificates are the only roots.

use std::env;
use std::error::Error;
use std::rc::Rc;

use xenon::tls::settings::TlsSettings;
use xenon::wasip2::{BoxFuture, poll_any, session};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let host = arguments.next().unwrap_or_else(|| "localhost".into());
    let ports: Vec<u16> = arguments.map(|port| port.parse()).collect::<Result<_, _>>()?;
    // Made once, for all sessions.
    let mut tls = TlsSettings::default();
    if let Ok(roots) = env::var("CA_PEM") {
        tls.set_default_roots(false);
        tls.add_roots(roots.as_bytes())?;
    }
    let tls = Rc::new(tls);

    let mut fetches: Vec<BoxFuture<'_, String>> = Vec::new();
    for port in ports {
        let session = session("https", &host, port); // no I/O yet
        session.change_options(|options| options.tls = Rc::clone(&tls));
        fetches.push(Box::pin(async move {
            let response = session.get("/").await?; // the name is looked up here
            Ok(format!("{port} {} {}", response.head.status, String::from_utf8_lossy(&response.content)))
        }));
    }
    while let Some(outcome) = poll_any(&mut fetches) {
        println!("{}", outcome?);
    }
    Ok(())
}
