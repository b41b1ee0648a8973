//! All timeouts and all limits of a session at once, for tests that change some of them.

use super::{Options, Session, TlsConfig};

/// Values that have a getter and a setter each.
macro_rules! values {
    ($(#[$about:meta])* $name:ident { $($field:ident: $type:ty, $get:ident $set:ident;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub struct $name {
            $(pub $field: $type,)*
        }

        impl $name {
            fn of(options: &Options) -> $name {
                $name { $($field: options.$get(),)* }
            }

            fn set_in(&self, options: &Options) {
                $(options.$set(self.$field);)*
            }
        }
    };
}

values! {
    /// All timeouts of options.
    Deadlines {
        lookup: u64, lookup_timeout set_lookup_timeout;
        attempt: u64, attempt_timeout set_attempt_timeout;
        connect: u64, connect_timeout set_connect_timeout;
        handshake: u64, handshake_timeout set_handshake_timeout;
        proxy: u64, proxy_timeout set_proxy_timeout;
        write: u64, write_timeout set_write_timeout;
        first_byte: u64, first_byte_timeout set_first_byte_timeout;
        between_bytes: u64, between_bytes_timeout set_between_bytes_timeout;
        expect_continue: u64, expect_continue_timeout set_expect_continue_timeout;
        exchange: u64, exchange_timeout set_exchange_timeout;
    }
}

values! {
    /// All limits of options.
    Limits {
        connections: u32, max_connections set_max_connections;
        field_lines: u32, max_field_lines set_max_field_lines;
        line_length: u32, max_line_length set_max_line_length;
        head_length: u32, max_head_length set_max_head_length;
        interim_responses: u32, max_interim_responses set_max_interim_responses;
        drained: u32, max_drained set_max_drained;
        addresses: u32, max_addresses set_max_addresses;
        whole_content: u64, max_whole_content set_max_whole_content;
        decoded_content: u64, max_decoded_content set_max_decoded_content;
        events: u32, max_events set_max_events;
    }
}

impl Session {
    /// Takes the options, lets this change them, and sets them again.
    pub fn change_options<T>(&self, change: impl FnOnce(&Options) -> T) -> T {
        let options = self.options();
        let outcome = change(&options);
        self.set_options(&options);
        outcome
    }

    /// The same for the TLS configuration in them.
    pub fn change_tls<T>(&self, change: impl FnOnce(&TlsConfig) -> T) -> T {
        self.change_options(|options| {
            let tls = options.tls();
            let outcome = change(&tls);
            options.set_tls(&tls);
            outcome
        })
    }

    /// All timeouts.
    pub fn deadlines(&self) -> Deadlines {
        Deadlines::of(&self.options())
    }

    /// Sets all timeouts.
    pub fn set_deadlines(&self, deadlines: Deadlines) {
        self.change_options(|options| deadlines.set_in(options));
    }

    /// All limits.
    pub fn limits(&self) -> Limits {
        Limits::of(&self.options())
    }

    /// Sets all limits.
    pub fn set_limits(&self, limits: Limits) {
        self.change_options(|options| limits.set_in(options));
    }
}
