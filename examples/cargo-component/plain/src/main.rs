//! Built by `cargo build --target wasm32-wasip2`. A macro writes the bindings.

mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "imports", generate_all });
}

#[path = "../../get.rs"]
mod get;

fn main() -> Result<(), bindings::xenon::http::types::Error> {
    get::main()
}
