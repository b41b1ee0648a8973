//! Resources of the component as types, each dropped in the component when it is dropped here.

use wasmtime::component::ResourceAny;

use super::Guest;

/// A handle, and the instance that it belongs to.
pub(super) struct Handle {
    pub(super) guest: Guest,
    pub(super) resource: ResourceAny,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.guest.0.is_dead.get() {
            self.guest.call(async |store, _| self.resource.resource_drop_async(store).await);
        }
    }
}

/// Makes a type of a resource, with functions that take and give what the WIT says.
macro_rules! resource {
    (
        $(#[$about:meta])*
        $name:ident in $module:ident.$interface:ident {
            $($(#[$what:meta])* $function:ident = $call:ident($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)*
        }
    ) => {
        $(#[$about])*
        pub struct $name(pub(super) Handle);

        impl $name {
            $(
                $(#[$what])*
                pub fn $function(&self $(, $argument: $type)*) $(-> $answer)? {
                    let handle = self.handle();
                    self.0.guest.call(async |store, client| {
                        client.$module().$interface().$call(store, handle $(, $argument)*).await
                    })
                }
            )*

            pub(super) fn handle(&self) -> ResourceAny {
                self.0.resource
            }

            #[allow(dead_code)]
            pub(super) fn adopt(guest: &Guest, resource: ResourceAny) -> $name {
                $name(Handle { guest: guest.clone(), resource })
            }
        }
    };
}

pub(super) use resource;
