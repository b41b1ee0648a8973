//! Makes guests of files: composed where they are to be, and compiled before anything is timed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, ProfilingStrategy};
use xenon_compose::Artifacts;

use crate::Result;
use crate::guest::{Function, Guest};

/// What a guest is made of, and what of it is called.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    /// Its package. The file has the same name.
    package: &'static str,
    function: Function,
    wasi: Wasi,
    /// Whether Xenon is put under it when it is loaded.
    is_over_xenon: bool,
}

/// The WASI that a guest needs of its host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wasi {
    P2,
    P3,
}

/// Xenon under programs that use `wasi:http/client`.
const HTTP_CLIENT: &str = "xenon-http-client";

impl Source {
    /// A guest over WASI 0.2.
    pub(crate) fn wasip2(package: &'static str, function: Function) -> Self {
        Self { package, function, wasi: Wasi::P2, is_over_xenon: false }
    }

    /// A guest over WASI 0.3.
    pub(crate) fn wasip3(package: &'static str, function: Function) -> Self {
        Self { wasi: Wasi::P3, ..Self::wasip2(package, function) }
    }

    /// The same, with Xenon under it.
    pub(crate) fn over_xenon(self) -> Self {
        Self { is_over_xenon: true, ..self }
    }

    /// Whether this folder has it.
    pub(crate) fn is_in(self, folder: &Path) -> bool {
        file(folder, self.package).exists() && (!self.is_over_xenon || file(folder, HTTP_CLIENT).exists())
    }

    fn read(self, folder: &Path) -> Result<Vec<u8>> {
        let program = fs::read(file(folder, self.package))?;
        if !self.is_over_xenon {
            return Ok(program);
        }
        let client = fs::read(file(folder, HTTP_CLIENT))?;
        let artifacts = Artifacts { http_client: Some(&client), ..Artifacts::default() };
        Ok(xenon_compose::compose(&program, &artifacts)?.component)
    }
}

fn file(folder: &Path, package: &str) -> PathBuf {
    folder.join(format!("{package}.wasm"))
}

/// Compiles each component once.
pub(crate) struct Loader {
    /// wasmtime's defaults, without what WASI 0.3 needs, as in the native host.
    wasip2: Engine,
    /// And with it.
    wasip3: Engine,
    loaded: RefCell<BTreeMap<(PathBuf, bool), Component>>,
}

impl Loader {
    /// For all that is timed.
    pub(crate) fn plain() -> Result<Self> {
        Self::new(|_| {})
    }

    /// With engines that count fuel.
    pub(crate) fn fuelled() -> Result<Self> {
        Self::new(|config| _ = config.consume_fuel(true))
    }

    /// With engines whose code `perf` can name.
    pub(crate) fn profiled() -> Result<Self> {
        Self::new(|config| _ = config.profiler(ProfilingStrategy::PerfMap))
    }

    fn new(adjust: fn(&mut Config)) -> Result<Self> {
        let engine = |is_concurrent| {
            let mut config = Config::new();
            config.concurrency_support(is_concurrent).wasm_component_model_async(is_concurrent);
            adjust(&mut config);
            Engine::new(&config)
        };
        Ok(Self { wasip2: engine(false)?, wasip3: engine(true)?, loaded: RefCell::default() })
    }

    /// This guest, from this folder.
    pub(crate) fn load(&self, folder: &Path, source: Source) -> Result<Guest> {
        let engine = if source.wasi == Wasi::P2 { &self.wasip2 } else { &self.wasip3 };
        let key = (file(folder, source.package), source.is_over_xenon);
        let loaded = self.loaded.borrow().get(&key).cloned();
        let component = match loaded {
            Some(component) => component,
            None => Component::new(engine, source.read(folder)?)?,
        };
        self.loaded.borrow_mut().insert(key, component.clone());
        let mut linker = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        match source.wasi {
            Wasi::P2 => wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?,
            Wasi::P3 => {
                wasmtime_wasi::p3::add_to_linker(&mut linker)?;
                wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
            }
        }
        Ok(Guest::new(linker.instantiate_pre(&component)?, source.function))
    }
}
