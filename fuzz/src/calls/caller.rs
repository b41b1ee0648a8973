//! A caller who calls anything at any time, as the component's functions would.

use std::future::poll_fn;
use std::net::IpAddr;
use std::task::Poll;
use std::time::Duration;

use xenon::auth::{Login, Schemes};
use xenon::clock::Instant;
use xenon::error::{Code, Phase};
use xenon::http::fields::Fields;
use xenon::http::head::Version;
use xenon::limits::READ_LENGTH;
use xenon::net::Net;
use xenon::net::sim::{SimNet, poll_once};
use xenon::secret::Secret;
use xenon::session::settings::{AddressFamily, Options};
use xenon::session::whole;
use xenon::tls::settings::TlsVersion;

use super::handles::{Exchange, Handles, Request, Response, Session, check_error, wait};
use super::menu::{self, Input};
use super::{check_discreet, check_told};

/// Handles of a kind at once.
const SESSIONS: usize = 4;
const HANDLES: usize = 24;

/// A session, and what is known of it.
struct Known {
    handle: Session,
    number: usize,
}

pub(super) struct Caller<'a> {
    net: &'a SimNet,
    sessions: Handles<Known>,
    requests: Handles<(Request, usize)>,
    exchanges: Handles<Exchange>,
    responses: Handles<Response>,
    /// Of each session that there was: whether it is dropped, and the most connections that it may have had.
    known: Vec<(bool, usize)>,
}

impl<'a> Caller<'a> {
    pub(super) fn new(net: &'a SimNet) -> Self {
        let (sessions, requests) = (Handles::default(), Handles::default());
        let (exchanges, responses) = (Handles::default(), Handles::default());
        let mut caller = Self { net, sessions, requests, exchanges, responses, known: Vec::new() };
        caller.add_session("http", "a.test", 80);
        caller.add_session("http", "b.test", 80);
        caller
    }

    /// One call.
    pub(super) fn call(&mut self, input: &mut Input) {
        match input.byte() % 64 {
            0..=2 => self.make_session(input),
            3 => self.drop_session(input),
            4..=5 => self.close_connection(input),
            6 => self.take_events(input),
            7..=15 => self.set(input),
            16..=17 => self.fetch(input),
            18..=23 => self.make_request(input),
            24..=27 => self.change_request(input),
            28 => drop(self.requests.take(input.below(256))),
            29..=36 => self.start(input),
            37..=50 => self.use_exchange(input),
            51 => drop(self.exchanges.take(input.below(256))),
            52..=58 => self.use_response(input),
            59 => drop(self.responses.take(input.below(256))),
            60..=61 => self.poll(input),
            _ => self.net.advance(Duration::from_nanos(input.number().min(1 << 40))),
        }
        let allowed = self.known.iter().filter(|(is_dropped, _)| !is_dropped).map(|(_, most)| *most);
        assert!(self.net.open_connections() <= allowed.fold(0, usize::saturating_add), "more connections than allowed");
        self.check_dropped();
    }

    /// Drops what is left, one handle after another, in an order that the input gives.
    pub(super) fn drop_all(mut self, input: &mut Input) {
        for _ in 0..200 {
            match input.byte() % 4 {
                0 => self.drop_session(input),
                1 => drop(self.requests.take(input.below(256))),
                2 => drop(self.exchanges.take(input.below(256))),
                _ => drop(self.responses.take(input.below(256))),
            }
            if input.is_empty() {
                break;
            }
        }
    }

    // ---- sessions ---------------------------------------------------------------------------------------------------

    fn add_session(&mut self, scheme: &str, host: &str, port: u16) {
        let handle = Session::new(self.net.clone(), scheme, host, port);
        handle.set_events(true);
        let most = handle.options().limits().connections;
        self.sessions.add(Known { handle, number: self.known.len() });
        self.known.push((false, most));
    }

    fn make_session(&mut self, input: &mut Input) {
        if self.sessions.is_full(SESSIONS) {
            return;
        }
        let host = input.text(&menu::HOSTS);
        self.add_session(input.one(&menu::SCHEMES), &host, input.one(&menu::PORTS));
    }

    fn drop_session(&mut self, input: &mut Input) {
        if let Some(session) = self.sessions.take(input.below(256)) {
            self.known[session.number].0 = true;
        }
    }

    fn close_connection(&mut self, input: &mut Input) {
        if let Some(session) = self.sessions.get(input.below(256)) {
            session.handle.close_connection();
        }
    }

    fn take_events(&mut self, input: &mut Input) {
        if let Some(session) = self.sessions.get(input.below(256)) {
            for event in session.handle.take_events() {
                check_discreet(&format!("{event:?}"));
            }
            session.handle.set_events(input.below(8) > 0);
        }
    }

    /// What is set while anything is under way holds for what comes.
    fn set(&mut self, input: &mut Input) {
        let Some(session) = self.sessions.get(input.below(256)) else { return };
        let Known { handle, number } = session;
        let told = |outcome: Result<(), String>| {
            if let Err(told) = outcome {
                check_told(&told);
            }
        };
        let change =
            |change: &mut dyn FnMut(&mut Options) -> Result<(), String>| told(handle.change_options(|all| change(all)));
        match input.below(22) {
            0..=1 => {
                let limits = input.limits();
                handle.change_options(|options| options.set_limits(limits));
                let most = handle.options().limits().connections;
                let known = &mut self.known[*number].1;
                *known = most.max(*known);
            }
            2 => {
                let deadlines = input.deadlines();
                handle.change_options(|options| options.set_deadlines(deadlines));
            }
            3 => {
                let addresses: Vec<String> = (0..input.below(4)).map(|_| input.text(&menu::ADDRESSES)).collect();
                told(handle.set_addresses(&addresses).map_err(|error| error.detail));
            }
            4 => {
                let to = input.maybe(|input| (input.text(&menu::HOSTS), input.one(&menu::PORTS)));
                told(handle.set_connect_to(to).map_err(|error| error.detail));
            }
            5 => {
                let family = input.one(&[AddressFamily::Any, AddressFamily::Ipv4, AddressFamily::Ipv6]);
                handle.change_options(|options| options.family = family);
            }
            6 => {
                let address = input.maybe(|input| input.text(&menu::ADDRESSES));
                change(&mut |options| options.set_local_address(address.as_deref()).map_err(|error| error.detail));
            }
            7 => {
                let agent = input.maybe(|input| input.text(&menu::VALUES));
                change(&mut |options| options.set_user_agent(agent.clone()).map_err(|error| error.detail));
            }
            8 => {
                let is_persistent = input.is();
                handle.change_options(|options| options.is_persistent = is_persistent);
            }
            9..=11 => {
                let urls: Vec<String> = (0..input.below(3)).map(|_| input.text(&menu::PROXIES)).collect();
                change(&mut |options| options.proxying.set_proxies(&urls));
            }
            12 => {
                let entries: Vec<String> = (0..input.below(3)).map(|_| input.text(&menu::EXEMPTIONS)).collect();
                change(&mut |options| options.proxying.set_exemptions(&entries));
            }
            13 => {
                let (tunnels_all, is_ahead) = (input.is(), input.is());
                handle.change_options(|options| {
                    options.proxying.tunnels_all = tunnels_all;
                    options.proxying.goes_ahead = is_ahead;
                });
            }
            14 => {
                let bytes = input.bytes();
                change(&mut |options| options.tls_mut().add_roots(&bytes));
                change(&mut |options| options.proxying.tls_mut().add_leaves(&bytes));
                change(&mut |options| options.tls_mut().set_identity(&bytes, &bytes));
            }
            15 => {
                let versions = [TlsVersion::Tls12, TlsVersion::Tls13];
                let (oldest, newest) = (input.one(&versions), input.one(&versions));
                change(&mut |options| options.tls_mut().set_versions(oldest, newest));
                handle.change_options(|options| options.tls_mut().remove_identity());
            }
            16..=18 => {
                let login = Login { user: input.text(&["joe", "joe", ""]), password: Secret::new(menu::PASSWORD) };
                let mut has = || input.is();
                let (basic, digest_md5, digest_sha256, digest_sha512_256) = (has(), has(), has(), has());
                let digest_without_qop = has();
                let schemes = Schemes { basic, digest_md5, digest_sha256, digest_sha512_256, digest_without_qop };
                let (realm, is_ahead) = (input.maybe(|input| input.text(&["r", "s"])), input.is());
                if let Err(told) = handle.change_credentials(|known| known.set_login(realm, login, schemes, is_ahead)) {
                    check_told(told);
                }
            }
            19..=20 => {
                let (realm, scope) = (input.maybe(|input| input.text(&["r"])), input.maybe(|input| input.text(&["s"])));
                let token = Secret::new(menu::PASSWORD);
                let is_ahead = input.is();
                if let Err(told) = handle.change_credentials(|known| known.set_token(realm, token, scope, is_ahead)) {
                    check_told(told);
                }
            }
            _ => {
                let realm = input.maybe(|input| input.text(&["r"]));
                handle.change_credentials(|known| known.forget(realm.as_deref()));
                let fields = (0..input.below(3)).map(|_| (input.text(&menu::NAMES), input.bytes())).collect::<Vec<_>>();
                change(&mut |options| options.set_default_fields(fields.clone()).map_err(|error| error.detail));
                // Sessions share what one of them goes by; what was set for it alone stays its own.
                let options = handle.options();
                check_discreet(&format!("{options:?}"));
                if let Some(other) = self.sessions.get(input.below(256)) {
                    let most = options.limits().connections;
                    other.handle.set_options(options);
                    let known = &mut self.known[other.number].1;
                    *known = most.max(*known);
                }
            }
        }
    }

    fn fetch(&mut self, input: &mut Input) {
        let Some(session) = self.sessions.get(input.below(256)) else { return };
        let request = session.handle.request(input.one(&menu::METHODS), input.text(&menu::TARGETS));
        let (limit, exchange) = {
            let options = session.handle.options();
            (options.limits().whole_content, options.deadlines().exchange)
        };
        let end = self.net.now() + exchange;
        match self.net.run(whole::fetch(&request, false)) {
            Ok(whole) => assert!(whole.content.len() as u64 <= limit),
            Err(error) => check_error(&error),
        }
        assert!(self.net.now() <= end, "it takes longer than it may");
    }

    // ---- requests ---------------------------------------------------------------------------------------------------

    fn make_request(&mut self, input: &mut Input) {
        if self.requests.is_full(HANDLES) {
            return;
        }
        if let Some(session) = self.sessions.get(input.below(256)) {
            let mut request = session.handle.request(&input.text(&menu::METHODS), input.text(&menu::TARGETS));
            if input.below(3) == 0 {
                request.set_streamed_content(input.maybe(Input::number));
            }
            let number = session.number;
            self.requests.add((request, number));
        }
    }

    fn change_request(&mut self, input: &mut Input) {
        let Some((request, _)) = self.requests.get(input.below(256)) else { return };
        match input.below(7) {
            0..=1 => {
                let (name, value) = (input.text(&menu::NAMES), input.text(&menu::VALUES));
                if let Err(error) = request.add_field(&name, value.into_bytes()) {
                    check_error(&error);
                }
            }
            2 => request.set_content(input.bytes()),
            3 => request.set_streamed_content(input.maybe(Input::number)),
            4 => request.set_idempotent(input.is()),
            5 => request.set_expect_continue(input.is()),
            _ => request.set_version(input.one(&[Version::Http11, Version::Http10])),
        }
    }

    fn start(&mut self, input: &mut Input) {
        if self.exchanges.is_full(HANDLES) || self.responses.is_full(HANDLES) {
            return;
        }
        let Some((request, session)) = self.requests.get(input.below(256)) else { return };
        let session = *session;
        // `send` does not wait for one of the session's connections, and takes no streamed content.
        let is_send = input.below(4) == 0 && !request.is_streamed();
        match request.start(!is_send) {
            Ok(handle) => {
                assert!(!self.known[session].0, "its session is gone");
                // As long as the longest of all deadlines that there may be.
                let mut exchange = Exchange::new(handle, session, Instant::from_nanos(u64::MAX));
                self.net.settle();
                exchange.handle.advance();
                if is_send {
                    let answer = wait(self.net, exchange.end, |context| exchange.handle.poll_response(context));
                    self.responses_add(exchange.note(answer));
                }
                self.exchanges.add(exchange);
            }
            Err(error) => {
                check_error(&error);
                assert_eq!(error.phase, Phase::Setup);
                assert!(!self.known[session].0 || error.code == Code::SessionDropped);
            }
        }
    }

    // ---- exchanges and responses ------------------------------------------------------------------------------------

    fn use_exchange(&mut self, input: &mut Input) {
        let net = self.net;
        let Some(exchange) = self.exchanges.get(input.below(256)) else { return };
        match input.below(16) {
            0..=2 => {
                net.settle();
                if let Err(error) = exchange.handle.try_write(input.bytes()) {
                    check_error(&error);
                }
            }
            // `write`: what was written before goes first, then this.
            3..=5 => {
                let mut piece = Some(input.bytes());
                let written = wait(net, exchange.end, |context| {
                    loop {
                        let Some(unwritten) = piece.take() else { return exchange.handle.poll_flush(context) };
                        match exchange.handle.try_write(unwritten) {
                            Err(error) => return Poll::Ready(Err(error)),
                            Ok(Ok(())) => continue,
                            Ok(Err(back)) => piece = Some(back),
                        }
                        match exchange.handle.poll_flush(context) {
                            Poll::Ready(Ok(())) => {}
                            unready => return unready,
                        }
                    }
                });
                if let Err(error) = written {
                    check_error(&error);
                }
            }
            6..=8 => {
                let mut trailers = Fields::default();
                for _ in 0..input.below(3) {
                    trailers.push(input.text(&menu::NAMES), input.text(&menu::VALUES).into_bytes());
                }
                net.settle();
                let outcome = exchange.handle.finish(trailers);
                exchange.note_finish(outcome);
            }
            9 => drop(exchange.handle.interim_responses()),
            10 => {
                net.settle();
                let Poll::Ready(answer) = poll_once(|context| exchange.handle.poll_response(context)) else { return };
                let response = exchange.note(answer);
                self.responses_add(response);
            }
            // `response`, which does not wait for its own caller.
            11..=13 => {
                net.settle();
                if exchange.handle.waits_for_caller() {
                    return;
                }
                let answer = wait(net, exchange.end, |context| exchange.handle.poll_response(context));
                let response = exchange.note(answer);
                self.responses_add(response);
            }
            14 => exchange.handle.cancel(),
            _ => {
                net.settle();
                let _ = poll_once(|context| exchange.handle.poll_ready(context));
            }
        }
    }

    fn responses_add(&mut self, response: Option<Response>) {
        if let Some(response) = response {
            self.responses.add(response);
        }
    }

    fn use_response(&mut self, input: &mut Input) {
        let net = self.net;
        let Some(response) = self.responses.get(input.below(256)) else { return };
        let max = input.one(&[1, 2, 100, READ_LENGTH]);
        match input.below(8) {
            0..=1 => {
                net.settle();
                if let Poll::Ready(outcome) = poll_once(|context| response.handle.poll_read(context, max)) {
                    response.note(max, outcome);
                }
            }
            2..=3 => {
                let outcome = wait(net, response.end, |context| response.handle.poll_read(context, max));
                response.note(max, outcome);
            }
            4 => {
                let limit = response.handle.whole_content_limit();
                match net.run(whole::read_to_end(&response.handle)) {
                    Ok(content) => assert!(content.len() as u64 <= limit),
                    Err(error) => check_error(&error),
                }
            }
            5 => {
                drop(response.handle.trailers());
                check_discreet(&format!("{:?}", response.handle.challenges()));
            }
            6 => {
                net.settle();
                let _ = poll_once(|context| response.handle.poll_ready(context));
            }
            _ => {
                let _: (usize, Option<u64>, IpAddr) = (
                    response.handle.interim_responses().len(),
                    response.handle.content_length(),
                    response.handle.facts().peer.ip(),
                );
            }
        }
    }

    /// What the WIT's `poll` does with all that there is.
    fn poll(&mut self, input: &mut Input) {
        let until = self.net.now() + Duration::from_nanos(input.number().min(1 << 40));
        self.net.run_until(
            Some(until),
            poll_fn(|context| {
                let exchanges = self.exchanges.all().filter(|exchange| exchange.handle.poll_ready(context).is_ready());
                let exchanges = exchanges.count();
                let responses = self.responses.all().filter(|response| response.handle.poll_ready(context).is_ready());
                if exchanges + responses.count() > 0 { Poll::Ready(()) } else { Poll::Pending }
            }),
        );
    }

    /// What is left of a dropped session has an answer at once, and touches the network no more.
    fn check_dropped(&mut self) {
        let steps = self.net.steps();
        let known = &self.known;
        for exchange in self.exchanges.all().filter(|exchange| known[exchange.session].0) {
            assert!(poll_once(|context| exchange.handle.poll_flush(context)).is_ready());
        }
        for response in self.responses.all().filter(|response| known[response.session].0) {
            assert!(poll_once(|context| response.handle.poll_ready(context)).is_ready());
        }
        assert_eq!(self.net.steps(), steps, "nothing of a dropped session touches the network");
    }
}
