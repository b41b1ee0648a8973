//! A name that only the proxies know: a client that fetches from it has left the lookup to the proxy.
//!
//! The system's own tables of names must not be touched. squid and v2ray have tables of their own; for those that ask the C
//! library there is `libnss_wrapper`, made for tests, which has the library read another file.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::find_file;

/// An origin at 127.0.0.1. No name server knows it: RFC 6761 section 6.2 sees to that.
pub const ORIGIN: &str = "origin.test";

/// What `/etc/hosts` would have.
pub(crate) fn hosts() -> String {
    format!("127.0.0.1 {ORIGIN}\n")
}

/// Where the wrapper is; none where it is not installed, as with `program::find`.
pub(crate) fn find_wrapper() -> Option<PathBuf> {
    let architecture = PathBuf::from(format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH));
    find_file("libnss_wrapper.so", [architecture, "/usr/lib64".into(), "/usr/lib".into(), "/usr/local/lib".into()])
}

/// Has what runs by this command know the names in this file, and no others.
pub(crate) fn wrap(command: &mut Command, wrapper: &Path, hosts: &Path) {
    command.env("LD_PRELOAD", wrapper).env("NSS_WRAPPER_HOSTS", hosts);
}
