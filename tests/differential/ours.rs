//! Xenon as a client of a case: a session over the simulated network.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use xenon::error::{Code, Error};
use xenon::net::sim::{Script, SimNet};
use xenon::session::Session;

use super::answer::{Accepted, Ending, Fields, Heard};
use super::cases::{CONTENT, Case, Method};

const HOST: &str = "origin.test";

/// What the target of the request is that tries the connection again.
const AGAIN: &str = "/again";

pub(crate) fn hear(case: &Case, ending: Ending) -> Heard {
    let net = SimNet::new();
    let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);
    net.name(HOST, [here.ip()]);
    let mut script = Script::new().expect_head();
    if case.method == Method::Post {
        script = script.expect_bytes(CONTENT.len() as u64);
    }
    script = script.send(&case.bytes);
    net.listen(here, [if ending == Ending::Closed { script.close() } else { script }]);
    let session = Session::new(net.clone(), "http", HOST, 80);
    match exchange(&net, &session, case) {
        Ok(mut accepted) => {
            accepted.is_reusable = Some(is_used_again(&net, &session));
            accepted.into()
        }
        Err(error) if is_timeout(&error) => Heard::Waiting,
        Err(error) => Heard::refused(error),
    }
}

fn exchange(net: &SimNet, session: &Session<SimNet>, case: &Case) -> Result<Accepted, Error> {
    let target = if case.method == Method::Connect { "origin.test:80" } else { "/" };
    let mut request = session.request(case.method.name(), target);
    if case.method == Method::Post {
        request.set_content(CONTENT.into());
    }
    if case.wants_upgrade {
        request.add_field("Connection", b"upgrade".into())?;
        request.add_field("Upgrade", b"other".into())?;
    }
    let exchange = request.start(false)?;
    let response = net.run(poll_fn(|context| exchange.poll_response(context)))?;
    let mut content = Vec::new();
    while let Some(piece) = net.run(poll_fn(|context| response.poll_read(context, usize::MAX)))? {
        content.extend(piece);
    }
    let head = response.head();
    Ok(Accepted {
        status: head.status,
        fields: fields(&head.fields),
        content,
        trailers: Some(fields(&response.trailers().unwrap_or_default())),
        is_reusable: None,
    })
}

/// Whether the session sends another request on the same connection: it does so at once, or connects anew.
fn is_used_again(net: &SimNet, session: &Session<SimNet>) -> bool {
    let Ok(exchange) = session.request("GET", AGAIN).start(false) else {
        return false;
    };
    net.settle();
    exchange.advance();
    let sent = net.sent(0);
    sent.windows(AGAIN.len()).any(|window| window == AGAIN.as_bytes())
}

fn is_timeout(error: &Error) -> bool {
    matches!(error.code, Code::ResponseTimeout | Code::ConnectionReadTimeout | Code::ExchangeTimeout)
}

fn fields(from: &xenon::http::fields::Fields) -> Fields {
    let mut fields = Fields::default();
    for field in from.iter() {
        fields.push(field.name, field.value);
    }
    fields
}
