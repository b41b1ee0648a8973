//! Cookies without end, from one host or from many.

use xenon_harness::component::{Guest, Session};
use xenon_harness::peer::Script;

use crate::measure::*;

/// Cookies in a response, and responses.
const EACH: usize = 50;
const RESPONSES: usize = 200;

/// A response that sets cookies of this length.
fn setting(number: usize, length: usize) -> String {
    let lines: String =
        (0..EACH).map(|cookie| format!("Set-Cookie: c{number}x{cookie}={}\r\n", "v".repeat(length))).collect();
    format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 5\r\n\r\nhello")
}

/// Gives the session a jar, and takes all responses. Returns how many cookies there are.
fn with_jar(guest: &Guest, session: &Session) -> u32 {
    let jar = guest.cookie_jar();
    let options = session.options();
    options.set_cookie_jar(Some(&jar));
    session.set_options(&options);
    for _ in 0..RESPONSES {
        assert_eq!(session.get("/").unwrap().content, b"hello");
    }
    jar.count()
}

#[test]
fn ten_thousand_cookies_of_one_host() {
    let responses =
        (0..RESPONSES).fold(Script::new(), |script, number| script.expect_head_with(&[]).send(setting(number, 4000)));
    let (count, cost) = attack([responses], |guest, session| with_jar(guest, &session));
    assert_eq!(count, 50);
    // Each byte of them is read, checked and copied a few times.
    assert!(cost.fuel < 100 * cost.sent, "{} for {} bytes", cost.fuel, cost.sent);
    report("10,000 cookies of one host", cost, "50 are kept");
}

#[test]
fn cookies_from_as_many_hosts_as_there_is_room_for() {
    const HOSTS: usize = 80;
    let answers =
        (0..HOSTS).fold(Script::new(), |script, number| script.expect_head_with(&[]).send(setting(number, 100)));
    let (count, cost) = attack([answers], |guest, session| {
        let jar = guest.cookie_jar();
        let options = session.options();
        options.set_cookie_jar(Some(&jar));
        session.set_options(&options);
        for number in 0..HOSTS {
            let request = session.request("GET", "/");
            request.add_field("Host", &format!("h{number}.test")).unwrap();
            assert_eq!(request.send().unwrap().read_to_end().unwrap(), b"hello");
        }
        jar.count()
    });
    assert!((2_500..=3_000).contains(&count), "{count}");
    assert!(cost.fuel < 1000 * cost.sent, "{} for {} bytes", cost.fuel, cost.sent);
    report("4,000 cookies of 80 hosts", cost, "3,000 at most are kept");
}
