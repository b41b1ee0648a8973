//! `plugin-host XENON.wasm INPUT PLUGIN.wasm...`: runs these plugins with this input, all at once, each under the policy that lies
//! beside it, `PLUGIN.toml`. Outcomes go to standard output, the log to standard error.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::{env, fs};

use plugin_host::{Host, Plugin, Policy};
use wasmtime::error::Context;
use wasmtime::{Result, bail};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("plugin-host: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether all have succeeded.
fn run() -> Result<bool> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [xenon, input, plugins @ ..] = &arguments[..] else {
        bail!("usage: plugin-host XENON.wasm INPUT PLUGIN.wasm...")
    };
    let host = Host::new(read(xenon)?, Arc::new(|plugin, event| eprintln!("{plugin}: {event}")))?;
    let plugins: Vec<Plugin> = plugins.iter().map(|file| load(&host, Path::new(file))).collect::<Result<_>>()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let all_succeeded = runtime.block_on(async {
        let started: Vec<_> = plugins
            .into_iter()
            .map(|plugin| {
                let input = input.clone();
                tokio::spawn(async move { (plugin.run(&input).await, plugin) })
            })
            .collect();
        let mut all_succeeded = true;
        for run in started {
            let (outcome, plugin) = run.await?;
            all_succeeded &= outcome.is_ok();
            match outcome {
                Ok(output) => println!("{}: {}", plugin.name(), output.escape_debug()),
                Err(failure) => println!("{}: {failure}", plugin.name()),
            }
        }
        Ok(all_succeeded)
    });
    // A lookup that a plugin gave up may still be under way; it is not waited for.
    runtime.shutdown_background();
    all_succeeded
}

fn load(host: &Host, file: &Path) -> Result<Plugin> {
    let policy = file.with_extension("toml");
    let text = String::from_utf8(read(&policy)?)?;
    let policy = Policy::parse(&text).with_context(|| policy.display().to_string())?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    host.load(&name, &read(file)?, policy).with_context(|| file.display().to_string())
}

fn read(file: impl AsRef<Path>) -> Result<Vec<u8>> {
    fs::read(&file).with_context(|| file.as_ref().display().to_string())
}
