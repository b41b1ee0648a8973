//! Fetches a page: `rust-get HOST PORT`.

wit_bindgen::generate!({ path: "../../wit", world: "imports", generate_all });

use xenon::http::{session::Session, types::Error};

fn main() -> Result<(), Error> {
    let host = std::env::args().nth(1).unwrap_or("localhost".into());
    let port = std::env::args().nth(2).and_then(|port| port.parse().ok()).unwrap_or(80);
    let session = Session::new("http", &host, port); // no I/O yet
    let response = session.get("/", &[])?; // the name is looked up here
    println!("{} {}", response.status, String::from_utf8_lossy(&response.content));
    Ok(())
}
