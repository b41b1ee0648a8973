//! A program over WASI 0.2 that shows what it was given. Its first argument says what it does.

#![allow(clippy::unit_arg, reason = "each arm is a line")]

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::{ExitCode, exit};
use std::{env, fs, io};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let outcome = match words[..] {
        ["arguments", ..] => Ok(println!("{arguments:?}")),
        ["variables"] => Ok(println!("{:?}", env::vars().collect::<Vec<_>>())),
        ["input"] => io::copy(&mut io::stdin(), &mut io::stdout()).map(drop),
        ["errors"] => io::stderr().write_all(b"an error\n"),
        ["read", name] => fs::read_to_string(name).map(|text| print!("{text}")),
        ["write", name, text] => fs::write(name, text),
        ["look-up", name] => {
            (name, 80).to_socket_addrs().map(|addresses| println!("{:?}", addresses.collect::<Vec<_>>()))
        }
        ["connect", port] => connect(port).map(|text| print!("{text}")),
        ["fail"] => return ExitCode::FAILURE,
        ["exit", code] => exit(code.parse().unwrap_or(0)),
        ["panic"] => panic!("as it was told"),
        ["recurse"] => Ok(println!("{}", recurse(u64::MAX))),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{:?}", error.kind());
            ExitCode::FAILURE
        }
    }
}

fn connect(port: &str) -> io::Result<String> {
    let mut text = String::new();
    TcpStream::connect(("127.0.0.1", port.parse().unwrap_or(0)))?.read_to_string(&mut text)?;
    Ok(text)
}

/// Recurses until there is no stack.
#[inline(never)]
fn recurse(depth: u64) -> u64 {
    if depth == 0 { 0 } else { std::hint::black_box(recurse(depth - 1)) + 1 }
}
