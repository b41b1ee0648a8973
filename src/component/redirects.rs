//! The WIT's `redirect-policy` and `next-request` around the core's.
//!
//! It is compiled once for each face, against that face's bindings.

use super::bindings::exports::xenon::http::client as wit;
use super::bindings::exports::xenon::http::client::{
    FieldsAlong, PostKeeping, RedirectPolicy, RequestBorrow, ResponseBorrow, SessionBorrow,
};
use super::bindings::exports::xenon::http::session;
use super::convert::{self, Outcome, count};
use super::session::Session;
use super::{Request, Response};
use crate::client::Step;
use crate::client::redirect::Policy;

pub(super) struct NextRequest(Step);

impl wit::GuestNextRequest for NextRequest {
    fn url(&self) -> String {
        self.0.url().to_string()
    }

    fn scheme(&self) -> String {
        self.0.url().origin.scheme.as_str().into()
    }

    fn host(&self) -> String {
        self.0.url().origin.host.to_string()
    }

    fn port(&self) -> u16 {
        self.0.url().origin.port
    }

    fn method(&self) -> String {
        self.0.method().into()
    }

    fn has_content(&self) -> bool {
        self.0.has_content()
    }

    fn request(&self, session: SessionBorrow<'_>) -> session::Request {
        let Session(session) = session.get();
        session::Request::new(Request::of(self.0.request(session)))
    }
}

pub(super) fn follow(
    request: RequestBorrow<'_>,
    response: ResponseBorrow<'_>,
    policy: RedirectPolicy,
    followed: u32,
) -> Outcome<Option<wit::NextRequest>> {
    let (request, response) = (request.get::<Request>().core(), response.get::<Response>().core());
    let step = Step::after(&request, response, &from_policy(policy), followed as usize).map_err(convert::error)?;
    Ok(step.map(|step| wit::NextRequest::new(NextRequest(step))))
}

pub(super) fn policy(policy: Policy) -> RedirectPolicy {
    let flags = [PostKeeping::MOVED_PERMANENTLY, PostKeeping::FOUND, PostKeeping::SEE_OTHER];
    let kept = flags.into_iter().zip(policy.keeps_post).filter(|(_, is_kept)| *is_kept);
    RedirectPolicy {
        limit: policy.limit.map(count),
        downgrade: policy.may_downgrade,
        along: match policy {
            Policy { trusts_all: true, .. } => FieldsAlong::All,
            Policy { keeps_fields: true, .. } => FieldsAlong::Most,
            _ => FieldsAlong::Few,
        },
        keep_post: kept.fold(PostKeeping::empty(), |all, (flag, _)| all | flag),
        keep_method: policy.keeps_method,
        multiple_choices: policy.follows_300,
    }
}

pub(super) fn from_policy(policy: RedirectPolicy) -> Policy {
    let keeps = |flag| policy.keep_post & flag == flag;
    Policy {
        limit: policy.limit.map(|limit| limit as usize),
        may_downgrade: policy.downgrade,
        keeps_fields: policy.along != FieldsAlong::Few,
        trusts_all: policy.along == FieldsAlong::All,
        keeps_post: [keeps(PostKeeping::MOVED_PERMANENTLY), keeps(PostKeeping::FOUND), keeps(PostKeeping::SEE_OTHER)],
        keeps_method: policy.keep_method,
        follows_300: policy.multiple_choices,
    }
}
