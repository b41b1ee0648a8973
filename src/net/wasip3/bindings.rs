//! What wit-bindgen makes of the interfaces that the network is built on.

wit_bindgen::generate!({ path: "wit/0.3", world: "network", generate_all });
