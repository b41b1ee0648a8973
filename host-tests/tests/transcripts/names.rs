//! The words of transcripts for what the session has, over the component's exports.

use std::fmt::Debug;
use std::time::Duration;

use crate::component::{AddressFamily, Deadlines, Error, Session};
use crate::format::Setting;
use crate::parser::duration;

/// Changes a session's setting. Times become this much shorter.
pub(crate) fn set(session: &Session, Setting { line, name, value }: &Setting, pace: u32) -> Result<(), String> {
    let number = || value.parse::<u32>().map_err(|_| format!("line {line}: {value:?} is no number"));
    let time = || duration(value).map(|time| nanos(time / pace)).map_err(|what| format!("line {line}: {what}"));
    let unknown = || Err(format!("line {line}: there is no setting {name:?} with {value:?}"));
    let done: Result<(), Error> = if let Some(name) = name.strip_prefix("deadlines.") {
        let mut all = session.deadlines();
        *match name {
            "lookup" => &mut all.lookup,
            "attempt" => &mut all.attempt,
            "connect" => &mut all.connect,
            "write" => &mut all.write,
            "first-byte" => &mut all.first_byte,
            "between-bytes" => &mut all.between_bytes,
            "expect-continue" => &mut all.expect_continue,
            "exchange" => &mut all.exchange,
            _ => return unknown(),
        } = time()?;
        session.set_deadlines(all);
        Ok(())
    } else if name == "limits.decoded-content" {
        let most = u64::from(number()?);
        session.change_options(|options| options.set_max_decoded_content(most));
        Ok(())
    } else if let Some(name) = name.strip_prefix("limits.") {
        let mut all = session.limits();
        *match name {
            "connections" => &mut all.connections,
            "field-lines" => &mut all.field_lines,
            "line-length" => &mut all.line_length,
            "head-length" => &mut all.head_length,
            "interim-responses" => &mut all.interim_responses,
            "drained" => &mut all.drained,
            "events" => &mut all.events,
            _ => return unknown(),
        } = number()?;
        session.set_limits(all);
        Ok(())
    } else {
        match (name.as_str(), value.as_str()) {
            ("scheme" | "host" | "port", _) | ("ways", "whole") => Ok(()),
            ("user-agent", "none") => session.change_options(|options| options.set_user_agent(None)),
            ("user-agent", "default") => session
                .change_options(|options| options.set_user_agent(Some(concat!("xenon/", env!("CARGO_PKG_VERSION"))))),
            ("user-agent", _) => session.change_options(|options| options.set_user_agent(Some(value))),
            ("persistent", "yes" | "no") => {
                session.change_options(|options| options.set_persistent(value == "yes"));
                Ok(())
            }
            ("decoding", "yes" | "no") => {
                session.change_options(|options| options.set_decoding(value == "yes"));
                Ok(())
            }
            ("family", "ipv4" | "ipv6") => {
                session.change_options(|options| {
                    options.set_address_family(if value == "ipv4" { AddressFamily::Ipv4 } else { AddressFamily::Ipv6 })
                });
                Ok(())
            }
            _ => return unknown(),
        }
    };
    done.map_err(|error| format!("line {line}: {}", error.detail))
}

/// Makes those deadlines shorter that a transcript can wait for. Those of connecting stay: nothing here waits for them.
pub(crate) fn shorten(deadlines: Deadlines, pace: u32) -> Deadlines {
    let shorter = |nanos: u64| nanos / u64::from(pace);
    Deadlines {
        write: shorter(deadlines.write),
        first_byte: shorter(deadlines.first_byte),
        between_bytes: shorter(deadlines.between_bytes),
        expect_continue: shorter(deadlines.expect_continue),
        exchange: shorter(deadlines.exchange),
        ..deadlines
    }
}

/// Whether a case of an enumeration or variant has this name in the WIT.
pub(crate) fn is_named(case: &impl Debug, name: &str) -> bool {
    is_same_name(&rust_name(case), name)
}

/// Whether Rust's name for a case is this name in the WIT. `HTTP-response-timeout` is `HttpResponseTimeout`: they are
/// compared without dashes, in any case.
pub(crate) fn is_same_name(rust: &str, wit: &str) -> bool {
    rust.eq_ignore_ascii_case(&wit.replace('-', ""))
}

/// The name of a case of an enumeration or variant, without what it holds.
pub(crate) fn rust_name(case: &impl Debug) -> String {
    let shown = format!("{case:?}");
    shown.split('(').next().unwrap_or_default().rsplit("::").next().unwrap_or_default().to_owned()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
