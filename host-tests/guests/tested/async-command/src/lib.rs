//! A program over WASI 0.3 that shows what it was given. Its first argument says what it does.

use bindings::wasi::cli::{environment, exit, stdin, stdout};
use bindings::wasi::clocks::monotonic_clock;
use bindings::wasi::filesystem::preopens;
use bindings::wasi::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};
use bindings::wasi::sockets::ip_name_lookup;
use bindings::{Program, wit_stream};
use wit_bindgen::{StreamReader, StreamResult};

#[allow(unsafe_code, missing_docs, clippy::all, reason = "wit-bindgen's, not ours")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package tested:async-command;

            world program {
                import wasi:cli/environment@0.3.0;
                import wasi:cli/exit@0.3.0;
                import wasi:cli/stdin@0.3.0;
                import wasi:cli/stdout@0.3.0;
                import wasi:clocks/monotonic-clock@0.3.0;
                import wasi:filesystem/preopens@0.3.0;
                import wasi:sockets/ip-name-lookup@0.3.0;
                export wasi:cli/run@0.3.0;
            }
        ",
        path: [
            "../../../../wit/0.3/deps/random.wit",
            "../../../../wit/0.3/deps/clocks.wit",
            "../../../../wit/0.3/deps/filesystem.wit",
            "../../../../wit/0.3/deps/sockets.wit",
            "../../../../wit/0.3/deps/cli.wit",
        ],
        world: "tested:async-command/program",
        generate_all,
    });

    export!(Program with_types_in self);

    pub(super) struct Program;
}

impl bindings::exports::wasi::cli::run::Guest for Program {
    async fn run() -> Result<(), ()> {
        let arguments = environment::get_arguments();
        let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
        match words[..] {
            ["arguments", ..] => print(format!("{arguments:?}\n")).await,
            ["variables"] => print(format!("{:?}\n", environment::get_environment())).await,
            ["input"] => print(read(stdin::read_via_stream().0).await).await,
            ["read", name] => print(file(name).await).await,
            ["look-up", name] => {
                let addresses = ip_name_lookup::resolve_addresses(name.to_owned()).await;
                print(format!("{addresses:?}\n")).await;
            }
            ["wait"] => monotonic_clock::wait_for(1_000_000).await,
            ["wait-long"] => monotonic_clock::wait_for(3_600_000_000_000).await,
            ["exit", code] => exit::exit_with_code(code.parse().map_err(drop)?),
            ["panic"] => panic!("as it was told"),
            _ => return Err(()),
        }
        Ok(())
    }
}

/// The content of a file in the first folder, or what is wrong with it.
async fn file(name: &str) -> Vec<u8> {
    let Some((folder, _)) = preopens::get_directories().into_iter().next() else { return b"no folder\n".to_vec() };
    match folder.open_at(PathFlags::empty(), name.to_owned(), OpenFlags::empty(), DescriptorFlags::READ).await {
        Ok(file) => read(file.read_via_stream(0).0).await,
        Err(error) => format!("{error:?}\n").into_bytes(),
    }
}

async fn read(mut from: StreamReader<u8>) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let (status, piece) = from.read(Vec::with_capacity(4096)).await;
        all.extend(piece);
        if !matches!(status, StreamResult::Complete(_)) {
            return all;
        }
    }
}

async fn print(text: impl Into<Vec<u8>>) {
    let (mut into, from) = wit_stream::new();
    let printed = stdout::write_via_stream(from);
    into.write_all(text.into()).await;
    drop(into);
    let _ = printed.await;
}
