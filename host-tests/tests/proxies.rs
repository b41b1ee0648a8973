//! The command through real proxies, to real origins: every scheme, with and without credentials, and who sees what.
//!
//! The origin's name is one that only the proxies know, so what gets there has left the lookup to them.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use xenon_harness::access::{self, Access, User};
use xenon_harness::apache::{Apache, Area, CONTENT};
use xenon_harness::names::ORIGIN;
use xenon_harness::nginx::{self, Nginx, Tls};
use xenon_harness::peer::refusing_port;
use xenon_harness::socks::Socks;
use xenon_harness::squid::{Squid, Terms};
use xenon_harness::tinyproxy::Tinyproxy;

#[path = "tls/certificates.rs"]
#[expect(dead_code, reason = "there is more in it than is used here")]
mod certificates;

use certificates::{Authority, Issued, Kind, NAMES};

/// Whom the proxies let in.
const USER: User<'_> = User { realm: "a proxy", name: "proxyuser", password: "sesame" };
const KNOWN: Option<(&str, &str)> = Some((USER.name, USER.password));

/// `proxyuser:sesame`, and nginx's own user, as Basic has them.
const PROXY_USER: &str = "cHJveHl1c2VyOnNlc2FtZQ==";
const ORIGIN_USER: &str = "dXNlcjpwYXNzIHdvcmQ=";

/// An origin with TLS and without, and a folder with the authorities that the command is to trust.
struct Stage {
    nginx: Nginx,
    proxy: Issued,
    folder: PathBuf,
}

impl Stage {
    fn new(test: &str) -> Option<Stage> {
        let (of_origin, of_proxy) = (Authority::new("the origin's"), Authority::new("the proxy's"));
        let issued = of_origin.issue_with(Kind::P256, &[ORIGIN, NAMES[0], NAMES[1]], |_| {});
        let tls = Tls { chain: &issued.certificate, key: &issued.key, directives: "", authorities: "" };
        let nginx = Nginx::start_tls(&[("/small", 30), ("/basic/small", 30)], &tls)?;
        let folder = std::env::temp_dir().join(format!("xenon-proxies-{}-{test}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("origin.pem"), &of_origin.pem).unwrap();
        fs::write(folder.join("proxy.pem"), &of_proxy.pem).unwrap();
        Some(Stage { nginx, proxy: of_proxy.issue(Kind::P256), folder })
    }

    /// Runs the command with these arguments, a space between each; `HTTP` and `HTTPS` stand for the origin under the name
    /// that the proxies know. No secret is told.
    fn xenon(&self, arguments: &str) -> Output {
        let arguments = arguments
            .replace("HTTPS", &format!("https://{ORIGIN}:{}", self.nginx.tls_port()))
            .replace("HTTP", &format!("http://{ORIGIN}:{}", self.nginx.port()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_xenon"));
        command.args(["--cacert", "origin.pem"]).args(arguments.split(' '));
        let output = command.current_dir(&self.folder).env_clear().stdin(Stdio::null()).output().unwrap();
        let written = text(&output.stdout) + &text(&output.stderr);
        for secret in [USER.password, PROXY_USER, ORIGIN_USER, "wrong"] {
            assert!(!written.contains(secret), "{secret} is told: {written}");
        }
        output
    }

    /// Through what these arguments say, both origins are reached; each on one connection, if the proxy keeps one that it
    /// forwards on.
    #[track_caller]
    fn assert_reaches(&self, arguments: &str, is_kept: bool) {
        let before = self.nginx.served().len();
        for (url, told) in [("HTTP", if is_kept { KEPT } else { CLOSED }), ("HTTPS", KEPT)] {
            let format = "%{http_code},%{num_connects},";
            let output = self.xenon(&format!("{arguments} --repeat 3 -o got -w {format} {url}/small"));
            let words = text(&output.stderr);
            assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), told), "{arguments}: {words}");
            let got = fs::read(self.folder.join("got")).unwrap();
            assert_eq!(got, nginx::content(30).collect::<Vec<u8>>(), "{arguments}");
        }
        let served = self.nginx.served();
        assert_eq!(served.len() - before, 6, "{arguments}");
        assert!(served[before..].iter().all(|one| one.proxy_authorization.is_empty() && one.authorization.is_empty()));
    }

    /// Where the origins are, for who calls the host so.
    fn authorities(&self, host: &str) -> [String; 2] {
        [self.nginx.port(), self.nginx.tls_port()].map(|port| format!("{host}:{port}"))
    }
}

/// Status and new connections of three requests.
const KEPT: &str = "200,1,200,0,200,0,";
const CLOSED: &str = "200,1,200,1,200,1,";

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The value of a parameter of credentials.
fn parameter<'a>(credentials: &'a str, name: &str) -> &'a str {
    access::parameter(credentials, name).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn assert_refused(output: &Output, code: i32) {
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{line}");
    assert!(line.starts_with(&format!("xenon: ({code}) ")) && line.lines().count() == 1, "{line}");
}

#[test]
fn squid_is_gone_through_with_tls_and_without() {
    let Some(stage) = Stage::new("squid") else { return };
    let tls = Some((&*stage.proxy.certificate, &*stage.proxy.key));
    let Some(squid) = Squid::start(&Terms { tls, ..Terms::default() }) else { return };
    let (plain, secured) = (squid.port(), squid.tls_port());
    let secured = format!("--proxy-cacert proxy.pem -x https://127.0.0.1:{secured}");
    for (proxy, told) in [
        (format!("-x 127.0.0.1:{plain}"), &["GET", "GET", "GET", "CONNECT"][..]),
        (format!("-p -x http://127.0.0.1:{plain}"), &["CONNECT", "CONNECT"]),
        (secured.clone(), &["GET", "GET", "GET", "CONNECT"]),
        (format!("-p {secured}"), &["CONNECT", "CONNECT"]),
    ] {
        let before = squid.seen().len();
        stage.assert_reaches(&proxy, true);
        let seen = squid.seen();
        let methods: Vec<&str> = seen[before..].iter().map(|seen| seen.method.as_str()).collect();
        assert_eq!(methods, told, "{proxy}");
        for one in &seen[before..] {
            assert_eq!(one.status, 200);
            assert_eq!(
                one.connection == seen[before].connection,
                one.method == "GET" || one == &seen[before],
                "{proxy}"
            );
            let is_tls = one.target == format!("{ORIGIN}:{}", stage.nginx.tls_port());
            let is_plain = one.target.contains(&format!("{ORIGIN}:{}", stage.nginx.port()));
            assert!(is_tls || is_plain, "{}", one.target);
            assert!(!one.fields.contains("uthorization"), "{}", one.fields);
        }
    }
    // The origin's authority is no authority for the proxy.
    let origins = secured.replace("proxy.pem", "origin.pem");
    assert_refused(&stage.xenon(&format!("{origins} HTTPS/small")), 60);
}

#[test]
fn squid_lets_its_user_in() {
    let Some(stage) = Stage::new("squid-user") else { return };
    let tls = Some((&*stage.proxy.certificate, &*stage.proxy.key));
    for (access, scheme) in [(Access::Basic(USER), "Basic "), (Access::Digest(USER), "Digest ")] {
        let Some(squid) = Squid::start(&Terms { access, tls, ..Terms::default() }) else { return };
        let user = format!("{}:{}", USER.name, USER.password);
        let plain = format!("127.0.0.1:{}", squid.port());
        let secured = format!("--proxy-cacert proxy.pem -x https://{user}@127.0.0.1:{}", squid.tls_port());
        let mut count = 0;
        for proxy in [
            format!("--proxy-anyauth -U {user} -x {plain}"),
            format!("--proxy-anyauth -U {user} -p -x {plain}"),
            format!("--proxy-anyauth {secured}"),
            format!("--proxy-anyauth -p {secured}"),
        ] {
            stage.assert_reaches(&proxy, true);
            let seen = squid.seen();
            for one in &seen[count..] {
                let sent = one.field("Proxy-Authorization");
                assert_eq!(one.status, if sent.is_some() { 200 } else { 407 }, "{proxy}");
                assert!(sent.is_none_or(|value| value.starts_with(scheme)), "{proxy}");
            }
            // Each of the two origins has a session of its own, which asks once.
            assert_eq!(seen[count..].iter().filter(|one| one.status == 407).count(), 2, "{proxy}");
            count = seen.len();
        }

        // Without the user, or with a wrong password; a 407 to a request is a response, one to CONNECT is none.
        for user in ["", "-U proxyuser:wrong "] {
            assert_refused(&stage.xenon(&format!("-f {user}-x {plain} HTTP/small")), 67);
            assert_refused(&stage.xenon(&format!("-f {user}-x {plain} HTTPS/small")), 56);
        }
    }
}

#[test]
fn credentials_go_to_whom_they_are_for() {
    let Some(stage) = Stage::new("both") else { return };
    let Some(squid) = Squid::start(&Terms { access: Access::Basic(USER), ..Terms::default() }) else { return };
    let proxy = format!("-U proxyuser:sesame -x 127.0.0.1:{}", squid.port());
    let user = format!("user:{}", nginx::USER.password.replace(' ', "%20"));
    for (tunnel, scheme, port) in [("-p ", "http", stage.nginx.port()), ("", "https", stage.nginx.tls_port())] {
        let url = format!("{scheme}://{user}@{ORIGIN}:{port}/basic/small");
        let output = stage.xenon(&format!("{tunnel}{proxy} -o got -w %{{http_code}},%{{http_connect}} {url}"));
        assert_eq!(text(&output.stdout), "200,200", "{}", text(&output.stderr));
        let seen = squid.seen();
        let last = seen.last().unwrap();
        assert_eq!(last.method, "CONNECT");
        assert_eq!(last.field("Proxy-Authorization"), Some(format!("Basic {PROXY_USER}").as_str()));
        assert_eq!(last.field("Authorization"), None);
        let served = stage.nginx.served();
        let last = served.last().unwrap();
        assert_eq!(last.authorization, format!("Basic {ORIGIN_USER}"));
        assert_eq!(last.proxy_authorization, "");
    }
    assert!(!squid.log().contains(ORIGIN_USER.trim_end_matches('=')));
    // What is forwarded the proxy reads; what was for it, it keeps.
    let url = format!("http://{user}@{ORIGIN}:{}/basic/small", stage.nginx.port());
    assert_eq!(stage.xenon(&format!("{proxy} -o got {url}")).status.code(), Some(0));
    let served = stage.nginx.served();
    let last = served.last().unwrap();
    assert_eq!(
        (last.authorization.as_str(), last.proxy_authorization.as_str()),
        (&*format!("Basic {ORIGIN_USER}"), "")
    );
}

/// What is streamed cannot be sent twice, and a nonce may be stale, so the proxy is asked first each time.
#[test]
fn streamed_content_passes_a_challenging_proxy() {
    let Some(stage) = Stage::new("streamed") else { return };
    let Some(squid) = Squid::start(&Terms { access: Access::Digest(USER), ..Terms::default() }) else { return };
    fs::write(stage.folder.join("content"), "x".repeat(100_000)).unwrap();
    let proxy = format!("--proxy-anyauth -U proxyuser:sesame -x 127.0.0.1:{}", squid.port());
    let output = stage.xenon(&format!("{proxy} -T content --repeat 2 -w %{{http_code}},%{{size_upload}}, HTTP/sink"));
    let told = text(&output.stdout);
    assert_eq!(
        (output.status.code(), told.as_str()),
        (Some(0), "sunk200,100000,sunk200,100000,"),
        "{}",
        text(&output.stderr)
    );
    let statuses: Vec<u16> = squid.seen().iter().map(|one| one.status).collect();
    assert_eq!(statuses, [407, 200, 200]);
    assert!(stage.nginx.served().iter().all(|one| one.request_line == "PUT /sink HTTP/1.1"));
}

/// Two counts at once: the proxy's and the origin's.
#[test]
fn digest_is_spoken_with_both_at_once() {
    let Some(stage) = Stage::new("digest") else { return };
    let user = User { realm: "an origin", name: "user", password: "sesame" };
    let strict = Area { path: "/digest", access: Access::Digest(user), directives: "AuthDigestNcCheck On" };
    let Some(apache) = Apache::start(&[strict]) else { return };
    let directives = "auth_param digest nonce_strictness on\nauth_param digest nonce_max_count 7\n";
    let Some(squid) = Squid::start(&Terms { access: Access::Digest(USER), directives, ..Terms::default() }) else {
        return;
    };
    let url = format!("http://{ORIGIN}:{}/digest/x", apache.port());
    let proxy = format!("--proxy-anyauth -U proxyuser:sesame -x 127.0.0.1:{}", squid.port());
    let output = stage.xenon(&format!("{proxy} -u user:sesame --digest --repeat 20 {url}"));
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), CONTENT.repeat(20)), "{}", text(&output.stderr));
    let served = apache.served();
    let counts: Vec<&str> =
        served.iter().filter(|one| one.status == 200).filter_map(|one| one.parameter("nc")).collect();
    assert_eq!(served.iter().filter(|one| one.status == 401).count(), 1);
    assert_eq!(counts.len(), 20);
    assert!(counts.is_sorted() && counts.windows(2).all(|two| two[0] != two[1]), "{counts:?}");
    let seen = squid.seen();
    let statuses: Vec<u16> = seen.iter().map(|one| one.status).collect();
    assert_eq!(statuses, [&[407, 401][..], &[200; 20]].concat());
    // squid gives out the next nonce before one is used up.
    let sent = seen[1..].iter().map(|one| one.field("Proxy-Authorization").unwrap());
    let counted: Vec<(&str, &str)> = sent.map(|sent| (parameter(sent, "nonce"), parameter(sent, "nc"))).collect();
    let (mut last, mut expected, mut nonces) = ("", 1_u32, 0);
    for (nonce, count) in counted {
        (expected, nonces) = if nonce == last { (expected + 1, nonces) } else { (1, nonces + 1) };
        assert_eq!(count, format!("{expected:08x}"));
        last = nonce;
    }
    assert!(nonces > 2, "{nonces}");
    assert!(seen.iter().all(|one| one.connection == seen[0].connection));
}

#[test]
fn tinyproxy_is_gone_through() {
    let Some(stage) = Stage::new("tinyproxy") else { return };
    for user in [None, KNOWN] {
        let Some(tinyproxy) = Tinyproxy::start(user) else { return };
        let place = format!("127.0.0.1:{}", tinyproxy.port());
        let user = if user.is_some() { "-U proxyuser:sesame " } else { "" };
        stage.assert_reaches(&format!("{user}-p -x {place}"), true);
        assert_eq!(tinyproxy.seen().len(), 2);
        stage.assert_reaches(&format!("{user}-x {place}"), false);
        assert!(tinyproxy.seen().iter().all(|line| line.contains(ORIGIN)));
        if !user.is_empty() {
            assert_refused(&stage.xenon(&format!("-f -x {place} HTTP/small")), 67);
            assert_refused(&stage.xenon(&format!("-f -x {place} HTTPS/small")), 56);
            assert_refused(&stage.xenon(&format!("-f -U proxyuser:wrong -x {place} HTTPS/small")), 56);
        }
    }
}

#[test]
fn socks_proxies_are_gone_through() {
    let Some(stage) = Stage::new("socks") else { return };
    let known = "-U proxyuser:sesame ";
    let [names, addresses] = [ORIGIN, "127.0.0.1"].map(|host| stage.authorities(host));
    // A proxy that is told addresses has names looked up here.
    let resolve = names.clone().map(|name| format!("--resolve {name}:127.0.0.1 ")).concat();
    for (socks, schemes, user, logs_names) in [
        (Socks::microsocks(None), &["socks5", "socks5h"][..], "", true),
        (Socks::microsocks(KNOWN), &["socks5", "socks5h"], known, true),
        (Socks::dante(), &["socks4", "socks5", "socks5h"], "", false),
        (Socks::v2ray(None), &["socks4", "socks4a", "socks5", "socks5h"], "", true),
        (Socks::v2ray(KNOWN), &["socks5", "socks5h"], known, true),
    ] {
        let Some(socks) = socks else { return };
        let mut expected = Vec::new();
        for scheme in schemes {
            let is_by_name = scheme.ends_with(['a', 'h']);
            let resolve = if is_by_name { "" } else { &resolve };
            stage.assert_reaches(&format!("{resolve}{user}-x {scheme}://127.0.0.1:{}", socks.port()), true);
            expected.extend(if is_by_name && logs_names { names.clone() } else { addresses.clone() });
        }
        assert_eq!(socks.asked(expected.len()), expected);
        assert!(!socks.log().contains(USER.password));
        if !user.is_empty() {
            for user in ["", "-U proxyuser:wrong "] {
                let proxy = format!("{user}-x socks5h://127.0.0.1:{}", socks.port());
                assert_refused(&stage.xenon(&format!("{proxy} HTTP/small")), 97);
            }
        }
    }
}

#[test]
fn a_proxy_that_cannot_get_there_says_so() {
    let Some(stage) = Stage::new("refusals") else { return };
    let refusing = refusing_port();
    if let Some(squid) = Squid::start(&Terms::default()) {
        let proxy = format!("-x 127.0.0.1:{}", squid.port());
        let output = stage.xenon(&format!("{proxy} -o got -w %{{http_code}} http://{ORIGIN}:{refusing}/"));
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "503".to_owned()));
        assert_refused(&stage.xenon(&format!("{proxy} https://{ORIGIN}:{refusing}/")), 56);
    }
    if let Some(socks) = Socks::microsocks(None) {
        let proxy = format!("-x socks5h://127.0.0.1:{}", socks.port());
        assert_refused(&stage.xenon(&format!("{proxy} http://{ORIGIN}:{refusing}/")), 97);
    }
    assert_refused(&stage.xenon(&format!("-x 127.0.0.1:{refusing} HTTP/small")), 7);
    // The name is nobody's but the proxies', and an exempt host is asked without one.
    assert_refused(&stage.xenon("HTTP/small"), 6);
    let direct = format!("http://127.0.0.1:{}/small", stage.nginx.port());
    let output = stage.xenon(&format!("-x 127.0.0.1:{refusing} --noproxy 127.0.0.0/8 -o got {direct}"));
    assert_eq!(output.status.code(), Some(0));
}
