//! Feeds libFuzzer's inputs to the check of the same name.
#![no_main]
#![allow(unsafe_code, reason = "the unmangled name that libFuzzer calls")]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| xenon_fuzz::redirects::check(bytes));
