//! What the command line asks for.

use std::path::PathBuf;
use std::time::Duration;

use crate::names::Name;

/// What the command understands.
pub(crate) const USAGE: &str = "\
usage: bench [--plain|--tls] [--quick] [--only WHAT] [--alone NAME] [--beside FOLDER]

  --plain, --tls   only what is measured without TLS, or only what is measured over it; --alone is without it if nothing is said
  --quick          a few short rounds: shows that everything runs, and measures nothing well
  --only WHAT      only requests, bytes (or only those down, or up), or the service
  --alone NAME     runs one contestant for ten seconds and prints nothing, for a profiler (wasmtime writes a map for perf):
                   native, raw, send, get, read, read-words, write, direct, send-wasip3, get-wasip3, client, client-of-host,
                   wasi-http, service or service-of-host, and over TLS also crypto, neon or curl. It does the first that it
                   can of requests, a download and an upload; --only says otherwise
  --beside FOLDER  measures also the guests of another build, which are in this folder (its target/component), or in its
                   place with --alone";

/// What to measure.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) plain: bool,
    pub(crate) tls: bool,
    pub(crate) only: Only,
    pub(crate) alone: Option<Name>,
    pub(crate) beside: Option<PathBuf>,
    pub(crate) effort: Effort,
    /// The same for what is measured over TLS.
    pub(crate) tls_effort: Effort,
}

/// Of what is measured, what is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Only {
    pub(crate) requests: bool,
    /// Bytes down.
    pub(crate) down: bool,
    /// Bytes up.
    pub(crate) up: bool,
    pub(crate) service: bool,
}

impl Only {
    const NOTHING: Self = Self { requests: false, down: false, up: false, service: false };
    const ALL: Self = Self { requests: true, down: true, up: true, service: true };

    /// Whether any of it is measured over TLS.
    pub(crate) fn is_known_to_tls(self) -> bool {
        Self { service: false, ..self } != Self::NOTHING
    }

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "requests" => Self { requests: true, ..Self::NOTHING },
            "bytes" => Self { down: true, up: true, ..Self::NOTHING },
            "down" => Self { down: true, ..Self::NOTHING },
            "up" => Self { up: true, ..Self::NOTHING },
            "service" => Self { service: true, ..Self::NOTHING },
            _ => return None,
        })
    }
}

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// How long one contestant runs in one round, more or less.
    pub(crate) slice: Duration,
    pub(crate) alone: Duration,
}

/// Many short rounds are better than a few long ones: what disturbs a round disturbs few of them.
const THOROUGH: Effort = Effort { rounds: 15, slice: Duration::from_millis(400), alone: Duration::from_secs(10) };

/// There is more to measure, and it takes longer.
const THOROUGH_TLS: Effort = Effort { rounds: 11, slice: Duration::from_millis(300), ..THOROUGH };

const QUICK: Effort = Effort { rounds: 3, slice: Duration::from_millis(40), alone: Duration::from_millis(500) };

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            plain: true,
            tls: true,
            only: Only::ALL,
            alone: None,
            beside: None,
            effort: THOROUGH,
            tls_effort: THOROUGH_TLS,
        };
        let mut arguments = arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            match argument {
                "--plain" => options.tls = false,
                "--tls" => options.plain = false,
                "--quick" => (options.effort, options.tls_effort) = (QUICK, QUICK),
                "--only" => {
                    let only = arguments.next().and_then(Only::parse);
                    options.only = only.ok_or("--only is followed by requests, bytes, down, up or service")?;
                }
                "--alone" => {
                    let name = arguments.next().and_then(Name::from_short);
                    options.alone = Some(name.ok_or("--alone is followed by the name of a contestant")?);
                }
                "--beside" => {
                    let folder = arguments.next().ok_or("--beside is followed by a folder")?;
                    options.beside = Some(folder.into());
                }
                other => return Err(format!("{other} is not understood")),
            }
        }
        if !options.plain && !options.tls {
            return Err("--plain and --tls exclude each other".to_owned());
        }
        if options.alone.is_some() && options.plain {
            options.tls = false;
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn all_is_measured_unless_something_else_is_said() {
        assert!(parse("").is_ok_and(|it| it.plain && it.tls && it.only == Only::ALL && it.effort == THOROUGH));
        assert!(parse("--tls").is_ok_and(|it| !it.plain && it.tls && it.tls_effort == THOROUGH_TLS));
        assert!(parse("--plain").is_ok_and(|it| it.plain && !it.tls));
        assert!(parse("--tls --alone neon").is_ok_and(|it| it.alone == Some(Name::Neon) && it.tls));
        let bytes = Only { down: true, up: true, ..Only::NOTHING };
        assert!(parse("--quick --only bytes").is_ok_and(|it| it.only == bytes && it.effort == QUICK));
        for (word, only) in [
            ("requests", Only { requests: true, ..Only::NOTHING }),
            ("down", Only { down: true, ..Only::NOTHING }),
            ("up", Only { up: true, ..Only::NOTHING }),
            ("service", Only { service: true, ..Only::NOTHING }),
        ] {
            assert!(parse(&format!("--only {word}")).is_ok_and(|it| it.only == only), "{word}");
        }
        assert!(parse("--alone raw").is_ok_and(|it| it.alone == Some(Name::Raw) && !it.tls));
    }

    #[test]
    fn mistakes_are_told() {
        for line in ["--only", "--only all", "--alone nobody", "--beside", "--fast", "--tls --plain"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
