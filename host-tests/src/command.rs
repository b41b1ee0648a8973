//! Runs a component that is a command, with the network, the folders it is given, standard streams, arguments, and what the
//! environment says of proxies, and nothing else: no other variable, no other file.
//!
//! It must not show people a backtrace: a command that fails inside is one line and the exit code `INTERNAL_ERROR`.

use std::fmt::Display;

use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Engine, Result, Store};
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::ahead::Embedded;
use crate::engines;
use crate::folders::Folder;

/// The exit code when the command or its host failed inside, which is a mistake of ours: `EX_SOFTWARE` of `sysexits.h`,
/// and with curl a code that HTTP never gives.
pub const INTERNAL_ERROR: i32 = 70;

/// What a command exports that can say more than that it failed. `wasi:cli/run` cannot, and is called where this is missing.
const WITH_EXIT_CODE: &str = "run-with-exit-code";

/// Runs the command of this name and answers its exit code.
///
/// The calling thread must be no thread of an asynchronous runtime. When this returns the process should exit: a name
/// lookup that the command has given up may still be under way on another thread.
pub fn run(name: &str, component: Embedded, arguments: &[String], folders: &[Folder]) -> i32 {
    let outcome = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(wasmtime::Error::from);
    let outcome = outcome.and_then(|runtime| {
        let code = runtime.block_on(start(name, component, arguments, folders));
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

async fn start(name: &str, component: Embedded, arguments: &[String], folders: &[Folder]) -> Result<i32> {
    let engine = Engine::new(&engines::for_command())?;
    let component = component.load(&engine)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let mut store = Store::new(&engine, Host { wasi: context(name, arguments, folders), table: ResourceTable::new() });
    let instance = linker.instantiate_async(&mut store, &component).await?;
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

/// What the command is given of the environment.
const VARIABLES: [&str; 7] =
    ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

fn context(name: &str, arguments: &[String], folders: &[Folder]) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    builder.arg(name).args(arguments);
    builder.inherit_stdio();
    for name in VARIABLES {
        if let Ok(value) = std::env::var(name) {
            builder.env(name, value);
        }
    }
    builder.inherit_network().allow_tcp(true).allow_udp(false).allow_ip_name_lookup(true);
    // The command has nothing to do while a file is read or written.
    builder.allow_blocking_current_thread(true);
    for folder in folders {
        let permissions = if folder.is_writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
        // A folder that is not there is not given, and the command says that it cannot open the file.
        let _ = builder.preopened_dir(&folder.path, &folder.path, permissions);
    }
    builder.build()
}

struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The first line of what this says.
fn one_line(error: impl Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_run_is_an_internal_error() {
        assert_eq!(run("xenon-test", Embedded::new(b"no component"), &[], &[]), INTERNAL_ERROR);
        // A component, and no command.
        assert_eq!(run("xenon-test", Embedded::new(b"\0asm\x0d\0\x01\0"), &[], &[]), INTERNAL_ERROR);
    }

    #[test]
    fn what_is_told_is_one_line() {
        assert_eq!(one_line("wasm trap: unreachable\nwasm backtrace:\n  0: f"), "wasm trap: unreachable");
        assert_eq!(one_line(""), "");
    }
}
