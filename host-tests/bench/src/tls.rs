//! What is measured over TLS 1.3, with ChaCha20-Poly1305 and a certificate on P-256, as all contestants agree with nginx.
//!
//! It must not compare what is not alike: nginx's log tells whose handshakes were resumed and who kept the connection.

use xenon_harness::nginx::{Nginx, Tls};

use crate::certificate::Certificate;
use crate::contestants::{Contestant, Entry, Job, Kind};
use crate::costs::{self, Loaders};
use crate::names::Name;
use crate::options::{Effort, Options};
use crate::program::Program;
use crate::report::{self, Goal, Table, Unit};
use crate::{Result, rounds};

/// One part: the work, who does it, and what is expected.
struct Part {
    kind: Kind,
    length: u64,
    names: &'static [Name],
    /// Whether it does the same without TLS, to show what the rest of the way costs.
    without_tls: Option<Name>,
    table: Table<'static>,
}

/// What the cryptography alone reaches is the ceiling.
const TO_CRYPTO: &[Goal] = &[Goal {
    of: &[Name::XenonRead, Name::XenonWrite, Name::XenonDirect],
    to: Name::Crypto,
    words: "the cryptography alone",
    least: 0.85,
}];
const TO_NEON: &[Goal] =
    &[Goal { of: &[Name::XenonSend, Name::XenonDirect], to: Name::Neon, words: "native neon", least: 0.60 }];

const PARTS: [Part; 5] = [
    Part {
        kind: Kind::Full,
        length: SMALL,
        names: &[Name::Crypto, Name::XenonSend, Name::XenonDirect, Name::Neon, Name::Curl],
        without_tls: None,
        table: Table {
            title: "Full handshakes per second, a GET each",
            unit: Unit::Each,
            to: Name::Neon,
            to_words: "neon",
            goals: &[],
        },
    },
    Part {
        kind: Kind::Resumed,
        length: SMALL,
        names: &[Name::Crypto, Name::XenonSend, Name::XenonDirect, Name::Neon, Name::Curl],
        without_tls: None,
        table: Table {
            title: "Resumed handshakes per second, likewise",
            unit: Unit::Each,
            to: Name::Curl,
            to_words: "curl",
            goals: &[],
        },
    },
    Part {
        kind: Kind::Keep,
        length: SMALL,
        names: &[Name::XenonSend, Name::XenonDirect, Name::Neon, Name::Curl],
        without_tls: Some(Name::XenonDirect),
        table: Table {
            title: "Requests per second, GET of 64 bytes",
            unit: Unit::Each,
            to: Name::Neon,
            to_words: "neon",
            goals: TO_NEON,
        },
    },
    Part {
        kind: Kind::Keep,
        length: LARGE,
        names: &[Name::Crypto, Name::XenonRead, Name::XenonDirect, Name::Neon, Name::Curl],
        without_tls: Some(Name::Raw),
        table: Table {
            title: "MB per second, download of 64 MiB",
            unit: Unit::Bytes(LARGE),
            to: Name::Crypto,
            to_words: "crypto",
            goals: TO_CRYPTO,
        },
    },
    Part {
        kind: Kind::Upload,
        length: LARGE,
        names: &[Name::Crypto, Name::XenonWrite, Name::XenonDirect, Name::Neon, Name::Curl],
        without_tls: Some(Name::XenonDirect),
        table: Table {
            title: "MB per second, upload of 64 MiB",
            unit: Unit::Bytes(LARGE),
            to: Name::Crypto,
            to_words: "crypto",
            goals: TO_CRYPTO,
        },
    },
];

impl Part {
    fn is_large(&self) -> bool {
        self.length == LARGE
    }

    /// Whom nginx tells apart: a target that is logged, or one that is not.
    fn target(&self, is_logged: bool) -> &'static str {
        match (self.kind, self.is_large(), is_logged) {
            (Kind::Upload, _, true) => "/sink",
            (Kind::Upload, _, false) => "/unlogged/sink",
            (_, false, true) => "/small",
            (_, false, false) => "/unlogged/small",
            (_, true, _) => "/unlogged/large",
        }
    }

    fn job<'a>(&self, server: &'a Server, is_logged: bool) -> Job<'a> {
        let target = self.target(is_logged);
        let tls = Some(&server.certificate);
        Job { kind: self.kind, port: server.nginx.tls_port(), target, length: self.length, tls }
    }
}

struct Server {
    nginx: Nginx,
    certificate: Certificate,
}

impl Server {
    fn start() -> Result<Self> {
        let certificate = Certificate::new()?;
        let files = [("/small", SMALL), ("/unlogged/small", SMALL), ("/unlogged/large", LARGE)];
        let tls = Tls {
            chain: &certificate.chain,
            key: &certificate.key,
            directives: "ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256;",
            authorities: "",
        };
        let nginx = Nginx::start_tls(&files.map(|(path, length)| (path, length as usize)), &tls)
            .ok_or("nginx is missing; scripts/setup.sh bench brings it")?;
        Ok(Self { nginx, certificate })
    }
}

/// Measures all of it, or lets one contestant work alone.
pub(crate) fn run(options: &Options, loaders: &Loaders) -> Result<()> {
    let server = Server::start()?;
    let programs = Program::all(&server.certificate)?;
    let is_wanted = |part: &&Part| match (part.is_large(), part.kind) {
        (true, Kind::Upload) => options.only.up,
        (true, _) => options.only.down,
        (false, _) => options.only.requests,
    };
    if let Some(name) = options.alone {
        let has_it = |part: &&Part| part.names.contains(&name) && is_wanted(part);
        // Requests over one connection rather than handshakes, where there are both.
        let part = PARTS.iter().filter(has_it).min_by_key(|part| part.kind.is_handshake());
        let part = part.ok_or("this contestant has nothing of the kind to do over TLS")?;
        let entry = Entry { beside: options.beside.clone(), ..Entry::this(name) };
        return crate::contestants::run_alone(&entry, part.job(&server, false), &programs, options.effort.alone);
    }
    report::tls_introduction(&options.tls_effort);
    for part in PARTS.iter().filter(is_wanted) {
        measure(part, &server, &programs, options, loaders)?;
    }
    for part in PARTS.iter().filter(is_wanted) {
        let entries = entries(part, &programs, options);
        // What the cryptography does without a clock is more than its part, but where it seals.
        let is_counted =
            |entry: &Entry| entry.name.is_xenon() || entry.name == Name::Crypto && part.kind == Kind::Upload;
        let guests: Vec<_> = entries.into_iter().filter(is_counted).collect();
        let (unit, units) = match part.table.unit {
            Unit::Each => ("time", 1),
            Unit::Bytes(length) => ("MiB", length >> 20),
        };
        let title = format!("{}: each {unit}", part.table.title.split(',').next().unwrap_or_default());
        report::costs(&title, &costs::of_each(&guests, part.job(&server, false), units, loaders)?);
    }
    for part in PARTS.iter().filter(is_wanted).filter(|part| part.is_large()) {
        costs::move_much(&Entry::this(Name::XenonDirect), part.job(&server, false), loaders)?;
    }
    Ok(())
}

fn entries(part: &Part, programs: &[Program], options: &Options) -> Vec<Entry> {
    let is_there = |name: &Name| {
        let is_program = matches!(name, Name::Neon | Name::Curl);
        !is_program || programs.iter().any(|program| program.name() == *name)
    };
    let names: Vec<_> = part.names.iter().copied().filter(is_there).collect();
    Entry::all(&names, options.beside.as_deref())
}

fn measure(part: &Part, server: &Server, programs: &[Program], options: &Options, loaders: &Loaders) -> Result<()> {
    let contestants: Vec<_> = entries(part, programs, options)
        .iter()
        .map(|entry| Contestant::new(entry, part.kind, &loaders.plain, programs))
        .collect::<Result<_>>()?;
    let job = part.job(server, false);
    let mut turns: Vec<_> = contestants.iter().map(|contestant| (contestant, job)).collect();
    let plain_entry = part.without_tls.map(|name| Entry { is_plain: true, ..Entry::this(name) });
    let plain = plain_entry.map(|entry| Contestant::new(&entry, part.kind, &loaders.plain, programs)).transpose()?;
    if let Some(plain) = &plain {
        turns.push((plain, Job { port: server.nginx.port(), tls: None, ..job }));
    }
    // Long enough that beginning the connection is a small part of it.
    let slice = options.tls_effort.slice * if part.is_large() { 3 } else { 1 };
    report::table(&part.table, &rounds::run(&turns, &Effort { slice, ..options.tls_effort })?);
    for contestant in &contestants {
        check(part, server, contestant)?;
    }
    Ok(())
}

/// Has nginx tell what the contestant did: that it kept its connection, or made a new one each time, and resumed.
fn check(part: &Part, server: &Server, contestant: &Contestant) -> Result<()> {
    if contestant.entry.name == Name::Crypto || part.is_large() {
        return Ok(());
    }
    let before = server.nginx.served().len();
    contestant.start(part.job(server, true), 0)?.work(part.job(server, true), CHECKED)?;
    let served = server.nginx.served().split_off(before);
    let mut connections: Vec<_> = served.iter().map(|one| one.connection).collect();
    connections.dedup();
    let resumed = served.iter().filter(|one| one.is_resumed).count() as u32;
    let expected = match part.kind {
        Kind::Keep | Kind::Upload => (1, 0),
        Kind::Full => (CHECKED, 0),
        Kind::Resumed => (CHECKED, CHECKED - 1),
    };
    if (connections.len() as u32, resumed) != expected {
        let label = contestant.entry.label();
        println!("  NOTE: {label}: {CHECKED} times took {} connections, {resumed} of them resumed", connections.len());
    }
    Ok(())
}

/// How often the work is done for nginx's log.
const CHECKED: u32 = 4;

const SMALL: u64 = 64;
const LARGE: u64 = 64 << 20;
