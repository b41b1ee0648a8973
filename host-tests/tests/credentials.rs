//! Credentials through the built component, by the command and by its exports, against servers that know them: Apache and
//! nginx. Their logs say what was sent, and when.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use xenon_harness::access::{Access, User};
use xenon_harness::apache::{Apache, Area, CONTENT, Served};
use xenon_harness::component::{AuthSchemes, Guest, Session};
use xenon_harness::nginx::{self, Nginx};

const USER: User<'_> = User { realm: "a realm", name: "user", password: "sesame" };

/// `user:sesame`, as Basic has it.
const ENCODED: &str = "dXNlcjpzZXNhbWU=";

fn basic() -> String {
    format!("Basic {ENCODED}")
}

/// Apache's areas: `/basic` and `/digest`, which counts as strictly as it can.
fn areas() -> [Area<'static>; 2] {
    let strict = "AuthDigestNcCheck On";
    [
        Area { path: "/basic", access: Access::Basic(USER), directives: "" },
        Area { path: "/digest", access: Access::Digest(USER), directives: strict },
    ]
}

/// Runs the command with these arguments, a space between each; the origin is where `URL` stands. Whatever it writes, it
/// must not write what is secret.
fn xenon(port: u16, arguments: &str) -> Output {
    let arguments = arguments.replace("URL", &format!("http://127.0.0.1:{port}"));
    run(&mut command(&arguments))
}

fn command(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xenon"));
    command.args(arguments.split(' ')).env_clear().stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let written = text(&output.stdout) + &text(&output.stderr);
    for secret in [USER.password, ENCODED, "wrong"] {
        assert!(!written.contains(secret), "{secret} is told: {written}");
    }
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn assert_done(output: &Output, content: &str) {
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), content.into()), "{}", text(&output.stderr));
}

#[track_caller]
fn assert_login_refused(output: &Output) {
    let line = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(67), String::new()), "{line}");
    assert!(line.starts_with("xenon: (67) ") && line.lines().count() == 1, "{line}");
}

/// The status of each, and the first word of what it was sent with.
fn told(served: &[Served]) -> Vec<(u16, &str)> {
    served.iter().map(|one| (one.status, one.authorization.split(' ').next().unwrap_or_default())).collect()
}

#[test]
fn digest_is_asked_for_once_and_counts_without_a_gap() {
    let Some(apache) = Apache::start(&areas()) else { return };
    let output = xenon(apache.port(), "-u user:sesame --digest --repeat 100 URL/digest/x?y=z");
    assert_done(&output, &CONTENT.repeat(100));

    let served = apache.served();
    assert_eq!(served.len(), 101);
    assert_eq!((served[0].status, served[0].authorization.as_str()), (401, ""));
    for (count, one) in (1_u32..).zip(&served[1..]) {
        assert_eq!((one.status, one.parameter("nc")), (200, Some(format!("{count:08x}").as_str())));
        assert_eq!(one.parameter("username"), Some("user"));
        assert_eq!(one.parameter("uri"), Some("/digest/x?y=z"));
        assert_eq!(one.parameter("nonce"), served[1].parameter("nonce"));
    }
    let numbers: Vec<(u16, u64)> = served.iter().map(|one| (one.connection, one.number)).collect();
    let one_connection: Vec<(u16, u64)> = (1..=101).map(|number| (served[0].connection, number)).collect();
    assert_eq!(numbers, one_connection);
}

#[test]
fn a_nonce_that_is_good_once_is_followed_by_the_next_one() {
    let once = Area { path: "/once", access: Access::Digest(USER), directives: "AuthDigestNonceLifetime 0" };
    let Some(apache) = Apache::start(&[once]) else { return };
    assert_done(&xenon(apache.port(), "-u user:sesame --digest --repeat 20 URL/once/x"), &CONTENT.repeat(20));
    let served = apache.served();
    assert_eq!(served.iter().map(|one| one.status).collect::<Vec<_>>(), [&[401][..], &[200; 20]].concat());
    let mut nonces: Vec<&str> = served[1..].iter().map(|one| one.parameter("nonce").unwrap()).collect();
    assert!(served[1..].iter().all(|one| one.parameter("nc") == Some("00000001")));
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 20);
}

#[test]
fn a_nonce_that_is_stale_is_replaced() {
    let Some(mut apache) = Apache::start(&areas()) else { return };
    let (_guest, session) = session(apache.port());
    session.set_credentials(None, USER.name, USER.password, AuthSchemes::DIGEST_MD5, false).unwrap();
    for _ in 0..2 {
        assert_eq!(session.get("/digest/x").unwrap().status, 200);
    }
    // It logs a request after it was answered, and not if it is ended before.
    assert_eq!(apache.served().len(), 3);
    apache.restart();
    for _ in 0..2 {
        assert_eq!(session.get("/digest/x").unwrap().status, 200);
    }
    let served = apache.served();
    assert_eq!(
        told(&served),
        [(401, ""), (200, "Digest"), (200, "Digest"), (401, "Digest"), (200, "Digest"), (200, "Digest")]
    );
    let counts: Vec<_> = served.iter().map(|one| one.parameter("nc").unwrap_or_default()).collect();
    assert_eq!(counts, ["", "00000001", "00000002", "00000003", "00000001", "00000002"]);
}

/// RFC 7617 section 2.2.
#[test]
fn basic_is_preemptive_within_its_protection_space_only() {
    let Some(apache) = Apache::start(&areas()) else { return };
    let urls = "URL/basic/a/x URL/basic/a/y URL/basic/a/b/c?d URL/basic/z URL/basic/a/x URL/x URL/basicx";
    assert_done(&xenon(apache.port(), &format!("-u user:sesame --anyauth {urls}")), &CONTENT.repeat(7));
    let served = apache.served();
    let seen: Vec<(&str, u16, &str)> = served
        .iter()
        .map(|one| (one.request_line.split(' ').nth(1).unwrap(), one.status, one.authorization.as_str()))
        .collect();
    let basic = basic();
    let expected = [
        ("/basic/a/x", 401, ""),
        ("/basic/a/x", 200, &basic),
        ("/basic/a/y", 200, &basic),
        ("/basic/a/b/c?d", 200, &basic),
        ("/basic/z", 401, ""),
        ("/basic/z", 200, &basic),
        ("/basic/a/x", 200, &basic),
        ("/x", 200, ""),
        ("/basicx", 200, ""),
    ];
    assert_eq!(seen, expected);
    assert!(served.iter().all(|one| one.connection == served[0].connection));

    // Alone, -u is sent at once, and everywhere.
    assert_done(&xenon(apache.port(), "-u user:sesame URL/basic/x URL/x"), &CONTENT.repeat(2));
    let served = apache.served();
    assert_eq!(told(&served[expected.len()..]), [(200, "Basic"); 2]);
}

#[test]
fn realms_in_one_another_have_users_of_their_own() {
    let (a, b) = (User { realm: "A", ..USER }, User { realm: "B", name: "other", password: "word" });
    let Some(apache) = Apache::start(&[
        Area { path: "/a", access: Access::Basic(a), directives: "" },
        Area { path: "/a/b", access: Access::Basic(b), directives: "" },
        Area { path: "/digest", access: Access::Digest(USER), directives: "" },
    ]) else {
        return;
    };
    let (_guest, session) = session(apache.port());
    session.set_credentials(Some("A"), a.name, a.password, AuthSchemes::BASIC, false).unwrap();
    session.set_credentials(Some("B"), b.name, b.password, AuthSchemes::BASIC, false).unwrap();
    session.set_credentials(Some(USER.realm), USER.name, USER.password, AuthSchemes::DIGEST_MD5, false).unwrap();
    for _ in 0..2 {
        for target in ["/a/x", "/a/b/x", "/digest/x"] {
            assert_eq!(session.get(target).unwrap().status, 200, "{target}");
        }
    }
    let served = apache.served();
    let of = |realm: &str| match realm {
        "A" => basic(),
        "B" => "Basic b3RoZXI6d29yZA==".to_owned(),
        _ => String::new(),
    };
    let seen: Vec<(u16, &str)> = served.iter().map(|one| (one.status, one.authorization.as_str())).collect();
    // The inner realm lies where the outer one is known to be, so it is the outer one's that it sees first.
    let (a, b) = (of("A"), of("B"));
    assert_eq!(seen[..4], [(401, ""), (200, &a), (401, &a), (200, &b)]);
    assert_eq!((seen[4], seen[5].0), ((401, ""), 200));
    assert_eq!(seen[6..8], [(200, a.as_str()), (200, &b)]);
    assert_eq!((seen.len(), seen[8].0), (9, 200));

    session.forget_credentials(Some("B"));
    assert_eq!(session.get("/a/b/x").unwrap().status, 401);
    assert_eq!(session.get("/a/x").unwrap().status, 200);
    session.forget_credentials(None);
    assert_eq!(session.get("/a/x").unwrap().status, 401);
    assert_eq!(apache.served().last().unwrap().authorization, "");
}

#[test]
fn the_strongest_way_that_is_allowed_is_taken() {
    let both = "Header always add WWW-Authenticate \"Basic realm=\\\"a realm\\\"\" \"expr=%{REQUEST_STATUS} == 401\"";
    let Some(apache) = Apache::start(&[
        Area { path: "/both", access: Access::Digest(USER), directives: both },
        Area { path: "/basic", access: Access::Basic(USER), directives: "" },
    ]) else {
        return;
    };
    assert_done(&xenon(apache.port(), "-u user:sesame --anyauth URL/both/x"), CONTENT);
    assert_done(&xenon(apache.port(), "-u user:sesame --digest URL/both/x"), CONTENT);
    assert_done(&xenon(apache.port(), "-u user:sesame --anyauth URL/basic/x"), CONTENT);
    assert_eq!(
        told(&apache.served()),
        [(401, ""), (200, "Digest"), (401, ""), (200, "Digest"), (401, ""), (200, "Basic")]
    );
    // Nothing is sent to who offers less than what is allowed.
    assert_login_refused(&xenon(apache.port(), "-f -u user:sesame --digest URL/basic/x"));
    assert_eq!(told(&apache.served()[6..]), [(401, "")]);
}

/// As Apache reads them: it knows `username` alone, takes backslashes off, and compares bytes.
#[test]
fn user_names_with_quotes_backslashes_and_non_ascii() {
    let names = ["a\"b", "a\\b", "\\\"", "J\u{e4}s\u{f8}n", "\u{65e5}\u{672c}"];
    let paths: Vec<(String, String)> =
        (0..names.len()).map(|number| (format!("/digest-{number}"), format!("/basic-{number}"))).collect();
    let areas = names.iter().zip(&paths).flat_map(|(name, (digest, basic))| {
        let user = User { name, ..USER };
        let area = |path, access| Area { path, access, directives: "" };
        [area(digest.as_str(), Access::Digest(user)), area(basic.as_str(), Access::Basic(user))]
    });
    let Some(apache) = Apache::start(&areas.collect::<Vec<_>>()) else { return };
    for (name, (digest, basic)) in names.iter().zip(&paths) {
        let login = format!("-u {name}:sesame");
        assert_done(&xenon(apache.port(), &format!("{login} --digest URL{digest}/x")), CONTENT);
        assert_done(&xenon(apache.port(), &format!("{login} --anyauth URL{digest}/x")), CONTENT);
        assert_done(&xenon(apache.port(), &format!("{login} --anyauth URL{basic}/x")), CONTENT);
        assert_done(&xenon(apache.port(), &format!("{login} URL{basic}/x")), CONTENT);
        // The same in a target.
        let (_guest, session) = session(apache.port());
        session.set_credentials(None, name, USER.password, AuthSchemes::DIGEST_MD5, false).unwrap();
        assert_eq!(session.get(&format!("{digest}/a\"b\\c?d=\"\\")).unwrap().status, 200, "{name}");
    }
    assert!(apache.served().iter().all(|one| matches!(one.status, 200 | 401)));
}

#[test]
fn a_wrong_password_is_tried_once() {
    let Some(apache) = Apache::start(&areas()) else { return };
    let mut count = 0;
    for (arguments, expected) in [
        ("-u user:wrong URL/basic/x", &[(401, "Basic")][..]),
        ("-u user:wrong --anyauth URL/basic/x", &[(401, ""), (401, "Basic")]),
        ("-u user:wrong --digest URL/digest/x", &[(401, ""), (401, "Digest")]),
        ("-u nobody:sesame --anyauth URL/digest/x", &[(401, ""), (401, "Digest")]),
        ("URL/basic/x", &[(401, "")]),
        ("URL/digest/x", &[(401, "")]),
    ] {
        assert_login_refused(&xenon(apache.port(), &format!("-f {arguments}")));
        let served = apache.served();
        assert_eq!(told(&served[count..]), expected, "{arguments}");
        count = served.len();
    }
    // Without -f the 401 is the response.
    let output = xenon(apache.port(), "-u user:wrong --digest -o /dev/null -w %{http_code} URL/digest/x");
    assert_done(&output, "401");
}

#[test]
fn content_goes_with_the_answer() {
    let Some(apache) = Apache::start(&areas()) else { return };
    let folder = Folder::new("content");
    let length = 300_000;
    let name = folder.0.join("content");
    fs::write(&name, vec![b'x'; length]).unwrap();
    let name = name.to_str().unwrap();
    for area in ["basic", "digest"] {
        for arguments in [format!("-T {name}"), format!("--data-binary @{name}")] {
            let output = xenon(apache.port(), &format!("-u user:sesame --anyauth {arguments} URL/{area}/length"));
            assert_done(&output, &format!("{length}\n"));
        }
        // What is read from standard input cannot be sent twice, so it waits until it is wanted.
        let url = format!("-u user:sesame --anyauth -T - http://127.0.0.1:{}/{area}/length", apache.port());
        let output = run(command(&url).stdin(fs::File::open(name).unwrap()));
        assert_done(&output, &format!("{length}\n"));
    }
    let sent: u64 = apache.served().iter().filter(|one| one.status == 200).map(|one| one.request_length).sum();
    assert!(sent >= 6 * length as u64, "{sent}");
}

#[test]
fn events_tell_what_is_sent_and_no_secret() {
    let Some(apache) = Apache::start(&areas()) else { return };
    for (arguments, scheme) in [("URL/basic/x", "Basic"), ("--digest URL/digest/x", "Digest")] {
        let output = xenon(apache.port(), &format!("-v -u user:sesame {arguments}"));
        assert_done(&output, CONTENT);
        let told = text(&output.stderr);
        assert!(told.contains(&format!("> Authorization: {scheme} ")), "{told}");
        for one in apache.served() {
            assert!(one.parameter("response").is_none_or(|value| !told.contains(value)), "{told}");
        }
    }
}

#[test]
fn another_origin_is_sent_nothing() {
    let Some(apache) = Apache::start(&areas()) else { return };
    let Some(nginx) = Nginx::start(&[("/small", 3), ("/basic/small", 3)]) else { return };
    let [one, other] = [apache.port(), nginx.port()].map(|port| format!("127.0.0.1:{port}"));
    let urls = format!("http://user:sesame@{one}/basic/x http://{other}/small http://{other}/basic/small");
    let output = run(&mut command(&format!("-o /dev/null -o /dev/null -o /dev/null -w %{{http_code}}, {urls}")));
    assert_eq!(text(&output.stdout), "200,200,401,");
    assert!(nginx.served().iter().all(|served| served.authorization.is_empty()));
}

#[test]
fn nginx_lets_its_user_in() {
    let Some(nginx) = Nginx::start(&[("/basic/small", 3), ("/small", 3)]) else { return };
    let user = format!("{}:{}", nginx::USER.name, nginx::USER.password);
    let url = format!("http://127.0.0.1:{}", nginx.port());
    let arguments = ["-u", &user, "--anyauth", "--repeat", "3", &format!("{url}/basic/small"), &format!("{url}/small")];
    let output = Command::new(env!("CARGO_BIN_EXE_xenon")).args(arguments).env_clear().output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 18));
    let served = nginx.served();
    let good = "Basic dXNlcjpwYXNzIHdvcmQ=";
    let seen: Vec<(u16, &str)> = served.iter().map(|one| (one.status, one.authorization.as_str())).collect();
    assert_eq!(seen, [(401, ""), (200, good), (200, good), (200, good), (200, ""), (200, ""), (200, "")]);
    assert!(served.iter().all(|one| one.connection == served[0].connection));

    let content = "a=b";
    let arguments = ["-u", &user, "-d", content, &format!("{url}/basic/sink")];
    let output = Command::new(env!("CARGO_BIN_EXE_xenon")).args(arguments).env_clear().output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "sunk".to_owned()));
    assert_login_refused(&run(&mut command(&format!("-f -u user:wrong {url}/basic/small"))));
}

fn session(port: u16) -> (Guest, Session) {
    let guest = Guest::new();
    let session = guest.session("http", "127.0.0.1", port);
    (guest, session)
}

/// A folder for one test, gone after it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("xenon-credentials-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
