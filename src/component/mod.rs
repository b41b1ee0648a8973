//! The faces of the component: WIT exports over [`crate::session`] and a network of WASI. They lift, call and lower, and have no
//! logic of their own.

#[cfg(any(feature = "component-wasip3", feature = "http-client"))]
#[cfg_attr(
    not(all(feature = "component-wasip3", feature = "http-client")),
    allow(dead_code, unused_imports, reason = "the other face needs it")
)]
mod streams;
#[cfg(feature = "http-client")]
mod wasi_http;
#[cfg(feature = "component")]
mod wasip2;
#[cfg(feature = "component-wasip3")]
mod wasip3;
