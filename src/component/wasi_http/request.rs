//! Requests of `wasi:http` as requests of a session.

use std::time::Duration;

use super::bindings::wasi::http::types::{ErrorCode, FieldSizePayload, Fields as HttpFields, Method, Request, Scheme};
use super::bindings::wit_future;
use super::errors;
use crate::component::streams::{Report, Trailers, Upload};
use crate::error::{Code, Error, Phase};
use crate::http::fields::Fields;
use crate::http::origin::Origin;
use crate::http::uri;
use crate::session::settings::Deadlines;
use crate::wasip3::{self, Operation, Session, spawn};

/// The head of a request, read from its resource.
pub(super) struct Parts {
    pub(super) origin: Origin,
    method: String,
    target: String,
    fields: Fields,
    /// The `Content-Length`.
    length: Option<u64>,
}

/// Fields that belong to a connection, or to the framing of the content (RFC 9110 section 7.6.1). The session makes its own.
const OF_THE_CONNECTION: &[&str] =
    &["connection", "content-length", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

impl Parts {
    pub(super) fn of(request: &Request) -> Result<Self, ErrorCode> {
        let fields = fields(request.get_headers());
        let length = length(&fields)?;
        let method = method(request.get_method());
        if method == "CONNECT" {
            // A tunnel is no response.
            return Err(ErrorCode::HttpRequestMethodInvalid);
        }
        Ok(Self {
            origin: origin(request)?,
            method,
            target: request.get_path_with_query().unwrap_or_else(|| "/".into()),
            fields,
            length,
        })
    }

    /// The request of this session, with its content. Waits a moment for content that is ready: with a length it can be sent again,
    /// should a kept connection turn out to be closed.
    pub(super) async fn into_core(
        self,
        request: Request,
        session: &Session,
        deadlines: Deadlines,
    ) -> Result<(wasip3::Request, Upload), ErrorCode> {
        let Self { method, target, fields, length, .. } = self;
        // Most methods have no content unless they have some; for these, none is content of no length.
        let expects_content = matches!(method.as_str(), "POST" | "PUT" | "PATCH");
        let mut core = session.request(&method, target);
        for field in fields.iter().filter(|field| !is_of_connection(field.name, &fields)) {
            core.add_field(field.name, field.value.to_vec()).map_err(errors::code)?;
        }
        if let Some(options) = request.get_options() {
            core.set_deadlines(with_timeouts(
                deadlines,
                options.get_connect_timeout(),
                options.get_first_byte_timeout(),
                options.get_between_bytes_timeout(),
            ));
        }
        let mut upload = upload(request);
        match upload.whole().await {
            Some(content) => {
                if length.is_some_and(|length| length != content.len() as u64) {
                    return Err(ErrorCode::HttpRequestBodySize(length));
                }
                if expects_content || length.is_some() || !content.is_empty() {
                    core.set_content(content);
                }
            }
            None => core.set_streamed_content(length),
        }
        Ok((core, upload))
    }
}

fn upload(request: Request) -> Upload {
    let (sent, sent_reader) = wit_future::new(|| Ok(()));
    let (content, trailers) = Request::consume_body(request, sent_reader);
    let trailers: Trailers = Operation::new(async move {
        match trailers.await {
            Ok(trailers) => Ok(trailers.map(fields).unwrap_or_default()),
            Err(_) => Err(Error::new(Phase::Send, Code::Cancelled, "the caller gave its content up")),
        }
    });
    let report: Report = Box::new(move |outcome| match outcome {
        // Dropping it says that all is well.
        Ok(()) => drop(sent),
        Err(error) => spawn(async move { drop(Operation::new(sent.write(Err(errors::code(error)))).await) }),
    });
    Upload::new(content, Some(trailers), Some(report))
}

fn method(method: Method) -> String {
    match method {
        Method::Get => "GET".into(),
        Method::Head => "HEAD".into(),
        Method::Post => "POST".into(),
        Method::Put => "PUT".into(),
        Method::Delete => "DELETE".into(),
        Method::Connect => "CONNECT".into(),
        Method::Options => "OPTIONS".into(),
        Method::Trace => "TRACE".into(),
        Method::Patch => "PATCH".into(),
        Method::Other(method) => method,
    }
}

/// The origin that the request is for. Without a scheme it is `https`, as hosts have it.
fn origin(request: &Request) -> Result<Origin, ErrorCode> {
    let (scheme, default_port) = match request.get_scheme() {
        Some(Scheme::Http) => ("http", 80),
        Some(Scheme::Https) | None => ("https", 443),
        Some(Scheme::Other(_)) => return Err(ErrorCode::HttpProtocolError),
    };
    let authority = request.get_authority().ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let (host, port) = uri::split_port(&authority).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let port = match port {
        None | Some("") => default_port,
        Some(port) => uri::parse_port(port).map_err(|_| ErrorCode::HttpRequestUriInvalid)?,
    };
    Origin::parse(scheme, host, port).map_err(|_| ErrorCode::HttpRequestUriInvalid)
}

fn fields(given: HttpFields) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in given.copy_all() {
        fields.push(name, value);
    }
    fields
}

fn length(fields: &Fields) -> Result<Option<u64>, ErrorCode> {
    let mut length = None;
    for value in fields.all("content-length") {
        let parsed = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let parsed = parsed.and_then(|text| text.parse().ok()).ok_or(ErrorCode::HttpRequestHeaderSize(Some(
            FieldSizePayload { field_name: Some("content-length".into()), field_size: None },
        )))?;
        if length.is_some_and(|length| length != parsed) {
            return Err(ErrorCode::HttpRequestBodySize(length));
        }
        length = Some(parsed);
    }
    Ok(length)
}

/// Whether this field ends with the connection that it came over, or was to be sent over.
pub(super) fn is_of_connection(name: &str, fields: &Fields) -> bool {
    OF_THE_CONNECTION.iter().any(|known| name.eq_ignore_ascii_case(known)) || fields.has_element("connection", name)
}

fn with_timeouts(
    deadlines: Deadlines,
    connect: Option<u64>,
    first_byte: Option<u64>,
    between_bytes: Option<u64>,
) -> Deadlines {
    // Zero is a time that has passed at once, and not the default.
    let or = |timeout: Option<u64>, default| timeout.map_or(default, |time| Duration::from_nanos(time.max(1)));
    Deadlines {
        lookup: or(connect, deadlines.lookup),
        attempt: or(connect, deadlines.attempt),
        connect: or(connect, deadlines.connect),
        handshake: or(connect, deadlines.handshake),
        proxy: or(connect, deadlines.proxy),
        first_byte: or(first_byte, deadlines.first_byte),
        between_bytes: or(between_bytes, deadlines.between_bytes),
        ..deadlines
    }
}
