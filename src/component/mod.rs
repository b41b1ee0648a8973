//! The component's faces: WIT exports over [`crate::session`] and a network of WASI. Glue only: lift, call, lower.

mod wasip2;
