//! Who is measured, in which build, and at what.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Result;
use crate::certificate::Certificate;
use crate::guest::{self, Guest};
use crate::loader::Loader;
use crate::names::Name;
use crate::native::{self, Native};
use crate::program::{Client, Program};

/// Who is measured, in which build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: Name,
    /// The folder of its guest, if that is not this build.
    pub(crate) beside: Option<PathBuf>,
    /// Whether it does without TLS what the others do with it.
    pub(crate) is_plain: bool,
}

impl Entry {
    /// Of this build.
    pub(crate) fn this(name: Name) -> Self {
        Self { name, beside: None, is_plain: false }
    }

    /// These, and beside each the one from that folder, if it is there.
    pub(crate) fn all(names: &[Name], beside: Option<&Path>) -> Vec<Self> {
        let builds = |name: &Name| {
            let this = Self::this(*name);
            let other = beside.map(|folder| Self { beside: Some(folder.into()), ..this.clone() });
            let is_there = |entry: &Self| name.guest(Kind::Keep).is_some_and(|source| source.is_in(&entry.folder()));
            [this].into_iter().chain(other.filter(is_there))
        };
        names.iter().flat_map(builds).collect()
    }

    pub(crate) fn label(&self) -> String {
        let other = if self.beside.is_some() { " (other)" } else { "" };
        let plain = if self.is_plain { ", no TLS" } else { "" };
        format!("{}{plain}{other}", self.name.as_str())
    }

    /// Where the files of its guest are.
    fn folder(&self) -> PathBuf {
        self.beside.clone().unwrap_or_else(xenon_harness::guests)
    }
}

/// How a job is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// GET over one kept connection, where the contestant keeps it.
    Keep,
    /// GET over a new connection in a new session each time.
    Full,
    /// GET over a new connection each time, in a session that remembers the server.
    Resumed,
    /// PUT over one kept connection.
    Upload,
}

impl Kind {
    pub(crate) fn is_handshake(self) -> bool {
        matches!(self, Self::Full | Self::Resumed)
    }
}

/// What each of them does, again and again, with this target of 127.0.0.1.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    pub(crate) target: &'static str,
    /// How long the content is that comes, or goes up.
    pub(crate) length: u64,
    /// What the server shows, if it speaks TLS there.
    pub(crate) tls: Option<&'a Certificate>,
}

impl<'a> Job<'a> {
    /// To get this without TLS.
    pub(crate) fn plain(port: u16, target: &'static str, length: u64) -> Self {
        Self { kind: Kind::Keep, port, target, length, tls: None }
    }

    /// Whether it moves much.
    pub(crate) fn is_large(&self) -> bool {
        self.length > 1 << 20
    }
}

/// Somebody who can do the job.
pub(crate) struct Contestant {
    pub(crate) entry: Entry,
    what: What,
}

enum What {
    Native,
    Program(Program),
    Guest(Guest),
}

/// Somebody who is at work: warm, in an instance or a process of its own.
#[expect(clippy::large_enum_variant, reason = "there are a handful of them in all")]
pub(crate) enum Worker {
    Native(Native),
    Client(Client),
    Guest(guest::Instance),
}

impl Contestant {
    /// Who does this kind of work. A native program has to be given.
    pub(crate) fn new(entry: &Entry, kind: Kind, loader: &Loader, programs: &[Program]) -> Result<Self> {
        let what = match entry.name.guest(kind) {
            Some(source) => What::Guest(loader.load(&entry.folder(), source)?),
            None if entry.name == Name::Native => What::Native,
            None => {
                let program = programs.iter().find(|program| program.name() == entry.name);
                What::Program(program.ok_or_else(|| format!("there is no {}", entry.label()))?.clone())
            }
        };
        Ok(Self { entry: entry.clone(), what })
    }

    pub(crate) fn guest(&self) -> Option<&Guest> {
        match &self.what {
            What::Guest(guest) => Some(guest),
            What::Native | What::Program(_) => None,
        }
    }

    /// A worker that has done the job `warm_up` times.
    pub(crate) fn start(&self, job: Job<'_>, warm_up: u32) -> Result<Worker> {
        let mut worker = match &self.what {
            What::Native => Worker::Native(Native),
            What::Program(program) => Worker::Client(program.start()?),
            What::Guest(guest) => Worker::Guest(guest.instantiate(job)?),
        };
        if warm_up > 0 {
            worker.work(job, warm_up)?;
        }
        Ok(worker)
    }
}

impl Worker {
    /// Does the job `count` times, over one connection where the contestant keeps it; for how long, where the contestant knows
    /// that better than who watches it.
    pub(crate) fn work(&mut self, job: Job<'_>, count: u32) -> Result<Option<Duration>> {
        let expected = job.length * u64::from(count);
        let (moved, time) = match self {
            Self::Native(native) => (native.work(job, count)?, None),
            Self::Client(client) => (client.work(job, count)?, None),
            Self::Guest(guest) if guest.has_clock() => (expected, Some(guest.compute(job, count)?)),
            Self::Guest(guest) => (guest.work(job, count)?, None),
        };
        if moved == expected { Ok(time) } else { Err(format!("{moved} bytes were moved, and not {expected}").into()) }
    }

    /// For how long it has computed so far, in the kernel too.
    pub(crate) fn busy(&self) -> Duration {
        match self {
            Self::Client(client) => client.busy(),
            Self::Native(_) | Self::Guest(_) => native::busy(),
        }
    }
}

/// Lets one of them work, for a profiler.
pub(crate) fn run_alone(entry: &Entry, job: Job<'_>, programs: &[Program], time: Duration) -> Result<()> {
    let loader = Loader::profiled()?;
    let mut worker = Contestant::new(entry, job.kind, &loader, programs)?.start(job, 1)?;
    let count = if job.is_large() { 1 } else { 1000 };
    let start = Instant::now();
    while start.elapsed() < time {
        worker.work(job, count)?;
    }
    Ok(())
}
