//! Cookies through a whole jar, by the rules of RFC 6265bis. Many of the cases are those of the web platform's tests and of the suite
//! that RFC 6265 was written with, told again.

mod dafsa;
mod domains;
mod files;
mod floods;
mod lifetimes;
mod parsing;
mod paths;
mod security;
mod suffixes;
mod support;
