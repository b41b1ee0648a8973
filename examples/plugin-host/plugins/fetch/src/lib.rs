//! A plugin that fetches: its input is URLs, one a line; its output is their content.

wit_bindgen::generate!({
    inline: "
        package example:fetch;

        world fetch {
            include example:plugin/plugin;
            include xenon:http/imports@0.2.0;
        }
    ",
    path: ["../../wit", "../../xenon"],
    world: "example:fetch/fetch",
    generate_all,
});

use xenon::http::session::Session;

struct Fetch;
export!(Fetch);

impl Guest for Fetch {
    fn run(input: String) -> Result<String, String> {
        input.lines().map(fetch).collect()
    }
}

/// What is there, or Xenon's own words where there is nothing.
fn fetch(url: &str) -> Result<String, String> {
    let (scheme, rest) = url.split_once("://").ok_or("that is no URL")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let with_port = authority.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = with_port.unwrap_or((authority, if scheme == "https" { 443 } else { 80 }));
    let session = Session::new(scheme, host, port);
    let response = session.get(&format!("/{path}"), &[]).map_err(|error| error.detail)?;
    Ok(String::from_utf8_lossy(&response.content).into_owned())
}
