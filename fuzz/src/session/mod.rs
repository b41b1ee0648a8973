//! A whole session against peers that do anything, on a network that fails at any step.
//!
//! The input is a plan (`plan`): what the world is, what each peer says and when (`peer`), what the client does (`client`).
//! Nothing may panic or hang, time and memory keep their bounds, and in the end (`judge`) every response was to the request
//! that it came after, and no request was sent more often than it may be.

mod client;
mod judge;
mod peer;
mod plan;

use xenon::net::sim::SimNet;

use self::client::Client;
use self::judge::Traffic;
use self::plan::{ADDRESSES, Plan};

/// The origin's name.
const NAME: &str = "a.test";

/// Input: a plan. With `XENON_FUZZ_SHOW` set, it is shown first.
pub fn check(input: &[u8]) {
    let plan = Plan::read(input);
    if std::env::var_os("XENON_FUZZ_SHOW").is_some() {
        eprintln!("{plan:#?}");
    }
    // The same whether futures are polled after each wait, or only when they were woken.
    for is_exact in [false, true] {
        check_plan(&plan, is_exact);
    }
}

fn check_plan(plan: &Plan, is_exact: bool) {
    let net = world(plan);
    net.set_exact_wakers(is_exact);
    let mut client = Client::new(plan, &net);
    client.run();
    let (records, events) = client.finish();
    assert_eq!(net.open_connections(), 0);

    let traffic = Traffic::new(plan, &net, &records);
    traffic.check_requests(&records);
    traffic.check_answers(&records);
    traffic.check_events(&records, &events);
}

fn world(plan: &Plan) -> SimNet {
    let net = SimNet::new();
    let (after, answer) = plan.lookup.clone();
    net.name_after(NAME, after, answer);
    for (index, address) in ADDRESSES.iter().enumerate() {
        let scripts = plan.peers.iter().filter(|peer| peer.address == index).map(|peer| peer.script());
        let at = std::net::SocketAddr::new(address.parse().expect("an address"), 80);
        net.listen_after(at, plan.connect_after[index], scripts);
    }
    for (operation, failure) in &plan.failures {
        net.fail_at(*operation, *failure);
    }
    net.set_send_limit(plan.send_limit);
    net
}
