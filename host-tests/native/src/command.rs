//! Runs a command component. It gets the network, the files that its options name, standard streams, arguments, and the
//! environment's variables about proxies. It gets no other variable and no other file.
//!
//! Users see no backtrace: an internal failure is one line and the exit code `INTERNAL_ERROR`.

use std::fmt::Display;

use wasmtime::component::{Component, Instance, Linker};
use wasmtime::{Config, Engine, Result, Store, format_err};
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxBuilder};
use xenon_cli_options::VARIABLES;
use xenon_cli_options::escape::{ESCAPED, escaped};

use crate::ahead::Embedded;
use crate::engines;
use crate::host::{self, Host};
use crate::named_files::{self, NamedFiles};

/// The exit code of an internal failure of the command or its host, which is a bug: `EX_SOFTWARE` of `sysexits.h`. In curl, HTTP
/// never leads to this code.
pub const INTERNAL_ERROR: i32 = 70;

/// What a command exports that can say more than that it failed. `wasi:cli/run` cannot, and is called where this is missing.
const WITH_EXIT_CODE: &str = "run-with-exit-code";

/// Runs the command of this name and returns its exit code. Its arguments are bytes, which it receives as text (`escape`).
///
/// The calling thread must not belong to an asynchronous runtime. The process should exit when this returns: an abandoned name
/// lookup may still be running on another thread, and so may the reader of an abandoned pipe.
pub fn run(name: &str, component: Embedded, arguments: &[Vec<u8>]) -> i32 {
    let outcome = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(wasmtime::Error::from);
    let outcome = outcome.and_then(|runtime| {
        let code = runtime.block_on(start(component, arguments));
        // Without this, dropping it waits for lookups.
        runtime.shutdown_background();
        code
    });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            let command = name.strip_suffix("-cli").unwrap_or(name);
            eprintln!("{command}: ({INTERNAL_ERROR}) internal error: {}", one_line(error.root_cause()));
            INTERNAL_ERROR
        }
    }
}

async fn start(component: Embedded, arguments: &[Vec<u8>]) -> Result<i32> {
    let load = |config| -> Result<(Engine, Component)> {
        let engine = Engine::new(&config)?;
        let component = component.load(&engine)?;
        Ok((engine, component))
    };
    let (engine, component) = load(engines::for_command())?;
    let (mut store, instance) = match instantiate(&engine, &component, arguments).await {
        Ok(instantiated) => instantiated,
        // What it needs is mostly room for memories that never come to be so large, and there may be a bound (`ulimit -v`).
        Err(_) => {
            let (engine, component) = load(thrifty())?;
            instantiate(&engine, &component, arguments).await.map_err(|error| {
                let why = one_line(error.root_cause());
                format_err!("{why}; is there a bound on the address space of a process (ulimit -v)?")
            })?
        }
    };
    let outcome = match instance.get_typed_func::<(), (u8,)>(&mut store, WITH_EXIT_CODE) {
        Ok(run) => run.call_async(&mut store, ()).await.map(|(code,)| i32::from(code)),
        Err(_) => {
            let command = Command::new(&mut store, &instance)?;
            command.wasi_cli_run().call_run(&mut store).await.map(|outcome| if outcome.is_ok() { 0 } else { 1 })
        }
    };
    // `wasi:cli/exit` ends a command by a trap that carries the code.
    outcome.or_else(|error| error.downcast_ref::<I32Exit>().map(|exit| exit.0).ok_or(error))
}

async fn instantiate(engine: &Engine, component: &Component, arguments: &[Vec<u8>]) -> Result<(Store<Host>, Instance)> {
    let mut linker = Linker::new(engine);
    host::add_wasip2_to_linker(&mut linker)?;
    named_files::add_to_linker(&mut linker, Host::named_files)?;
    let host = Host::new(context(arguments), NamedFiles::of_line(arguments));
    let mut store = Store::new(engine, host);
    let instance = linker.instantiate_async(&mut store, component).await?;
    Ok((store, instance))
}

/// What asks for little address space. The code is not what was compiled ahead of time then.
fn thrifty() -> Config {
    let mut config = engines::for_command();
    host::spare_address_space(&mut config);
    config
}

fn context(arguments: &[Vec<u8>]) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    builder.arg(ESCAPED);
    for argument in arguments {
        builder.arg(escaped(argument));
    }
    builder.inherit_stdio();
    for name in VARIABLES {
        if let Some(value) = std::env::var_os(name) {
            builder.env(name, escaped(value.as_encoded_bytes()));
        }
    }
    builder.inherit_network().allow_tcp(true).allow_udp(false).allow_ip_name_lookup(true);
    builder.build()
}

/// The first line of this text.
fn one_line(error: impl Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_run_is_an_internal_error() {
        assert_eq!(run("xenon-test", Embedded::new(b"no component"), &[]), INTERNAL_ERROR);
        // A component, and no command.
        assert_eq!(run("xenon-test", Embedded::new(b"\0asm\x0d\0\x01\0"), &[]), INTERNAL_ERROR);
    }

    #[test]
    fn what_is_told_is_one_line() {
        assert_eq!(one_line("wasm trap: unreachable\nwasm backtrace:\n  0: f"), "wasm trap: unreachable");
        assert_eq!(one_line(""), "");
    }
}
