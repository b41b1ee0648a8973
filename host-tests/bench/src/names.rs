//! Who is measured: what people call them, and what each is made of.

use crate::contestants::Kind;
use crate::guest::Function;
use crate::loader::Source;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// A native program with a blocking socket.
    Native,
    /// A component with nothing but a loop over `wasi:sockets`.
    Raw,
    /// Xenon, by `request.send` and `response.read-to-end`.
    XenonSend,
    /// Xenon, by `session.get`.
    XenonGet,
    /// Xenon, by `request.send` and `response.read`.
    XenonRead,
    /// Xenon, by `request.send` and `response.read-words`.
    XenonWords,
    /// Xenon, by `request.start` and `exchange.write`.
    XenonWrite,
    /// Xenon, called by the host as a plugin is, with no other component between: `request.send` and `response.read`,
    /// or `request.start` and `exchange.write`.
    XenonDirect,
    /// Xenon over WASI 0.3, by `request.send` and content as a stream.
    Wasip3Send,
    /// Xenon over WASI 0.3, by `session.get`.
    Wasip3Get,
    /// A program that uses `wasi:http/client`, with Xenon under it.
    ClientOverXenon,
    /// The same program with the client that wasmtime has.
    ClientOfHost,
    /// `wasi:http` over WASI 0.2, as wasmtime implements it.
    WasiHttp,
    /// A service that forwards what it gets, with Xenon under it.
    ServiceOverXenon,
    /// The same service with the client that wasmtime has.
    ServiceOfHost,
    /// The cryptography of TLS in a component, without a network.
    Crypto,
    /// A native program with neon.
    Neon,
    /// A native program with curl's library.
    Curl,
}

impl Name {
    const ALL: [Self; 18] = [
        Self::Native,
        Self::Raw,
        Self::XenonSend,
        Self::XenonGet,
        Self::XenonRead,
        Self::XenonWords,
        Self::XenonWrite,
        Self::XenonDirect,
        Self::Wasip3Send,
        Self::Wasip3Get,
        Self::ClientOverXenon,
        Self::ClientOfHost,
        Self::WasiHttp,
        Self::ServiceOverXenon,
        Self::ServiceOfHost,
        Self::Crypto,
        Self::Neon,
        Self::Curl,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native socket",
            Self::Raw => "raw wasi:sockets",
            Self::XenonSend => "Xenon, send and read-to-end",
            Self::XenonGet => "Xenon, get",
            Self::XenonRead => "Xenon, send and read",
            Self::XenonWords => "Xenon, send and read-words",
            Self::XenonWrite => "Xenon, start and write",
            Self::XenonDirect => "Xenon, called by the host",
            Self::Wasip3Send => "Xenon over WASI 0.3, send",
            Self::Wasip3Get => "Xenon over WASI 0.3, get",
            Self::ClientOverXenon => "wasi:http/client over Xenon",
            Self::ClientOfHost => "wasi:http/client of the host",
            Self::WasiHttp => "wasi:http",
            Self::ServiceOverXenon => "Xenon under the service",
            Self::ServiceOfHost => "the host's client",
            Self::Crypto => "cryptography alone, in wasm",
            Self::Neon => "native neon",
            Self::Curl => "native curl",
        }
    }

    pub(crate) fn is_xenon(self) -> bool {
        matches!(
            self,
            Self::XenonSend
                | Self::XenonGet
                | Self::XenonRead
                | Self::XenonWords
                | Self::XenonWrite
                | Self::XenonDirect
                | Self::Wasip3Send
                | Self::Wasip3Get
                | Self::ClientOverXenon
                | Self::ServiceOverXenon
        )
    }

    pub(crate) fn from_short(short: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.short() == short)
    }

    pub(crate) fn short(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Raw => "raw",
            Self::XenonSend => "send",
            Self::XenonGet => "get",
            Self::XenonRead => "read",
            Self::XenonWords => "read-words",
            Self::XenonWrite => "write",
            Self::XenonDirect => "direct",
            Self::Wasip3Send => "send-wasip3",
            Self::Wasip3Get => "get-wasip3",
            Self::ClientOverXenon => "client",
            Self::ClientOfHost => "client-of-host",
            Self::WasiHttp => "wasi-http",
            Self::ServiceOverXenon => "service",
            Self::ServiceOfHost => "service-of-host",
            Self::Crypto => "crypto",
            Self::Neon => "neon",
            Self::Curl => "curl",
        }
    }

    /// The guest that does this kind of work; none if it is no guest.
    pub(crate) fn guest(self, kind: Kind) -> Option<Source> {
        let upload_or = |name| if kind == Kind::Upload { Function::Upload } else { Function::Named(name) };
        let client = Source::wasip3("xenon-bench-http-client", upload_or("send"));
        let service = Source::wasip3("foreign-service", Function::Service);
        Some(match self {
            Self::Native | Self::Neon | Self::Curl => return None,
            Self::Raw => Source::wasip2("xenon-bench-raw", upload_or("run")),
            Self::WasiHttp => Source::wasip2("xenon-bench-wasi-http", Function::Named("run")),
            Self::XenonSend => Source::wasip2(
                "xenon-bench-session",
                Function::Named(match kind {
                    Kind::Full => "full",
                    Kind::Resumed => "resumed",
                    Kind::Keep | Kind::Upload => "send",
                }),
            ),
            Self::XenonGet | Self::XenonRead | Self::XenonWords => {
                Source::wasip2("xenon-bench-session", Function::Named(self.short()))
            }
            Self::XenonWrite => Source::wasip2("xenon-bench-session", Function::Upload),
            Self::XenonDirect => Source::wasip2("xenon", Function::Session),
            Self::Wasip3Send => Source::wasip3("xenon-bench-session-wasip3", upload_or("send")),
            Self::Wasip3Get => Source::wasip3("xenon-bench-session-wasip3", Function::Named("get")),
            Self::ClientOverXenon => client.over_xenon(),
            Self::ClientOfHost => client,
            Self::ServiceOverXenon => service.over_xenon(),
            Self::ServiceOfHost => service,
            Self::Crypto => Source::wasip2("xenon-bench-crypto", Function::Crypto),
        })
    }
}
