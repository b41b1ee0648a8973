//! Runs a program of somebody else's: a command component over WASI 0.2 or 0.3.
//!
//! It must not give the program anything but what the caller's context has, and the types of `wasi:http`, which hold requests and
//! responses and send nothing.

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, Error, Store, Trap, format_err};
use wasmtime_wasi::{I32Exit, WasiCtx, p2, p3};
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};
use xenon_native::command::INTERNAL_ERROR;
use xenon_native::host::{self, Host};
use xenon_native::named_files::NamedFiles;

use crate::refusal::Refusal;

/// Runs the program, whose name is for messages, in what `context` makes, and returns its exit code.
///
/// The calling thread must not belong to an asynchronous runtime. The process should exit when this returns: an abandoned name
/// lookup may still be running on another thread.
pub(crate) fn run(name: &str, file: &[u8], context: impl Fn() -> Result<WasiCtx, Refusal>) -> Result<i32, Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Refusal::new(INTERNAL_ERROR, error))?;
    let outcome = runtime.block_on(start(name, file, context));
    // Without this, dropping it waits for lookups.
    runtime.shutdown_background();
    outcome
}

async fn start(name: &str, file: &[u8], context: impl Fn() -> Result<WasiCtx, Refusal>) -> Result<i32, Refusal> {
    let cannot_run =
        |error| Refusal::new(Refusal::NO_PROGRAM, format!("{name} cannot be run: {}", in_one_line(&error)));
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    let mut instantiated = load(file, &config).map_err(cannot_run)?.instantiate(context()?).await;
    if instantiated.as_ref().is_err_and(|error| !is_by_program(error)) {
        // What it needs is mostly room for memories that never come to be so large, and there may be a bound.
        host::spare_address_space(&mut config);
        instantiated = load(file, &config).map_err(cannot_run)?.instantiate(context()?).await;
    }
    let outcome = match instantiated {
        Ok(command) => command.run().await,
        Err(error) if is_by_program(&error) => Err(error),
        Err(error) => {
            let bound = "is there a bound on the address space of a process (ulimit -v)?";
            return Err(cannot_run(format_err!("{}; {bound}", error.root_cause())));
        }
    };
    let outcome = outcome.or_else(|error| error.downcast_ref::<I32Exit>().map(|exit| exit.0).ok_or(error));
    outcome.map_err(|error| {
        let why = error.root_cause().to_string();
        Refusal::new(Refusal::TRAP, format!("{name} trapped: {}", why.strip_prefix("wasm trap: ").unwrap_or(&why)))
    })
}

/// Whether this happened because code of the program ran.
fn is_by_program(error: &Error) -> bool {
    error.is::<Trap>() || error.is::<I32Exit>()
}

/// A program that is compiled and linked, by the version of WASI in which it exports `wasi:cli/run`.
enum Linked {
    Blocking(p2::bindings::CommandPre<Host>),
    Async(p3::bindings::CommandPre<Host>),
}

fn load(file: &[u8], config: &Config) -> Result<Linked, Error> {
    let engine = Engine::new(config)?;
    let component = Component::new(&engine, file)?;
    let mut linker = Linker::new(&engine);
    host::add_wasip2_to_linker(&mut linker)?;
    p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::bindings::http::types::add_to_linker::<Host, WasiHttp>(&mut linker, Host::http)?;
    Linked::of(linker.instantiate_pre(&component)?)
}

impl Linked {
    fn of(linked: InstancePre<Host>) -> Result<Self, Error> {
        if let Ok(command) = p3::bindings::CommandPre::new(linked.clone()) {
            return Ok(Self::Async(command));
        }
        let command = p2::bindings::CommandPre::new(linked).map(Self::Blocking);
        command.map_err(|_| format_err!("it exports no wasi:cli/run of WASI 0.2 or 0.3"))
    }

    async fn instantiate(&self, wasi: WasiCtx) -> Result<Command, Error> {
        let host = Host::new(wasi, NamedFiles::default());
        match self {
            Self::Blocking(command) => {
                let mut store = Store::new(command.engine(), host);
                Ok(Command::Blocking(command.instantiate_async(&mut store).await?, store))
            }
            Self::Async(command) => {
                let mut store = Store::new(command.engine(), host);
                Ok(Command::Async(command.instantiate_async(&mut store).await?, store))
            }
        }
    }
}

/// An instance of a program.
enum Command {
    Blocking(p2::bindings::Command, Store<Host>),
    Async(p3::bindings::Command, Store<Host>),
}

impl Command {
    async fn run(self) -> Result<i32, Error> {
        let outcome = match self {
            Self::Blocking(command, mut store) => command.wasi_cli_run().call_run(&mut store).await?,
            Self::Async(command, mut store) => {
                store.run_concurrent(async |store| command.wasi_cli_run().call_run(store).await).await??
            }
        };
        Ok(if outcome.is_ok() { 0 } else { 1 })
    }
}

/// An error and what it comes from.
fn in_one_line(error: &Error) -> String {
    format!("{error:#}").lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component that imports an interface with a function, which takes nothing and returns nothing: as bytes.
    fn importing(interface: &str, function: &str) -> Vec<u8> {
        let text = |text: &str| [&[0, text.len() as u8], text.as_bytes()].concat();
        let section = |id: u8, content: Vec<u8>| [vec![id, content.len() as u8], content].concat();
        // A type of an instance, in which there is a type of functions and one function of it.
        let instance = [&[1, 0x42, 2, 1, 0x40, 0, 1, 0, 4][..], &text(function), &[1, 0]].concat();
        let import = [&[1][..], &text(interface), &[5, 0]].concat();
        [b"\0asm\x0d\0\x01\0".to_vec(), section(7, instance), section(10, import)].concat()
    }

    fn why_not(file: &[u8]) -> String {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        in_one_line(&load(file, &config).err().unwrap())
    }

    #[test]
    fn the_host_sends_no_request() {
        for (interface, function) in
            [("wasi:http/client@0.3.0", "send"), ("wasi:http/outgoing-handler@0.2.0", "handle"), ("a:b/c", "f")]
        {
            let why = why_not(&importing(interface, function));
            assert!(why.contains(interface) && why.contains("implementation was not found"), "{why}");
        }
        // What the host has is found, and here it is of another type.
        let why = why_not(&importing("wasi:http/types@0.3.0", "[method]fields.clone"));
        assert!(!why.contains("implementation was not found"), "{why}");
    }

    #[test]
    fn what_exports_nothing_to_run_is_no_command() {
        assert!(why_not(b"\0asm\x0d\0\x01\0").contains("it exports no wasi:cli/run"));
    }
}
