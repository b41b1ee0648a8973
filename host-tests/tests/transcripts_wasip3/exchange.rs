//! One exchange through the face over WASI 0.3.

use xenon_harness::wasip3::{Event, EventKind, Guest, InterimResponse, Upload, Version};

use crate::client::{Actual, Runner, Stop};
use crate::format::{Outcome, Request, Writing};
use crate::server::Until;

/// Content is a stream, and why its rest is not wanted is not told to its writer.
pub(crate) const TELLS_ERRORS_OF_WRITING: bool = false;

/// Lets it do what it has begun.
pub(crate) fn let_run(guest: &Guest) {
    guest.settle();
}

/// Runs it.
pub(crate) fn run(runner: &mut Runner, request: &Request, outcome: &Outcome, actual: &mut Actual) -> Result<(), Stop> {
    let described = runner.session.request(&request.method, &request.target);
    for (name, value) in &request.fields {
        described.add_field_bytes(name, value)?;
    }
    if let Some(content) = &request.content {
        described.set_content(content);
    }
    if let Some(idempotent) = request.is_idempotent {
        described.set_idempotent(idempotent);
    }
    described.set_expect_continue(request.expects);
    if request.is_old {
        described.set_version(Version::Http10)?;
    }
    let mut upload = request.stream.map(|length| described.set_streamed_content(length));
    let pending = described.start();
    for writing in &request.writing {
        write(&mut upload, writing, &request.trailers);
        runner.settle(Until::Reacted)?;
    }
    let answer = pending.wait();
    // Those of a request that failed are in the events alone.
    runner.settle(Until::Reacted)?;
    actual.interims = match &answer {
        Ok(response) => response.interim_responses(),
        Err(_) => runner.events.iter().filter_map(interim).collect(),
    };
    let response = actual.response.insert(answer?);
    if !request.after.is_empty() && upload.is_none() {
        upload = Some(response.send_bytes()?);
    }
    for writing in &request.after {
        write(&mut upload, writing, &[]);
    }
    let content = response.content()?;
    let most = if outcome.is_unread { outcome.content.len() } else { usize::MAX };
    while actual.content.len() < most {
        let Some(piece) = content.read(most - actual.content.len()) else {
            break;
        };
        actual.content.extend(piece);
    }
    if outcome.is_unread {
        drop(content);
        runner.settle(Until::Reacted)?;
    } else {
        actual.trailers = content.end()?;
    }
    Ok(())
}

fn write(upload: &mut Option<Upload>, writing: &Writing, trailers: &[(String, Vec<u8>)]) {
    match (writing, &upload) {
        (Writing::Write(content), Some(open)) => _ = open.write(content),
        (Writing::Finish, Some(_)) => upload.take().into_iter().for_each(|upload| upload.finish(&trailers.to_vec())),
        (_, None) => {}
    }
}

/// The interim response of an event.
fn interim(event: &Event) -> Option<InterimResponse> {
    let EventKind::InterimHead(head) = &event.what else { return None };
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let (_, status) = lines.next()?.split_once(' ')?;
    let (status, reason) = status.split_once(' ').unwrap_or((status, ""));
    let fields = lines.filter_map(|line| line.split_once(':'));
    let fields = fields.map(|(name, value)| (name.to_owned(), value.trim().as_bytes().to_vec())).collect();
    Some(InterimResponse { status: status.parse().ok()?, reason: reason.to_owned(), fields })
}
