//! How large the component is: whoever composes it pays for that.

use xenon_host::component::bytes;

/// A mebibyte.
const MOST: usize = 1 << 20;

#[test]
fn the_component_is_at_most_a_mebibyte() {
    let size = bytes().len();
    println!("\n| the component | {size} bytes |");
    assert!(size <= MOST, "{size} bytes");
}
