//! A plugin that tries what it may not, with Xenon (`http://example.org:80`) and past it (`tcp://example.org:80`). Its input is what
//! to try, one a line; its output is what came of each.

wit_bindgen::generate!({
    inline: "
        package example:trespass;

        world trespass {
            include example:plugin/plugin;
            include xenon:http/imports@0.2.0;
        }
    ",
    path: ["../../wit", "../../xenon"],
    world: "example:trespass/trespass",
    generate_all,
});

use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use xenon::http::session::Session;

struct Trespass;
export!(Trespass);

impl Guest for Trespass {
    fn run(input: String) -> Result<String, String> {
        let each = input.lines().map(|line| match attempt(line) {
            Ok(()) => format!("{line}: done\n"),
            Err(error) => format!("{line}: {error}\n"),
        });
        Ok(each.collect())
    }
}

fn attempt(line: &str) -> Result<(), String> {
    let (what, place) = line.split_once("://").ok_or("what?")?;
    let place = place.trim_end_matches('/');
    let (host, port) = place.rsplit_once(':').ok_or("where?")?;
    let port = port.parse().map_err(|_| "at which port?")?;
    let words = |error: std::io::Error| error.to_string();
    match what {
        "http" => Session::new("http", host, port).get("/", &[]).map(drop).map_err(|error| error.detail),
        "name" => (host, port).to_socket_addrs().map(drop).map_err(words),
        "tcp" => TcpStream::connect(place).map(drop).map_err(words),
        "server" => TcpListener::bind(place).map(drop).map_err(words),
        "udp" => UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.send_to(b"x", place)).map(drop).map_err(words),
        _ => Err("what?".into()),
    }
}
