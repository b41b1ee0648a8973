//! Built by `cargo component build`, which writes bindings.rs.

#[allow(warnings)]
mod bindings;

#[path = "../../get.rs"]
mod get;

fn main() -> Result<(), bindings::xenon::http::types::Error> {
    get::main()
}
