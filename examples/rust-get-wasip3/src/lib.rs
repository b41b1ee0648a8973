//! Fetches a page: `rust-get-wasip3 HOST PORT`.

wit_bindgen::generate!({ path: ["../../wit/0.3", "get.wit"], world: "xenon:get/get", generate_all });

use exports::wasi::cli::run::Guest;
use wasi::cli::{environment, stdout};
use xenon::http::{session::Session, types::Error};

struct Get;
export!(Get);

impl Guest for Get {
    async fn run() -> Result<(), ()> {
        let arguments = environment::get_arguments();
        let host = arguments.get(1).map_or("localhost", String::as_str);
        let port = arguments.get(2).and_then(|port| port.parse().ok()).unwrap_or(80);
        let line = match get(host, port).await {
            Ok(line) => line,
            Err(error) => format!("{}\n", error.detail),
        };
        let (mut writer, reader) = wit_stream::new();
        let printed = stdout::write_via_stream(reader);
        writer.write_all(line.into_bytes()).await;
        drop(writer);
        printed.await.map_err(drop)
    }
}

async fn get(host: &str, port: u16) -> Result<String, Error> {
    let session = Session::new("http", host, port); // no I/O yet
    let response = session.get("/".into(), vec![]).await?; // the name is looked up here
    Ok(format!("{} {}\n", response.status, String::from_utf8_lossy(&response.content)))
}
