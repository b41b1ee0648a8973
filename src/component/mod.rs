//! The faces of the component: WIT exports over [`crate::session`] and a network of WASI. They lift, call and lower, and have no
//! logic of their own.

mod wasip2;
