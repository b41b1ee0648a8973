//! A command that gets each URL of its arguments and prints the status and the content. It is written as the crate `wasip3` suggests,
//! and knows nothing of Xenon.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use wasip3::cli::{environment, stdout};
use wasip3::http::client;
use wasip3::http_compat::{http_from_wasi_response, http_into_wasi_request};
use wasip3::wit_stream;

struct Program;

#[allow(unsafe_code, reason = "the macro's, not ours")]
mod export {
    use super::Program;

    wasip3::cli::command::export!(Program);
}

impl wasip3::exports::cli::run::Guest for Program {
    async fn run() -> Result<(), ()> {
        for url in environment::get_arguments().into_iter().skip(1) {
            let (line, is_done) = match get(&url).await {
                Ok(line) => (line, true),
                Err(error) => (format!("{error}\n"), false),
            };
            let (mut writer, reader) = wit_stream::new();
            let printed = stdout::write_via_stream(reader);
            writer.write_all(line.into_bytes()).await;
            drop(writer);
            printed.await.map_err(drop)?;
            if !is_done {
                return Err(());
            }
        }
        Ok(())
    }
}

async fn get(url: &str) -> Result<String, String> {
    let request = http::Request::get(url).body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let request = http_into_wasi_request(request).map_err(|error| format!("{error:?}"))?;
    let response = client::send(request).await.map_err(|error| format!("{error:?}"))?;
    let response = http_from_wasi_response(response).map_err(|error| format!("{error:?}"))?;
    let status = response.status().as_u16();
    let content = response.into_body().collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
    Ok(format!("{status} {}\n", String::from_utf8_lossy(&content).trim_end()))
}
