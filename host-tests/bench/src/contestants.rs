//! Who is measured, and at what.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wasmtime::Engine;

use crate::Result;
use crate::guest::{self, Function, Guest};
use crate::native::Native;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// A native program with a blocking socket.
    Native,
    /// A component with nothing but a loop over `wasi:sockets`.
    Raw,
    /// Xenon, by `request.send` and `response.read-to-end`.
    XenonSend,
    /// Xenon, by `session.get`.
    XenonGet,
    /// Xenon, by `request.send` and `response.read`.
    XenonRead,
    /// Xenon, called by the host as a plugin is, with no other component between: `request.send` and `response.read`.
    XenonDirect,
    /// `wasi:http`, as wasmtime implements it.
    WasiHttp,
}

impl Name {
    const ALL: [Self; 7] =
        [Self::Native, Self::Raw, Self::XenonSend, Self::XenonGet, Self::XenonRead, Self::XenonDirect, Self::WasiHttp];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native socket",
            Self::Raw => "raw wasi:sockets",
            Self::XenonSend => "Xenon, send and read-to-end",
            Self::XenonGet => "Xenon, get",
            Self::XenonRead => "Xenon, send and read",
            Self::XenonDirect => "Xenon, called by the host",
            Self::WasiHttp => "wasi:http",
        }
    }

    pub(crate) fn is_xenon(self) -> bool {
        matches!(self, Self::XenonSend | Self::XenonGet | Self::XenonRead | Self::XenonDirect)
    }

    pub(crate) fn from_short(short: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.short() == short)
    }

    fn short(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::WasiHttp => "wasi-http",
            Self::Raw => "raw",
            Self::XenonSend => "send",
            Self::XenonGet => "get",
            Self::XenonRead => "read",
            Self::XenonDirect => "direct",
        }
    }

    /// The package of its guest, and what of it is called; none if it is no guest.
    fn guest(self) -> Option<(&'static str, Function)> {
        match self {
            Self::Native => None,
            Self::Raw => Some(("xenon-bench-raw", Function::Named("run"))),
            Self::WasiHttp => Some(("xenon-bench-wasi-http", Function::Named("run"))),
            Self::XenonSend | Self::XenonGet | Self::XenonRead => {
                Some(("xenon-bench-session", Function::Named(self.short())))
            }
            Self::XenonDirect => Some(("xenon", Function::Session)),
        }
    }
}

/// Who is measured, in which build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: Name,
    /// The folder of its guest, if that is not this build.
    pub(crate) beside: Option<PathBuf>,
}

impl Entry {
    /// These, and beside each the one from that folder, if it is there.
    pub(crate) fn all(names: &[Name], beside: Option<&Path>) -> Vec<Self> {
        let builds = |name: &Name| {
            let this = Self { name: *name, beside: None };
            let other = beside.map(|folder| Self { beside: Some(folder.into()), ..this.clone() });
            let is_there = |entry: &Self| name.guest().is_some_and(|(package, _)| entry.file(package).exists());
            [this].into_iter().chain(other.filter(is_there))
        };
        names.iter().flat_map(builds).collect()
    }

    pub(crate) fn label(&self) -> String {
        let other = if self.beside.is_some() { " (other)" } else { "" };
        format!("{}{other}", self.name.as_str())
    }

    /// Where the file of a guest of this package is.
    fn file(&self, package: &str) -> PathBuf {
        self.beside.clone().unwrap_or_else(xenon_host::guests).join(format!("{package}.wasm"))
    }
}

/// What each of them does: to get this target of 127.0.0.1, again and again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) port: u16,
    pub(crate) target: &'static str,
    /// How long its content is.
    pub(crate) length: u64,
}

/// Somebody who can do the job.
pub(crate) struct Contestant {
    pub(crate) entry: Entry,
    /// None is native.
    pub(crate) guest: Option<Guest>,
}

/// Somebody who is at work: warm, in an instance of its own.
#[expect(clippy::large_enum_variant, reason = "there are a handful of them in all")]
pub(crate) enum Worker {
    Native(Native),
    Guest(guest::Instance),
}

impl Contestant {
    pub(crate) fn new(entry: &Entry, engine: &Engine) -> Result<Self> {
        let guest = match entry.name.guest() {
            None => None,
            Some((package, function)) => Some(Guest::load(engine, &entry.file(package), function)?),
        };
        Ok(Self { entry: entry.clone(), guest })
    }

    /// A worker that has done the job `warm_up` times.
    pub(crate) fn start(&self, job: Job, warm_up: u32) -> Result<Worker> {
        let mut worker = match &self.guest {
            None => Worker::Native(Native),
            Some(guest) => Worker::Guest(guest.instantiate()?),
        };
        worker.work(job, warm_up)?;
        Ok(worker)
    }
}

impl Worker {
    /// Does the job `count` times, over one connection where the contestant keeps it.
    pub(crate) fn work(&mut self, job: Job, count: u32) -> Result<()> {
        let received = match self {
            Self::Native(native) => native.work(job, count)?,
            Self::Guest(guest) => guest.work(job, count)?,
        };
        let expected = job.length * u64::from(count);
        if received == expected { Ok(()) } else { Err(format!("{received} bytes came, and not {expected}").into()) }
    }
}

/// Lets one of them work, for a profiler.
pub(crate) fn run_alone(entry: Entry, job: Job, time: Duration) -> Result<()> {
    let mut worker = Contestant::new(&entry, &guest::profiled_engine()?)?.start(job, 1)?;
    let count = if job.length > 1 << 20 { 1 } else { 1000 };
    let start = Instant::now();
    while start.elapsed() < time {
        worker.work(job, count)?;
    }
    Ok(())
}
