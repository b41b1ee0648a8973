//! Runs a program of somebody else's: a command component over WASI 0.2 or 0.3.
//!
//! It must not give the program anything but what the caller's context has, and the types of `wasi:http`, which hold requests and
//! responses and send nothing.

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, Error, Store};
use wasmtime_wasi::{I32Exit, WasiCtx, p2, p3};
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

use xenon_native::command::INTERNAL_ERROR;
use xenon_native::host::{self, Host};
use xenon_native::named_files::NamedFiles;

use crate::refusal::Refusal;

/// Runs the program, whose name is for messages, and returns its exit code.
///
/// The calling thread must not belong to an asynchronous runtime. The process should exit when this returns: an abandoned name
/// lookup may still be running on another thread.
pub(crate) fn run(name: &str, file: &[u8], wasi: WasiCtx) -> Result<i32, Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Refusal::new(INTERNAL_ERROR, error))?;
    let outcome = runtime.block_on(start(name, file, wasi));
    // Without this, dropping it waits for lookups.
    runtime.shutdown_background();
    outcome
}

async fn start(name: &str, file: &[u8], wasi: WasiCtx) -> Result<i32, Refusal> {
    let (engine, command) = load(file)
        .map_err(|error| Refusal::new(Refusal::NO_PROGRAM, format!("{name} cannot be run: {}", why(&error))))?;
    let store = Store::new(&engine, Host::new(wasi, NamedFiles::default()));
    let outcome = command.run(store).await;
    let outcome = outcome.or_else(|error| error.downcast_ref::<I32Exit>().map(|exit| exit.0).ok_or(error));
    outcome.map_err(|error| Refusal::new(Refusal::TRAP, format!("{name} trapped: {}", error.root_cause())))
}

/// Compiles and links a program.
fn load(file: &[u8]) -> Result<(Engine, Command), Error> {
    let engine = Engine::new(Config::new().wasm_component_model_async(true))?;
    let component = Component::new(&engine, file)?;
    let mut linker = Linker::new(&engine);
    host::add_wasip2_to_linker(&mut linker)?;
    p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::bindings::http::types::add_to_linker::<Host, WasiHttp>(&mut linker, Host::http)?;
    Ok((engine, Command::of(linker.instantiate_pre(&component)?)?))
}

/// A program, by the version of WASI in which it exports `wasi:cli/run`.
enum Command {
    Blocking(p2::bindings::CommandPre<Host>),
    Async(p3::bindings::CommandPre<Host>),
}

impl Command {
    fn of(linked: InstancePre<Host>) -> Result<Self, Error> {
        match p3::bindings::CommandPre::new(linked.clone()) {
            Ok(command) => Ok(Self::Async(command)),
            Err(_) => Ok(Self::Blocking(p2::bindings::CommandPre::new(linked)?)),
        }
    }

    async fn run(self, mut store: Store<Host>) -> Result<i32, Error> {
        let outcome = match self {
            Self::Blocking(command) => {
                let command = command.instantiate_async(&mut store).await?;
                command.wasi_cli_run().call_run(&mut store).await?
            }
            Self::Async(command) => {
                let command = command.instantiate_async(&mut store).await?;
                store.run_concurrent(async |store| command.wasi_cli_run().call_run(store).await).await??
            }
        };
        Ok(if outcome.is_ok() { 0 } else { 1 })
    }
}

/// An error and what it comes from, in one line.
fn why(error: &Error) -> String {
    format!("{error:#}").lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
