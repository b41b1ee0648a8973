//! How large the component is: whoever composes it pays for that.

use xenon_harness::component::bytes;

/// A mebibyte and a twentieth.
const MOST: usize = (1 << 20) / 20 * 21;

#[test]
fn the_component_is_at_most_a_mebibyte_and_a_twentieth() {
    let size = bytes().len();
    println!("\n| the component | {size} bytes |");
    assert!(size <= MOST, "{size} bytes");
}
