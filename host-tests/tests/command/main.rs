//! The `xenon` command as a person runs it: the native program, its arguments, files and streams, and its exit codes.

mod basics;
mod codings;
mod cookies;
mod files;
mod heads;
mod limits;
mod pipes;
mod redirects;
mod support;
mod text;
mod urls;
