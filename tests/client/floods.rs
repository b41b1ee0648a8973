//! Servers that set cookies, or redirect, without end.

use xenon::client::redirect::Policy;
use xenon::error::Code;
use xenon::limits::{COOKIE_FIELD_LENGTH, COOKIES_OF_DOMAIN, REDIRECTS_LENGTH};

use crate::server::response;
use crate::support::*;

#[test]
fn ten_thousand_cookies_in_a_response_are_too_large_a_head() {
    let (net, client, _) = two(|_| {
        let lines: Vec<_> = (0..10_000).map(|number| format!("Set-Cookie: c{number}=x")).collect();
        response("200 OK", &lines.iter().map(String::as_str).collect::<Vec<_>>(), "")
    });
    let jar = jar(&client);
    assert_eq!(failure(get(&net, &client, "http://a.test/")).1, Code::ResponseHeadTooLarge);
    assert_eq!(jar.borrow().len(), 0);
}

#[test]
fn ten_thousand_cookies_in_two_hundred_responses_leave_fifty() {
    let mut count = 0;
    let (net, client, [a, _]) = two(move |_| {
        let lines: Vec<_> =
            (0..50).map(|number| format!("Set-Cookie: c{}={}", count + number, "x".repeat(300))).collect();
        count += 50;
        response("200 OK", &lines.iter().map(String::as_str).collect::<Vec<_>>(), "")
    });
    let jar = jar(&client);
    for _ in 0..200 {
        get(&net, &client, "http://a.test/").unwrap();
        client.take_events();
    }
    assert_eq!(jar.borrow().len(), COOKIES_OF_DOMAIN);
    let longest = values(&a, "Cookie").into_iter().flatten().map(|value| value.len()).max().unwrap();
    assert!((10_000..=COOKIE_FIELD_LENGTH).contains(&longest), "{longest}");
}

#[test]
fn a_way_without_end_is_remembered_in_part() {
    let long = "x".repeat(2000);
    let mut left = 1000;
    let (net, client, _) = two(move |_| {
        left -= 1;
        if left == 0 { ok("end") } else { redirect(302, &format!("/{long}/{left}")) }
    });
    client.set_redirects(Some(Policy { limit: None, ..Policy::default() }));
    let response = open(&net, &client.request("GET", "http://a.test/"));
    let redirects = response.redirects();
    let length: usize = redirects.iter().map(|one| one.url.len() + one.location.len()).sum();
    assert!(length <= REDIRECTS_LENGTH && redirects.len() > 50, "{length} {}", redirects.len());
    assert_eq!(redirects.last().unwrap().location, response.url());
}

#[test]
fn cookies_that_do_not_fit_are_left_out_and_told() {
    let (net, client, [a, _]) = two(|_| {
        let lines: Vec<_> = (0..10).map(|number| format!("Set-Cookie: c{number}={}", "x".repeat(3000))).collect();
        response("200 OK", &lines.iter().map(String::as_str).collect::<Vec<_>>(), "")
    });
    jar(&client);
    get(&net, &client, "http://a.test/").unwrap();
    client.take_events();
    let mut request = client.request("GET", "http://a.test/");
    request.add_field("Cookie", format!("own={}", "y".repeat(6000)).into_bytes()).unwrap();
    send(&net, &request).unwrap();
    let sent = values(&a, "Cookie")[1].clone().unwrap();
    assert!(
        sent.ends_with("yyy") && sent.len() <= COOKIE_FIELD_LENGTH && sent.matches("xx=").count() == 0,
        "{}",
        sent.len()
    );
    let told = client.take_events().into_iter().find_map(|event| match event.what {
        xenon::session::events::Kind::Cookie { name, refused: Some(why) } if name.is_empty() => Some(why),
        _ => None,
    });
    assert!(told.unwrap().contains("left out"));
}
