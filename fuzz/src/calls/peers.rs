//! Peers that a caller meets: good ones and bad ones, for origins and for proxies, chosen by the input.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use xenon::net::Fault;
use xenon::net::sim::{Script, Segments, SimNet};

use super::menu::Input;

/// Connections that each address takes; later ones are refused.
const CONNECTIONS: usize = 24;

/// An origin's address, another, and a proxy's.
const ADDRESSES: [&str; 3] = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:8080"];

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n";

/// The world that the first bytes describe.
pub(super) fn world(input: &mut Input) -> SimNet {
    let net = SimNet::new();
    let addresses = ADDRESSES.map(|address| address.parse::<SocketAddr>().expect("an address"));
    let ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
    net.name("a.test", [ips[0]]);
    net.name("b.test", [ips[1], ips[0]]);
    net.name("proxy.test", [ips[2]]);
    net.name_after("slow.test", Some(Duration::from_secs(2)), Ok(vec![ips[0]]));
    net.name_after("never.test", None, Err(Fault::Other));
    match input.below(4) {
        0 => net.set_segments(Segments::Bytes),
        1 => net.set_segments(Segments::Random(7)),
        _ => {}
    }
    if input.below(4) == 0 {
        net.set_send_limit(7);
    }
    let kinds: Vec<u8> = (0..4).map(|_| input.byte()).collect();
    for (place, address) in addresses.into_iter().enumerate() {
        let kind = |number: usize| kinds[(place + number) % kinds.len()].wrapping_add((number / kinds.len()) as u8);
        net.listen(address, (0..CONNECTIONS).map(|number| peer(kind(number))));
    }
    net
}

fn peer(kind: u8) -> Script {
    let head = || Script::new().expect_head();
    let again = |script: Script| (0..6).fold(script, |script, _| script.expect_head().send(OK));
    match kind % 20 {
        0..=2 => again(Script::new()),
        3 => again(head().send(CHUNKED)),
        4 => again(head().send(OK).delay(Duration::from_secs(1)).send(OK)),
        5 => head().send(OK).delay(Duration::from_secs(1)).close(),
        6 => head().send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello").stall(),
        7 => head().send("HTTP/1.1 200 OK\r\n\r\nto the end").close(),
        8 => head().reset(),
        9 => Script::new().window(10).send("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno").stall(),
        10 => head().send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n").send(OK),
        11 => again(head().send(
            "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"r\"\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", \
             qop=\"auth\", algorithm=SHA-256\r\nContent-Length: 0\r\n\r\n",
        )),
        12 => again(head().send("HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n")),
        13 => head().send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\nraw").drain(),
        14 => again(head().send("HTTP/1.1 200 Tunnel\r\n\r\n")),
        15 => head().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n").send_fill(b'x', 300_000),
        16 => head().send("nonsense\r\n\r\n"),
        17 => Script::new().send("\x05\x00").drain(),
        18 => head().send("HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n").close(),
        _ => Script::new().stall(),
    }
}
