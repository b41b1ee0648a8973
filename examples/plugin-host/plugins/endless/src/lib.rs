//! A plugin that never ends, in the way that its input names.

wit_bindgen::generate!({ path: "../../wit" });

use std::hint::black_box;
use std::time::Duration;

struct Endless;
export!(Endless);

impl Guest for Endless {
    fn run(input: String) -> Result<String, String> {
        match input.as_str() {
            "compute" => loop {
                black_box(0);
            },
            "allocate" => {
                let mut all = Vec::new();
                loop {
                    all.push(black_box(vec![1_u8; 1 << 20]));
                }
            }
            "sleep" => loop {
                std::thread::sleep(Duration::from_secs(3600));
            },
            _ => Err("it can compute, allocate or sleep".into()),
        }
    }
}
