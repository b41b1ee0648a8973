//! The fields that a caller adds to a request, or to every request.

use std::fmt;
use std::ops::Deref;

use crate::error::{Code, Error, Phase};
use crate::http::fields::{self, Fields};
use crate::http::{quote, uri};
use crate::limits::REQUEST_FIELDS_LENGTH;

/// Checked fields, bounded in size.
#[derive(Clone, Default)]
pub(crate) struct RequestFields {
    fields: Fields,
    /// The size of all fields, as limited.
    cost: usize,
}

/// Fields that belong to one request or one connection, and cannot be default fields.
const NO_DEFAULTS: [&str; 8] =
    ["connection", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"];

/// Fields whose values are secrets.
const SECRETS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

impl RequestFields {
    /// Checks default fields.
    pub(crate) fn defaults(lines: Vec<(String, Vec<u8>)>) -> Result<Self, Error> {
        let mut checked = Self::default();
        for (name, value) in lines {
            if NO_DEFAULTS.iter().any(|other| name.eq_ignore_ascii_case(other)) {
                return Err(wrong_field(&name, "it belongs to one request, or to its connection"));
            }
            checked.add(name, value)?;
        }
        Ok(checked)
    }

    /// Fields of a request that was checked.
    pub(crate) fn checked_before(fields: Fields) -> Self {
        let cost = fields.iter().map(|line| fields::cost(line.name, line.value)).fold(0, usize::saturating_add);
        Self { fields, cost }
    }

    /// Adds a field, if it is valid and the caller may set it.
    pub(crate) fn add(&mut self, name: String, value: Vec<u8>) -> Result<(), Error> {
        let refuse = |what: &str| Err(wrong_field(&name, what));
        // Checked first, because the other checks cost more.
        let cost = self.cost.saturating_add(fields::cost(&name, &value));
        if cost > REQUEST_FIELDS_LENGTH {
            return refuse("the request's fields are too large with it");
        }
        if let Err(what) = fields::check_name(&name).and_then(|()| fields::check_value(&value)) {
            return refuse(what);
        }
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("content-length") || is("transfer-encoding") {
            return refuse("it follows from the content that is set");
        }
        if is("host")
            && let Err(what) = uri::check_host_field(&value)
        {
            return refuse(what);
        }
        if fields::is_single(&name) && self.fields.contains(&name) {
            return refuse("it was added before, and may be there once");
        }
        self.fields.push(name, value);
        self.cost = cost;
        Ok(())
    }

    /// Adds the fields of `defaults` whose names do not occur yet, to a request with this method.
    #[cold]
    pub(crate) fn complete(&mut self, defaults: &Self, method: &str) {
        // A response to TRACE shows the request to everyone on the way (RFC 9110 section 9.3.8).
        let may_have = |name: &str| method != "TRACE" || !is_secret(name);
        let own: Vec<bool> = defaults.iter().map(|field| self.fields.contains(field.name)).collect();
        for (field, _) in defaults.iter().zip(own).filter(|(field, is_own)| !is_own && may_have(field.name)) {
            self.fields.push(field.name, field.value);
        }
    }

    /// The lines without secret values.
    pub(crate) fn shown(&self) -> Vec<(String, Vec<u8>)> {
        self.fields.iter().filter(|field| !is_secret(field.name)).collect::<Fields>().to_vec()
    }
}

impl Deref for RequestFields {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.fields
    }
}

impl fmt::Debug for RequestFields {
    /// Names only: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields.iter().map(|field| field.name)).finish()
    }
}

fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

#[cold]
pub(crate) fn wrong_field(name: &str, what: &str) -> Error {
    let detail = format!("the field {} cannot be sent: {what}", quote(name.as_bytes()));
    Error::new(Phase::Setup, Code::request_field(name), detail)
}
