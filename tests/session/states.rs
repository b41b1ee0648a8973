//! Every event that can end an exchange from outside, in every state of an exchange.

use std::time::Duration;

use xenon::error::{Code, Phase};
use xenon::net::sim::{Script, SimNet, poll_once};
use xenon::session::events::CloseReason;

use crate::support::*;

/// What an exchange waits for, or how it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    NotYetPolled,
    Lookup,
    Connecting,
    AConnectionOfThePool,
    SendingTheHead,
    SendingContent,
    SendingAReusedConnectionsHead,
    ContentOfTheCaller,
    Permission,
    TheHead,
    TheRestOfTheHead,
    TheHeadAfterAnInterimResponse,
    TheCallerToTakeTheHead,
    Content,
    TheCallerToReadContent,
    TheRestOfChunkedContent,
    TheEndOfTheConnection,
    BytesOfATunnel,
    Nothing,
}

const STATES: [State; 19] = [
    State::NotYetPolled,
    State::Lookup,
    State::Connecting,
    State::AConnectionOfThePool,
    State::SendingTheHead,
    State::SendingContent,
    State::SendingAReusedConnectionsHead,
    State::ContentOfTheCaller,
    State::Permission,
    State::TheHead,
    State::TheRestOfTheHead,
    State::TheHeadAfterAnInterimResponse,
    State::TheCallerToTakeTheHead,
    State::Content,
    State::TheCallerToReadContent,
    State::TheRestOfChunkedContent,
    State::TheEndOfTheConnection,
    State::BytesOfATunnel,
    State::Nothing,
];

/// An exchange in some state.
struct Arranged {
    net: SimNet,
    session: Session,
    exchange: Exchange,
    /// The response, if its head has arrived and was taken.
    response: Option<Response>,
    /// The response that keeps the only connection busy.
    blocker: Option<Response>,
}

impl State {
    fn arrange(self) -> Arranged {
        let (net, session) = world([]);
        let serve = |script| net.listen(at(PEER), [script]);
        let after = |head: &str| serve(Script::new().expect_head().send(head).stall());
        let mut request = session.request("POST", "/");
        let (mut has_response, mut is_read, mut blocker) = (false, false, None);
        match self {
            Self::NotYetPolled => {}
            Self::Lookup => net.name_after(NAME, None, Ok(vec![])),
            Self::Connecting => net.listen_after(at(PEER), None, []),
            Self::AConnectionOfThePool => {
                after("HTTP/1.1 200 OK\r\n\r\n");
                set_limits(&session, |limits| limits.connections = 1);
                blocker = Some(response(&net, &start(&session)).unwrap());
            }
            Self::SendingTheHead => serve(Script::new().window(10).stall()),
            Self::SendingContent => {
                serve(Script::new().stall());
                request.set_content(vec![b'x'; 1 << 20]);
            }
            Self::SendingAReusedConnectionsHead => {
                serve(Script::new().expect_head().send(ok("ok")).window(10).stall());
                get(&net, &session).unwrap();
            }
            Self::ContentOfTheCaller => {
                serve(Script::new().expect_head().stall());
                request.set_streamed_content(None);
            }
            Self::Permission => {
                serve(Script::new().expect_head().stall());
                request.set_content(b"content".to_vec());
                request.set_expect_continue(true);
            }
            Self::TheHead => serve(Script::new().expect_head().stall()),
            Self::TheRestOfTheHead => after("HTTP/1.1 200 OK\r\nA:"),
            Self::TheHeadAfterAnInterimResponse => after("HTTP/1.1 103 Early Hints\r\n\r\n"),
            Self::TheCallerToTakeTheHead => after("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"),
            Self::Content | Self::TheCallerToReadContent => {
                after("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
                (has_response, is_read) = (true, self == Self::Content);
            }
            Self::TheRestOfChunkedContent => {
                after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell");
                (has_response, is_read) = (true, true);
            }
            Self::TheEndOfTheConnection => {
                after("HTTP/1.1 200 OK\r\n\r\nhell");
                (has_response, is_read) = (true, true);
            }
            Self::BytesOfATunnel => {
                after("HTTP/1.1 101 Switching Protocols\r\n\r\nhell");
                request.add_field("Upgrade", b"x".to_vec()).unwrap();
                (has_response, is_read) = (true, true);
            }
            Self::Nothing => {
                after(&ok("hell"));
                (has_response, is_read) = (true, true);
            }
        }
        let exchange = request.start(true).unwrap();
        if self != Self::NotYetPolled {
            // More than once, because the state must not change.
            for _ in 0..3 {
                net.settle();
                exchange.advance();
            }
        }
        let response = has_response.then(|| response(&net, &exchange).unwrap());
        if is_read {
            let piece = wait(&net, |context| response.as_ref().unwrap().poll_read(context, 99)).unwrap();
            assert_eq!(piece, Some(b"hell".to_vec()));
        }
        Arranged { net, session, exchange, response, blocker }
    }

    /// Whether the exchange has a connection, which is not yet free again.
    fn has_connection(self) -> bool {
        !matches!(
            self,
            Self::NotYetPolled | Self::Lookup | Self::Connecting | Self::AConnectionOfThePool | Self::Nothing
        )
    }

    fn is_over(self) -> bool {
        self == Self::Nothing
    }
}

impl Arranged {
    /// The result of the exchange, or of its response, so far. `None` if there is none yet. Never waits.
    fn says(&self) -> Option<Code> {
        self.net.settle();
        let answer = match &self.response {
            Some(response) => match poll_once(|context| response.poll_read(context, 99)) {
                std::task::Poll::Ready(outcome) => outcome.map(|_| ()),
                std::task::Poll::Pending => return None,
            },
            None => match poll_once(|context| self.exchange.poll_response(context)) {
                std::task::Poll::Ready(outcome) => outcome.map(|_| ()),
                std::task::Poll::Pending => return None,
            },
        };
        answer.err().map(|error| error.code)
    }

    /// Fails unless a request that follows is served, by a new connection.
    fn assert_usable(&self) {
        let before = self.net.connections();
        self.net.name(NAME, [at(PEER).ip()]);
        self.net.listen(at(PEER), [answers(1)]);
        assert_eq!(get(&self.net, &self.session).unwrap(), "ok");
        assert_eq!(self.net.connections(), before + 1);
    }
}

#[test]
fn every_state_is_what_it_is_called() {
    for state in STATES {
        let arranged = state.arrange();
        let open = usize::from(state.has_connection() || state.is_over() || arranged.blocker.is_some());
        assert_eq!(arranged.net.open_connections(), open, "{state:?}");
        let is_silent = !matches!(
            state,
            State::NotYetPolled | State::TheCallerToTakeTheHead | State::TheCallerToReadContent | State::Nothing
        );
        let is_ready = match &arranged.response {
            Some(response) => poll_once(|context| response.poll_ready(context)).is_ready(),
            None => poll_once(|context| arranged.exchange.poll_ready(context)).is_ready(),
        };
        assert!(state == State::NotYetPolled || is_ready != is_silent, "{state:?}");
    }
}

#[test]
fn close_connection() {
    for state in STATES {
        let arranged = state.arrange();
        let Arranged { net, session, exchange, .. } = &arranged;
        session.take_events();
        let ((), took) = timed(net, || {
            session.close_connection();
            session.close_connection();
        });
        assert_eq!((net.open_connections(), took), (0, Duration::ZERO), "{state:?}");
        let closed = usize::from(state.has_connection() || state.is_over() || arranged.blocker.is_some());
        assert_eq!(closings(session), vec![CloseReason::CloseConnection; closed], "{state:?}");

        // Every further call has the same result.
        let expected = if state.is_over() { None } else { Some(Code::ConnectionClosed) };
        for _ in 0..2 {
            assert_eq!(arranged.says(), expected, "{state:?}");
        }
        if !state.is_over() {
            assert_eq!(failure(exchange.try_write(b"x".to_vec())).1, Code::ConnectionClosed);
            assert_eq!(failure(exchange.finish(Default::default())).1, Code::ConnectionClosed);
            assert_eq!(failure(wait(net, |context| exchange.poll_flush(context))).1, Code::ConnectionClosed);
        }
        if let Some(blocker) = &arranged.blocker {
            assert_eq!(failure(content(net, blocker)).1, Code::ConnectionClosed);
        }
        arranged.assert_usable();
    }
}

#[test]
fn close_connection_keeps_settings() {
    let (net, session) = world([]);
    session.set_addresses(&["10.0.0.2".into()]).unwrap();
    session.change_options(|options| options.set_user_agent(Some("me".into()))).unwrap();
    net.listen(at("10.0.0.2:80"), [answers(1), answers(1)]);
    for connection in 0..2 {
        get(&net, &session).unwrap();
        session.close_connection();
        assert!(sent(&net, connection).contains("\r\nUser-Agent: me\r\n"));
    }
    assert_eq!(net.lookups(), [""; 0]);
    net.assert_done();
}

#[test]
fn dropping_the_session() {
    for state in STATES {
        let Arranged { net, session, exchange, response, blocker } = state.arrange();
        let request = session.request("GET", "/");
        let ((), took) = timed(&net, || drop(session));
        assert_eq!((net.open_connections(), took), (0, Duration::ZERO), "{state:?}");
        let steps = net.steps();
        let expected = if state.is_over() { None } else { Some(Code::SessionDropped) };
        match &response {
            Some(response) => {
                let outcome = wait(&net, |context| response.poll_read(context, 99));
                assert_eq!(outcome.err().map(|error| error.code), expected, "{state:?}");
                assert_eq!(response.trailers().is_some(), state.is_over());
            }
            None => {
                let outcome = wait(&net, |context| exchange.poll_response(context));
                assert_eq!(outcome.err().map(|error| error.code), expected, "{state:?}");
            }
        }
        if !state.is_over() {
            assert_eq!(failure(exchange.try_write(b"x".to_vec())).1, Code::SessionDropped);
        }
        if let Some(blocker) = &blocker {
            assert_eq!(failure(content(&net, blocker)).1, Code::SessionDropped);
        }
        assert_eq!(failure(request.start(true)), (Phase::Setup, Code::SessionDropped));
        exchange.cancel();
        drop((exchange, response, blocker, request));
        assert_eq!(net.steps(), steps, "nothing of a dropped session touches the network: {state:?}");
    }
}

#[test]
fn cancelling() {
    for state in STATES {
        let arranged = state.arrange();
        let Arranged { net, session, exchange, blocker, .. } = &arranged;
        session.take_events();
        for _ in 0..2 {
            exchange.cancel();
        }
        let kept = usize::from(state.is_over() || blocker.is_some());
        assert_eq!(net.open_connections(), kept, "{state:?}");
        let closed = usize::from(state.has_connection());
        assert_eq!(closings(session), vec![CloseReason::Cancelled; closed], "{state:?}");
        let expected = if state.is_over() { None } else { Some(Code::Cancelled) };
        assert_eq!(arranged.says(), expected, "{state:?}");
        session.close_connection();
        assert_eq!(arranged.says(), expected, "the first error stays: {state:?}");
        arranged.assert_usable();
    }
}

#[test]
fn dropping_the_exchange() {
    for state in STATES {
        let Arranged { net, session, exchange, response, blocker } = state.arrange();
        session.take_events();
        let ((), took) = timed(&net, || drop(exchange));
        assert_eq!(took, Duration::ZERO);
        match &response {
            // The response lives on by itself.
            Some(response) if !state.is_over() => {
                assert_eq!(net.open_connections(), 1, "{state:?}");
                assert_eq!(closings(&session), []);
                let outcome = wait(&net, |context| response.poll_read(context, 99));
                let expected =
                    if state == State::TheCallerToReadContent { None } else { Some(Code::ConnectionReadTimeout) };
                assert_eq!(outcome.err().map(|error| error.code), expected, "{state:?}");
            }
            Some(_) => assert_eq!(net.open_connections(), 1),
            None => {
                assert_eq!(net.open_connections(), usize::from(blocker.is_some()), "{state:?}");
                let closed = usize::from(state.has_connection());
                assert_eq!(closings(&session), vec![CloseReason::Cancelled; closed], "{state:?}");
            }
        }
        drop((session, response));
        assert_eq!(net.open_connections(), 0);
    }
}

#[test]
fn dropping_the_response_and_the_exchange() {
    for state in STATES {
        let Arranged { net, session, exchange, response, blocker } = state.arrange();
        if response.is_none() {
            continue;
        }
        session.take_events();
        let ((), took) = timed(&net, || drop((response, exchange)));
        assert_eq!(took, Duration::ZERO);
        assert!(blocker.is_none());
        let closed = usize::from(!state.is_over());
        assert_eq!(net.open_connections(), 1 - closed, "{state:?}");
        assert_eq!(closings(&session), vec![CloseReason::UnreadContent; closed], "{state:?}");
        drop(session);
        assert_eq!(net.open_connections(), 0);
    }
}

#[test]
fn ending_one_exchange_leaves_the_others() {
    let (net, session) = world([answers(1), answers(1)]);
    let (first, second) = (begin(&net, &session.request("GET", "/")), begin(&net, &session.request("GET", "/")));
    first.cancel();
    assert_eq!(failure(finish(&net, &first)).1, Code::Cancelled);
    assert_eq!(finish(&net, &second).unwrap(), "ok");
    assert_eq!(net.open_connections(), 1);
}

#[test]
fn complete_response_outlives_its_session() {
    let (net, session) = world([answers(1)]);
    let exchange = start(&session);
    let response = response(&net, &exchange).unwrap();
    assert_eq!(content(&net, &response).unwrap(), "ok");
    drop((exchange, session));
    assert_eq!(response.head().status, 200);
    assert_eq!(response.facts().peer, at(PEER));
    assert_eq!(content(&net, &response).unwrap(), "");
    assert!(response.trailers().is_some());
}

#[test]
fn content_that_was_read_ahead_and_ended_is_the_callers() {
    let (net, session) = world([answers(1)]);
    let response = response(&net, &start(&session)).unwrap();
    assert_eq!(poll(&net, &[], &[&response], None), [0]);
    drop(session);
    assert_eq!(content(&net, &response).unwrap(), "ok", "all of it was here before the session went");
}
