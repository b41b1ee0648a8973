//! `-L` and what belongs to it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use xenon_harness::nginx::Nginx;
use xenon_harness::peer::{Gate, Peer, Script};

use crate::support::*;

/// A redirect with this status to this location, on a connection that is kept.
fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 6\r\n\r\nmoved\n")
}

/// Whether the head has this line.
fn has(head: &str, line: &str) -> bool {
    head.lines().any(|found| found.eq_ignore_ascii_case(line))
}

#[test]
fn without_the_option_a_redirect_is_the_response() {
    let folder = Folder::new("unfollowed");
    let peer = Peer::start([Script::new().expect_head_with(&["GET /a HTTP/1.1"]).send(redirect(302, "b?c#d"))]);
    let output = folder.xenon(&["-w", "|%{redirect_url} %{num_redirects}", &url(&peer)]);
    assert_written(&output, format!("moved\n|http://{}/b?c#d 0", peer.authority()).as_bytes());
    peer.finish();
}

#[test]
fn a_redirect_is_followed_on_the_same_connection() {
    let folder = Folder::new("followed");
    let script = Script::new().expect_head_with(&["GET /a HTTP/1.1"]).send(redirect(301, "/b"));
    let peer = Peer::start([script.expect_head_with(&["GET /b HTTP/1.1"]).send(OK)]);
    let format = "|%{http_code} %{num_redirects} %{num_connects} %{url_effective} [%{redirect_url}]";
    let output = folder.xenon(&["-L", "-w", format, &url(&peer)]);
    assert_written(&output, format!("ok|200 1 1 http://{}/b []", peer.authority()).as_bytes());
    peer.finish();
}

#[test]
fn the_content_of_a_redirect_is_waited_for() {
    let folder = Folder::new("apart");
    let head = "HTTP/1.1 302 Go\r\nLocation: /b\r\nContent-Length: 5\r\n\r\n";
    let script = Script::new().expect_head_with(&["GET /a HTTP/1.1"]).send(head);
    let script = script.send_byte_by_byte_slowly("moved", Duration::from_millis(20));
    let peer = Peer::start([script.expect_head_with(&["GET /b HTTP/1.1"]).send(OK)]);
    assert_written(&folder.xenon(&["-L", "-w", "|%{num_connects}", &url(&peer)]), b"ok|1");
    peer.finish();
}

/// And not for as long as the server likes.
#[test]
fn content_of_a_redirect_that_is_long_or_does_not_come_costs_its_connection() {
    let folder = Folder::new("left");
    let endless = "HTTP/1.1 302 Go\r\nLocation: /b\r\nTransfer-Encoding: chunked\r\n\r\n";
    let announced = |length: u64| format!("HTTP/1.1 302 Go\r\nLocation: /b\r\nContent-Length: {length}\r\n\r\n");
    let begin = || Script::new().expect_head_with(&["GET /a HTTP/1.1"]);
    for script in [
        begin().send(announced(1)).stall(),
        begin().send(announced(70_000)).stall(),
        begin().send(endless).send_until_closed(format!("400\r\n{}\r\n", "x".repeat(1024))),
    ] {
        let peer = Peer::start([script, Script::new().expect_head_with(&["GET /b HTTP/1.1"]).send(OK)]);
        assert_written(&folder.xenon(&["-L", "-w", "|%{num_connects}", &url(&peer)]), b"ok|2");
        peer.finish();
    }
}

#[test]
fn all_heads_are_shown() {
    let folder = Folder::new("heads");
    let script = Script::new().expect_head(|_| Ok(())).send(redirect(302, "/b"));
    let peer = Peer::start([script.expect_head(|_| Ok(())).send(OK)]);
    let output = folder.xenon(&["-L", "-i", &url(&peer)]);
    let heads =
        "HTTP/1.1 302 Go\r\nLocation: /b\r\nContent-Length: 6\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    assert_written(&output, heads.as_bytes());
    peer.finish();

    // In a file, too, which is opened once.
    let script = Script::new().expect_head(|_| Ok(())).send(redirect(302, "/b"));
    let peer = Peer::start([script.expect_head(|_| Ok(())).send(OK)]);
    assert_written(&folder.xenon(&["-L", "-i", "-o", "file", &url(&peer)]), b"");
    assert_eq!(std::fs::read_to_string(folder.0.join("file")).unwrap(), heads);
    peer.finish();
}

#[test]
fn methods_change_as_the_status_says() {
    let folder = Folder::new("methods");
    for (options, status, line) in [
        (&["-d", "x=y"][..], 301, "GET /b HTTP/1.1"),
        (&["-d", "x=y"], 302, "GET /b HTTP/1.1"),
        (&["-d", "x=y"], 303, "GET /b HTTP/1.1"),
        (&["-d", "x=y", "--post301"], 301, "POST /b HTTP/1.1"),
        (&["-d", "x=y", "--post302"], 302, "POST /b HTTP/1.1"),
        (&["-d", "x=y", "--post303"], 303, "POST /b HTTP/1.1"),
        (&["-d", "x=y"], 307, "POST /b HTTP/1.1"),
        (&["-d", "x=y"], 308, "POST /b HTTP/1.1"),
        (&["-I"], 303, "HEAD /b HTTP/1.1"),
        (&["-X", "PATCH"], 302, "PATCH /b HTTP/1.1"),
        (&["-X", "PATCH"], 303, "GET /b HTTP/1.1"),
    ] {
        let is_post = line.starts_with("POST");
        let follows = move |head: &str| match has(head, line) && has(head, "content-length: 3") == is_post {
            true => Ok(()),
            false => Err(format!("expected {line:?}")),
        };
        let sent = if options[0] == "-d" { 3 } else { 0 };
        let script = Script::new().expect_head(|_| Ok(())).read(sent);
        let location =
            "HTTP/1.1 STATUS Go\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n".replace("STATUS", &status.to_string());
        let answer = if options[0] == "-I" { "HTTP/1.1 200 OK\r\n\r\n" } else { OK };
        let script = script.send(location).expect_head(follows).read(if is_post { 3 } else { 0 });
        let peer = Peer::start([script.send(answer)]);
        let output = folder.xenon(&[&["-L"], options, &[&url(&peer)]].concat());
        assert_eq!(output.status.code(), Some(0), "{options:?} {status}: {}", text(&output.stderr));
        peer.finish();
    }
}

#[test]
fn what_belongs_to_an_origin_does_not_go_along_to_another() {
    let folder = Folder::new("origins");
    let secrets = ["authorization:", "cookie:"];
    let fields = ["-u", "a:b", "-b", "c=d", "-H", "X-Key: e", "-H", "Cookie: f=g"];
    for (option, is_trusted) in [("-L", false), ("--location-trusted", true)] {
        let other = Peer::start([Script::new()
            .expect_head(move |head| {
                let told = secrets.iter().all(|name| head.to_lowercase().contains(name));
                let none = secrets.iter().all(|name| !head.to_lowercase().contains(name));
                match (if is_trusted { told } else { none }) && has(head, "x-key: e") {
                    true => Ok(()),
                    false => Err("other fields were expected".into()),
                }
            })
            .send(OK)]);
        let first = Script::new().expect_head(move |head| {
            let has_all = secrets.iter().all(|name| head.to_lowercase().contains(name));
            if has_all { Ok(()) } else { Err("the fields of the first origin are missing".into()) }
        });
        let peer = Peer::start([first.send(redirect(307, &format!("http://{}/b", other.authority())))]);
        let output = folder.xenon(&[&[option], &fields[..], &[&url(&peer)]].concat());
        assert_written(&output, b"ok");
        peer.finish();
        other.finish();
    }
}

#[test]
fn back_at_the_first_origin_there_are_credentials_again() {
    let folder = Folder::new("back");
    let basic = "Authorization: Basic YTpi";
    let back = "HTTP/1.1 302 Back\r\nLocation: http://first/back\r\nContent-Length: 0\r\n\r\n";
    let is_unknown = move |head: &str| if has(head, basic) { Err("credentials".to_owned()) } else { Ok(()) };
    let other = Peer::start([Script::new().expect_head(is_unknown).send(back)]);
    let away = redirect(302, &format!("http://{}/b", other.authority()));
    let script = Script::new().expect_head_with(&["GET /a HTTP/1.1", basic]).send(away);
    let peer = Peer::start([script.expect_head_with(&["GET /back HTTP/1.1", basic]).send(OK)]);
    let connect_to = format!("first:80:{}", peer.authority());
    let output = folder.xenon(&["-L", "-u", "a:b", "--connect-to", &connect_to, "http://first/a"]);
    assert_written(&output, b"ok");
    peer.finish();
    other.finish();
}

#[test]
fn the_referer_follows_the_redirects_where_that_is_asked_for() {
    let folder = Folder::new("referer");
    for (option, first) in [(";auto", None), ("http://r.test/;auto", Some("Referer: http://r.test/"))] {
        let begins = move |head: &str| match head.lines().find(|line| line.starts_with("Referer:")) == first {
            true => Ok(()),
            false => Err(format!("expected {first:?}")),
        };
        let leads = |head: &str, to: &str| match head.contains(&format!("Referer: http://first{to}\r\n")) {
            true => Ok(()),
            false => Err(format!("expected {to}")),
        };
        let script = Script::new().expect_head(begins).send(redirect(302, "/b"));
        let script = script.expect_head(move |head| leads(head, "/a")).send(redirect(302, "/c"));
        let peer = Peer::start([script.expect_head(move |head| leads(head, "/b")).send(OK)]);
        let connect_to = format!("first:80:{}", peer.authority());
        let output = folder.xenon(&["-L", "-e", option, "--connect-to", &connect_to, "http://first/a"]);
        assert_written(&output, b"ok");
        peer.finish();
    }
}

#[test]
fn a_referer_that_is_left_out_follows_no_redirect() {
    let folder = Folder::new("no-referer");
    let has_none = |head: &str| if head.contains("Referer:") { Err("a referer".to_owned()) } else { Ok(()) };
    let script = Script::new().expect_head(has_none).send(redirect(302, "/b"));
    let peer = Peer::start([script.expect_head(has_none).send(OK)]);
    assert_written(&folder.xenon(&["-L", "-e", "http://r.test/;auto", "-H", "Referer:", &url(&peer)]), b"ok");
    peer.finish();
}

#[test]
fn the_number_of_redirects_is_limited() {
    let folder = Folder::new("limited");
    let again = |count: usize| {
        (0..count).fold(Script::new(), |script, _| script.expect_head(|_| Ok(())).send(redirect(302, "/a")))
    };
    let peer = Peer::start([again(4)]);
    assert_refused(&folder.xenon(&["-sSL", "--max-redirs", "3", &url(&peer)]), 47);
    peer.finish();
    let peer = Peer::start([again(1)]);
    assert_refused(&folder.xenon(&["-L", "--max-redirs", "0", &url(&peer)]), 47);
    peer.finish();
    let peer = Peer::start([again(51)]);
    assert_refused(&folder.xenon(&["-L", &url(&peer)]), 47);
    peer.finish();
    let peer = Peer::start([again(60).expect_head(|_| Ok(())).send(OK)]);
    assert_written(&folder.xenon(&["-L", "--max-redirs", "-1", &url(&peer)]), b"ok");
    peer.finish();
}

/// A server that takes its time for each redirect could otherwise keep the command for as long as it likes.
#[test]
fn the_time_of_all_requests_together_is_limited() {
    const MOST: usize = 200;
    let folder = Folder::new("time");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/a", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        for number in 0..MOST {
            // A head, up to its empty line.
            if !lines.by_ref().any(|line| line.is_ok_and(|line| line.is_empty())) {
                return number;
            }
            thread::sleep(Duration::from_millis(50));
            let _ = stream.write_all(redirect(302, "/a").as_bytes());
        }
        MOST
    });
    assert_refused(&folder.xenon(&["-L", "--max-redirs", "-1", "-m", "1", &address]), 28);
    let answered = server.join().unwrap();
    assert!(answered < MOST, "{answered}");
}

/// A server with many names could otherwise have as many connections as it likes.
#[test]
fn of_very_many_origins_the_least_recently_used_are_closed() {
    const KEPT: usize = 64;
    let folder = Folder::new("many-origins");
    let is_closed = Gate::new();
    let scripts = (0..KEPT + 2).map(|number| {
        let script = Script::new().expect_head(|_| Ok(()));
        let script = if number == KEPT + 1 {
            script.wait(&is_closed).send(OK)
        } else {
            script.send(redirect(302, &format!("http://h{number}/")))
        };
        // The first is the user's own, who may want it again.
        if number == 1 { script.stall().open(&is_closed) } else { script }
    });
    let peer = Peer::start(scripts.collect::<Vec<_>>());
    let connect_to = format!("::{}", peer.authority());
    let output = folder.xenon(&["-L", "--max-redirs", "-1", "--connect-to", &connect_to, "http://first/"]);
    assert_written(&output, b"ok");
    peer.finish();
}

#[test]
fn where_a_redirect_cannot_lead_is_told() {
    let folder = Folder::new("refused");
    let two = "HTTP/1.1 302 Go\r\nLocation: /b\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n".to_owned();
    for (response, code) in [
        (redirect(302, "ftp://127.0.0.1/"), 1),
        (redirect(302, "file:///etc/passwd"), 1),
        (redirect(302, "http://a b/"), 3),
        (two, 8),
    ] {
        let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(response)]);
        assert_refused(&folder.xenon(&["-L", &url(&peer)]), code);
        peer.finish();
    }
}

#[test]
fn a_file_is_sent_again_and_a_pipe_cannot_be() {
    let folder = Folder::new("again");
    let content = "x".repeat(200_000);
    std::fs::write(folder.0.join("file"), &content).unwrap();
    let length = content.len() as u64;
    let script = Script::new().expect_head_with(&["PUT /a HTTP/1.1"]).read(length).send(redirect(307, "/b"));
    let peer = Peer::start([script.expect_head_with(&["PUT /b HTTP/1.1"]).read(length).send(OK)]);
    assert_written(&folder.xenon(&["-L", "-T", "file", &url(&peer)]), b"ok");
    peer.finish();

    let from_pipe = |peer: &Peer| {
        let mut command = folder.command(&["-L", "-T", "-", &url(peer)]);
        command.stdin(std::fs::File::open(folder.0.join("file")).unwrap());
        command.output().unwrap()
    };
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).read_chunked().send(redirect(307, "/b"))]);
    assert_refused(&from_pipe(&peer), 65);
    peer.finish();
    let script = Script::new().expect_head(|_| Ok(())).read_chunked().send(redirect(303, "/b"));
    let peer = Peer::start([script.expect_head_with(&["GET /b HTTP/1.1"]).send(OK)]);
    assert_written(&from_pipe(&peer), b"ok");
    peer.finish();
}

#[test]
fn chunked_content_is_sent_again() {
    let folder = Folder::new("chunked");
    let script = Script::new().expect_head_with(&["POST /a HTTP/1.1"]).read_chunked().send(redirect(307, "/b"));
    let peer = Peer::start([script.expect_head_with(&["POST /b HTTP/1.1"]).read_chunked().send(OK)]);
    assert_written(&folder.xenon(&["-L", "-d", "abc", "-H", "Transfer-Encoding: chunked", &url(&peer)]), b"ok");
    assert_eq!(peer.finish()[0].content, b"abcabc");
}

/// Where redirects have led, and not to the first URL's target on the other origin.
#[test]
fn a_login_after_a_redirect_sends_the_file_again_to_where_it_led() {
    let folder = Folder::new("led");
    std::fs::write(folder.0.join("file"), "content").unwrap();
    let challenge = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n";
    let asks = |script: Script| script.expect_head_with(&["PUT /b HTTP/1.1"]).read(7).send(challenge);
    let answered = |script: Script| {
        script.expect_head_with(&["PUT /b HTTP/1.1", "Authorization: Basic YTpi"]).expect("content").send(OK)
    };
    let other = Peer::start([asks(Script::new()), answered(Script::new())]);
    let away = redirect(307, &format!("http://{}/b", other.authority()));
    let peer = Peer::start([Script::new().expect_head_with(&["PUT /a HTTP/1.1"]).read(7).send(away)]);
    let options = ["--location-trusted", "--anyauth", "-u", "a:b", "-T", "file", "-w", "|%{num_redirects}"];
    assert_written(&folder.xenon(&[&options[..], &[&url(&peer)]].concat()), b"ok|1");
    peer.finish();
    other.finish();
}

/// The session that a redirect has opened is that of a URL, too, if there are no credentials to keep from it.
#[test]
fn a_url_uses_the_connection_to_which_a_redirect_led() {
    let folder = Folder::new("shared");
    let script = Script::new().expect_head_with(&["GET /b HTTP/1.1"]).send(OK);
    let other = Peer::start([script.expect_head_with(&["GET /a HTTP/1.1"]).send(OK)]);
    let away = redirect(302, &format!("http://{}/b", other.authority()));
    let peer = Peer::start([Script::new().expect_head(|_| Ok(())).send(away)]);
    let output = folder.xenon(&["-L", "-w", "|%{num_connects} ", &url(&peer), &url(&other)]);
    assert_written(&output, b"ok|2 ok|0 ");
    peer.finish();
    other.finish();
}

#[test]
fn the_url_as_given_is_told_beside_the_last() {
    let folder = Folder::new("given");
    let script = Script::new().expect_head(|_| Ok(())).send(redirect(302, "/b"));
    let peer = Peer::start([script.expect_head(|_| Ok(())).send(OK)]);
    let given = format!("{}/a", peer.authority());
    let output = folder.xenon(&["-L", "-w", "|%{url} %{url_effective}", &given]);
    assert_written(&output, format!("ok|{given} http://{}/b", peer.authority()).as_bytes());
    peer.finish();
}

#[test]
fn nginx_leads_to_its_page_and_the_events_tell_it() {
    let folder = Folder::new("nginx");
    let Some(nginx) = Nginx::start(&[]) else { return };
    let address = format!("http://127.0.0.1:{}/login", nginx.port());
    let output = folder.xenon(&["-vL", "-b", "", &address]);
    assert_written(&output, b"name=value");
    let told = text(&output.stderr);
    for line in [
        "> GET /login HTTP/1.1",
        "< HTTP/1.1 302",
        "* Stored the cookie \"name\"",
        "* Issue another request to this URL: '",
        "> GET /cookies?way=login HTTP/1.1",
    ] {
        assert!(told.lines().any(|told| told.starts_with(line)), "{line}: {told}");
    }
}
