//! How large the components are: whoever composes one pays for that.

use std::fs;
use std::path::PathBuf;

/// The component: 1.13 MiB.
const MOST: usize = (1 << 20) / 100 * 113;

/// The component with every feature: 1.4 MiB.
const MOST_OF_ALL: usize = (1 << 20) / 10 * 14;

/// Those over WASI 0.3: a mebibyte and a fifth.
const MOST_OVER_WASI_0_3: usize = (1 << 20) / 5 * 6;

fn size(file: PathBuf) -> usize {
    let size = fs::read(&file).unwrap().len();
    println!("\n| {} | {size} bytes |", file.file_name().unwrap().display());
    size
}

#[test]
fn the_component_and_what_its_features_cost() {
    let usual = size(xenon_harness::guests().join("xenon.wasm"));
    let full = size(xenon_guests_full::component());
    let bare = size(xenon_tested_guests::without_zstd());
    println!("\n| zstd costs | {} bytes |\n| br costs | {} bytes |", usual - bare, full - usual);
    println!("| room | {} bytes, with br {} bytes |", MOST.saturating_sub(usual), MOST_OF_ALL.saturating_sub(full));
    assert!(usual <= MOST, "{usual} bytes");
    assert!(full <= MOST_OF_ALL, "{full} bytes");
    assert!(bare < usual && usual < full);
}

#[test]
fn each_component_over_wasi_0_3_is_at_most_a_mebibyte_and_a_fifth() {
    use xenon_guests_wasip3::{bare_http_client, component, http_client};
    for file in [component(), http_client(), bare_http_client()] {
        let size = size(file);
        assert!(size <= MOST_OVER_WASI_0_3, "{size} bytes");
    }
}
