//! What is measured without TLS: requests, and bytes each way.

use xenon_harness::nginx::Nginx;

use crate::contestants::{self, Contestant, Entry, Job, Kind};
use crate::costs::{self, Loaders};
use crate::names::Name;
use crate::options::Options;
use crate::report::{self, Goal, Table, Unit};
use crate::{Result, rounds, service, sink};

/// One part: the work, who does it beside a native program, and what is expected.
struct Part {
    kind: Kind,
    target: &'static str,
    length: u64,
    names: &'static [Name],
    table: Table<'static>,
    /// What costs are told for.
    unit: &'static str,
    /// Who moves a gibibyte in one instance.
    much: &'static [Name],
}

/// Bytes of content of a small response.
const SMALL: u64 = 64;
/// And of a large one, or of a large request.
const LARGE: u64 = 256 << 20;

const PARTS: [Part; 3] = [
    Part {
        kind: Kind::Keep,
        target: "/unlogged/small",
        length: SMALL,
        names: &[
            Name::Raw,
            Name::XenonSend,
            Name::XenonGet,
            Name::XenonDirect,
            Name::Wasip3Send,
            Name::Wasip3Get,
            Name::ClientOverXenon,
            Name::ClientOfHost,
            Name::WasiHttp,
        ],
        table: Table {
            title: "Requests per second, GET of 64 bytes",
            unit: Unit::Each,
            to: Name::Raw,
            to_words: "raw",
            goals: &[
                to_raw(&[Name::XenonSend, Name::XenonGet, Name::XenonDirect], 0.90),
                to_raw(&[Name::Wasip3Send], 0.60),
                to_raw(&[Name::ClientOverXenon], 0.45),
                Goal {
                    of: &[Name::XenonSend, Name::XenonGet, Name::XenonDirect],
                    to: Name::WasiHttp,
                    words: "wasi:http",
                    least: 2.0,
                },
            ],
        },
        unit: "For each request",
        much: &[],
    },
    Part {
        kind: Kind::Keep,
        target: "/unlogged/large",
        length: LARGE,
        names: &[
            Name::Raw,
            Name::XenonRead,
            Name::XenonWords,
            Name::XenonDirect,
            Name::Wasip3Send,
            Name::ClientOverXenon,
            Name::ClientOfHost,
            Name::WasiHttp,
        ],
        table: Table {
            title: "MB per second, download of 256 MiB",
            unit: Unit::Bytes(LARGE),
            to: Name::Raw,
            to_words: "raw",
            goals: &[
                to_raw(&[Name::XenonRead, Name::XenonDirect, Name::Wasip3Send, Name::ClientOverXenon], 0.90),
                to_raw(&[Name::XenonWords], 0.70),
            ],
        },
        unit: "For each MiB down",
        much: &[Name::Wasip3Send, Name::ClientOverXenon],
    },
    Part {
        kind: Kind::Upload,
        target: "/",
        length: LARGE,
        names: &[
            Name::Raw,
            Name::XenonWrite,
            Name::XenonDirect,
            Name::Wasip3Send,
            Name::ClientOverXenon,
            Name::ClientOfHost,
        ],
        table: Table {
            title: "MB per second, upload of 256 MiB",
            unit: Unit::Bytes(LARGE),
            to: Name::Raw,
            to_words: "raw",
            goals: &[to_raw(&[Name::XenonDirect, Name::Wasip3Send, Name::ClientOverXenon], 0.90)],
        },
        unit: "For each MiB up",
        much: &[Name::Wasip3Send, Name::ClientOverXenon],
    },
];

const fn to_raw(of: &'static [Name], least: f64) -> Goal {
    Goal { of, to: Name::Raw, words: "raw", least }
}

/// Who answers.
struct Servers {
    nginx: Nginx,
    /// The port of what takes uploads.
    sink: u16,
}

impl Servers {
    fn start() -> Result<Self> {
        let files = [("/small", SMALL), ("/unlogged/small", SMALL), ("/unlogged/large", LARGE)];
        let nginx = Nginx::start(&files.map(|(path, length)| (path, length as usize)));
        Ok(Self { nginx: nginx.ok_or("nginx is missing; scripts/setup.sh bench brings it")?, sink: sink::start()? })
    }
}

impl Part {
    fn job(&self, servers: &Servers) -> Job<'static> {
        let Self { kind, target, length, .. } = *self;
        let port = if kind == Kind::Upload { servers.sink } else { servers.nginx.port() };
        Job { kind, port, target, length, tls: None }
    }

    fn entries(&self, options: &Options) -> Vec<Entry> {
        Entry::all(self.names, options.beside.as_deref())
    }
}

/// Measures all of it, or lets one contestant work alone.
pub(crate) fn run(options: &Options, loaders: &Loaders) -> Result<()> {
    let servers = Servers::start()?;
    let is_wanted = |part: &&Part| match (part.length, part.kind) {
        (LARGE, Kind::Upload) => options.only.up,
        (LARGE, _) => options.only.down,
        _ => options.only.requests,
    };
    if let Some(name) = options.alone {
        let part = PARTS.iter().filter(is_wanted).find(|part| name == Name::Native || part.names.contains(&name));
        let job = match part {
            Some(part) => part.job(&servers),
            None if service::NAMES.contains(&name) => service::job(&servers.nginx, false),
            None => return Err("this contestant has nothing of the kind to do without TLS".into()),
        };
        let entry = Entry { beside: options.beside.clone(), ..Entry::this(name) };
        return contestants::run_alone(&entry, job, &[], options.effort.alone);
    }

    report::introduction(&options.effort);
    for part in PARTS.iter().filter(is_wanted) {
        report::table(&part.table, &measure(part, part.job(&servers), options, loaders)?);
    }
    if options.only.service {
        service::run(&servers.nginx, options, loaders)?;
    }
    // After all that is timed, for once somebody has listened to what wasmtime traces it is slower.
    for part in PARTS.iter().filter(is_wanted) {
        let units = if part.length == LARGE { LARGE >> 20 } else { 1 };
        report::costs(part.unit, &costs::of_each(&part.entries(options), part.job(&servers), units, loaders)?);
    }
    if options.only.service {
        service::tell_costs(&servers.nginx, options, loaders)?;
    }
    for part in PARTS.iter().filter(is_wanted) {
        for name in part.much {
            costs::move_much(&Entry::this(*name), part.job(&servers), loaders)?;
        }
    }
    Ok(())
}

/// These, and the native one beside them.
fn measure(part: &Part, job: Job<'_>, options: &Options, loaders: &Loaders) -> Result<Vec<rounds::Record>> {
    let native = [Entry::this(Name::Native)];
    let entries = part.entries(options);
    let load = |entry| Contestant::new(entry, part.kind, &loaders.plain, &[]);
    let contestants: Vec<_> = native.iter().chain(&entries).map(load).collect::<Result<_>>()?;
    let turns: Vec<_> = contestants.iter().map(|contestant| (contestant, job)).collect();
    rounds::run(&turns, &options.effort)
}
