//! Fetches URLs, follows their redirects, and keeps cookies from one to the next: `rust-fetch URL...`.

wit_bindgen::generate!({ path: "../../wit", world: "imports", generate_all });

use xenon::http::{client::Client, cookies::CookieJar, settings::Options, types::Error};

fn main() -> Result<(), Error> {
    let (client, options) = (Client::new(), Options::new());
    options.set_cookie_jar(Some(&CookieJar::new()));
    client.set_options(&options);
    for url in std::env::args().skip(1) {
        let response = client.request("GET", &url).send()?; // the last one, after redirects
        println!("{} {}", response.status(), response.url());
        println!("{}", String::from_utf8_lossy(&response.read_to_end()?));
    }
    Ok(())
}
