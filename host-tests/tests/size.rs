//! How large the components are: whoever composes one pays for that.

use std::fs;
use std::path::PathBuf;

/// The component: a mebibyte and a twentieth.
const MOST: usize = (1 << 20) / 20 * 21;

/// Those over WASI 0.3: a mebibyte and a fifth.
const MOST_OVER_WASI_0_3: usize = (1 << 20) / 5 * 6;

fn size(file: PathBuf) -> usize {
    let size = fs::read(&file).unwrap().len();
    println!("\n| {} | {size} bytes |", file.file_name().unwrap().display());
    size
}

#[test]
fn the_component_is_at_most_a_mebibyte_and_a_twentieth() {
    let size = size(xenon_harness::guests().join("xenon.wasm"));
    assert!(size <= MOST, "{size} bytes");
}

#[test]
fn each_component_over_wasi_0_3_is_at_most_a_mebibyte_and_a_fifth() {
    use xenon_guests_wasip3::{bare_http_client, component, http_client};
    for file in [component(), http_client(), bare_http_client()] {
        let size = size(file);
        assert!(size <= MOST_OVER_WASI_0_3, "{size} bytes");
    }
}
