//! Loads a component whose machine code was made when this program was built, and is a part of it.
//!
//! No file is ever loaded as code: nobody who cannot change this executable can change what it runs.

use wasmtime::component::Component;
use wasmtime::{Engine, Result};

/// A component inside this program.
#[derive(Clone, Copy)]
pub struct Embedded {
    component: &'static [u8],
    compiled: &'static [u8],
}

impl Embedded {
    /// A component, and the machine code that `Engine::precompile_component` made of it when this program was built.
    ///
    /// # Safety
    ///
    /// `compiled` must be exactly that: it is run. [`embedded!`](crate::embedded) takes it from the folder of the build script.
    #[allow(unsafe_code)]
    pub const unsafe fn with_code(component: &'static [u8], compiled: &'static [u8]) -> Self {
        Self { component, compiled }
    }

    /// The component, and nothing compiled yet.
    pub const fn new(component: &'static [u8]) -> Self {
        Self { component, compiled: &[] }
    }

    /// The component's bytes.
    pub fn bytes(&self) -> &'static [u8] {
        self.component
    }

    /// Loads it. Where its machine code does not fit, because the processor lacks what that of the machine it was built on has,
    /// or because the engine is configured in another way, it is compiled now: slower to start, and the same from then on.
    pub fn load(&self, engine: &Engine) -> Result<Component> {
        if self.compiled.is_empty() {
            return Component::new(engine, self.component);
        }
        // SAFETY: this runs the machine code in `compiled`, so that must be what `Engine::precompile_component` gave,
        // unchanged. That is the promise of `with_code`, which alone makes a value of this type with any. wasmtime checks its own version, the engine's settings and the
        // processor's features in it.
        #[allow(unsafe_code)]
        let component = unsafe { Component::deserialize(engine, self.compiled) };
        component.or_else(|_| Component::new(engine, self.component))
    }
}

/// The component of this name that the build script of the crate has compiled: `embedded!("xenon-cli")`.
#[macro_export]
macro_rules! embedded {
    ($name:literal) => {{
        // SAFETY: the build script has just written this file, and the compiler makes it a constant of this executable.
        #[allow(unsafe_code)]
        unsafe {
            $crate::ahead::Embedded::with_code(
                include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm")),
                include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".cwasm")),
            )
        }
    }};
}

/// The command, composed with the component.
pub const COMMAND: Embedded = crate::embedded!("xenon-cli");

/// The tour, composed with the component.
pub const TOUR: Embedded = crate::embedded!("xenon-tour");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines;

    fn is_compiled_for(engine: &Engine, embedded: Embedded) -> bool {
        // SAFETY: as in `load`.
        #[allow(unsafe_code)]
        let component = unsafe { Component::deserialize(engine, embedded.compiled) };
        component.is_ok()
    }

    #[test]
    fn what_is_embedded_was_compiled_for_the_engine_that_runs_it() {
        let command = Engine::new(&engines::for_command()).unwrap();
        assert!(is_compiled_for(&command, COMMAND));
        assert!(is_compiled_for(&command, TOUR));
    }

    #[test]
    fn machine_code_that_does_not_fit_is_compiled_anew() {
        let other = Engine::new(engines::for_command().consume_fuel(true)).unwrap();
        assert!(!is_compiled_for(&other, TOUR));
        assert!(TOUR.load(&other).is_ok());
    }

    #[test]
    fn what_is_damaged_is_compiled_anew() {
        let engine = Engine::new(&engines::for_command()).unwrap();
        for compiled in [&b"damaged"[..], &TOUR.compiled[..100]] {
            assert!(Embedded { compiled, ..TOUR }.load(&engine).is_ok());
        }
    }
}
