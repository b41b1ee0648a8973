//! What each option does.

use std::time::Duration;

use xenon_cli_options::table::{Id, Opt};

use crate::bindings::types::TlsVersion;
use crate::login::Login;
use crate::options::{Data, Family, Options};
use crate::route::{ConnectTo, Resolve};
use crate::tls;

type Done = Result<(), String>;

/// Applies this option. The value is empty if it takes none. The error is a line for the user.
pub fn apply(option: &Opt, value: Vec<u8>, o: &mut Options) -> Done {
    let text = |value| text(option, value);
    match option.id {
        Id::Request => o.method = Some(text(value)?),
        Id::Head => o.head = true,
        Id::Data => o.data.push(data(value, false)),
        Id::DataBinary => o.data.push(data(value, true)),
        Id::DataRaw => o.data.push(Data::Bytes(value)),
        Id::UploadFile => o.uploads.push(value),
        Id::Header => o.fields.push(value),
        Id::UserAgent => o.user_agent = Some(value),
        Id::Referer => o.referer = Some(value),
        Id::Range => o.range = Some(range(value)),
        Id::Compressed => o.compressed = true,
        Id::Url => o.urls.push(value),
        Id::Output => o.outputs.push(value),
        Id::Include => o.include = true,
        Id::Silent => o.silent = true,
        Id::ShowError => o.show_error = true,
        Id::Verbose => o.verbose = true,
        Id::Fail => o.fail = true,
        Id::WriteOut => o.write_out = Some(value),
        Id::Trailers => o.trailers = true,
        Id::ProgressBar => o.progress_bar = true,
        Id::User => o.login.login = Some(Login::parse(&value)),
        Id::Basic => o.login.basic = true,
        Id::Digest => o.login.digest = true,
        Id::Anyauth => o.login.any = true,
        Id::Oauth2Bearer => o.login.token = Some(text(value)?),
        Id::Resolve => o.resolves.push(Resolve::parse(&text(value)?)?),
        Id::ConnectTo => o.connect_tos.push(ConnectTo::parse(&text(value)?)?),
        Id::Ipv4 => o.family = Family::V4,
        Id::Ipv6 => o.family = Family::V6,
        Id::Cacert => o.tls.only_roots = Some(value),
        Id::AddCacert => o.tls.more_roots.push(value),
        Id::Pin => o.tls.pins.push(value),
        Id::Cert => o.tls.certificate = Some(value),
        Id::Key => o.tls.key = Some(value),
        Id::Tlsv12 => o.tls.oldest = Some(TlsVersion::Tls12),
        Id::Tlsv13 => o.tls.oldest = Some(TlsVersion::Tls13),
        Id::TlsMax => o.tls.newest = tls::newest(&text(value)?)?,
        Id::Proxy => o.proxy.proxy = Some(text(value)?),
        Id::ProxyUser => o.proxy.user = Some(text(value)?),
        Id::ProxyAnyauth => o.proxy.waits = true,
        Id::Proxytunnel => o.proxy.tunnel = true,
        Id::Noproxy => o.proxy.exempt = Some(text(value)?),
        Id::ProxyCacert => o.proxy.only_roots = Some(value),
        Id::ConnectTimeout => o.deadlines.connect = seconds(&text(value)?)?,
        Id::TlsTimeout => o.deadlines.tls = seconds(&text(value)?)?,
        Id::FirstByteTimeout => o.deadlines.first_byte = seconds(&text(value)?)?,
        Id::ReadTimeout => o.deadlines.read = seconds(&text(value)?)?,
        Id::WriteTimeout => o.deadlines.write = seconds(&text(value)?)?,
        Id::MaxTime => o.deadlines.exchange = seconds(&text(value)?)?,
        Id::Expect100Timeout => o.deadlines.expect100 = seconds(&text(value)?)?,
        Id::Http10 => o.http10 = true,
        Id::NoKeepalive => o.no_keepalive = true,
        Id::RetryUnsafe => o.retry_unsafe = true,
        Id::Expect100 => o.expect100 = true,
        // Zero is no limit, as in curl.
        Id::MaxFilesize => o.max_filesize = Some(bytes(&text(value)?)?).filter(|bytes| *bytes != 0),
        Id::MaxHead => o.max_head = Some(max_head(&text(value)?)?),
        Id::MaxFields => o.max_fields = Some(count(&text(value)?)?),
        Id::Location => o.redirects.follow = true,
        Id::MaxRedirs => o.redirects.most = redirects(&text(value)?)?,
        Id::LocationTrusted => (o.redirects.follow, o.redirects.trusted) = (true, true),
        Id::Post301 => o.redirects.post301 = true,
        Id::Post302 => o.redirects.post302 = true,
        Id::Post303 => o.redirects.post303 = true,
        Id::Cookie if value.contains(&b'=') => o.cookies.pairs.push(value),
        Id::Cookie => o.cookies.files.push(value),
        Id::CookieJar => o.cookies.jar = Some(value),
        Id::JunkSessionCookies => o.cookies.is_new_session = true,
        Id::Repeat => o.repeat = Some(count(&text(value)?)?),
        Id::Parallel => o.parallel = true,
        Id::ParallelMax => o.parallel_max = Some(count(&text(value)?)?),
        // Handled by the caller.
        Id::Help | Id::Version => {}
    }
    Ok(())
}

/// A value that must be text. It may be a secret, so the error does not quote it.
fn text(option: &Opt, value: Vec<u8>) -> Result<String, String> {
    let name = option.value.map_or("value", |value| value.name);
    String::from_utf8(value).map_err(|error| {
        let place = error.utf8_error().valid_up_to().saturating_add(1);
        format!("{name} has to be text, and its byte {place} is not UTF-8")
    })
}

fn data(mut value: Vec<u8>, is_binary: bool) -> Data {
    if value.first() == Some(&b'@') {
        value.remove(0);
        return Data::File { name: value, is_binary };
    }
    Data::Bytes(value)
}

/// A number alone is the start of the range, as in curl.
fn range(mut value: Vec<u8>) -> Vec<u8> {
    if !value.is_empty() && value.iter().all(u8::is_ascii_digit) {
        value.push(b'-');
    }
    value
}

/// Zero leaves the default, as in curl.
fn seconds(value: &str) -> Result<Option<Duration>, String> {
    let form = || format!("expected a number of seconds, not '{value}'");
    let seconds = value.parse::<f64>().map_err(|_| form())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| form())?;
    Ok(Some(duration).filter(|duration| !duration.is_zero()))
}

/// -1 is any number.
fn redirects(value: &str) -> Result<Option<u32>, String> {
    if value == "-1" {
        return Ok(None);
    }
    value.parse().map(Some).map_err(|_| format!("expected a number of redirects, or -1, not '{value}'"))
}

fn count<N: std::str::FromStr + Default + PartialEq>(value: &str) -> Result<N, String> {
    let number = value.parse().ok().filter(|number| *number != N::default());
    number.ok_or_else(|| format!("expected a number of 1 or more, not '{value}'"))
}

fn bytes(value: &str) -> Result<u64, String> {
    let form = || format!("expected a number of bytes, not '{value}'");
    let digits = value.trim_end_matches(|last: char| "kKmMgG".contains(last));
    let unit: u64 = match value.get(digits.len()..) {
        Some("") => 1,
        Some("k" | "K") => 1 << 10,
        Some("m" | "M") => 1 << 20,
        Some("g" | "G") => 1 << 30,
        _ => return Err(form()),
    };
    digits.parse::<u64>().ok().and_then(|bytes| bytes.checked_mul(unit)).ok_or_else(form)
}

fn max_head(value: &str) -> Result<u32, String> {
    let most = u32::try_from(bytes(value)?).ok().filter(|most| *most != 0);
    most.ok_or_else(|| format!("expected a number of bytes from 1 to 4,294,967,295, not '{value}'"))
}
