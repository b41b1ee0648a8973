//! A plugin in Python.

use std::path::Path;

use plugin_host::{Failure, Policy};
use xenon_harness::componentize_py;

use super::{host, log, run};

#[test]
fn a_plugin_in_python_is_told_that_the_host_refuses() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/plugin-host");
    let (program, wit) = ("plugins/trespass.py", ["wit", "xenon", "plugins/trespass.wit"].map(|wit| example.join(wit)));
    let Some(plugin) = componentize_py::component(&example.join(program), &wit, "example:trespass/trespass") else {
        return;
    };
    let policy = Policy::parse("allow = ['127.0.0.1:1']\nmemory-mib = 256").unwrap();
    let plugin = host().load("python", &plugin, policy).unwrap();
    let words = |outcome| match outcome {
        Err(Failure::Plugin(words)) => words,
        other => panic!("{other:?}"),
    };
    let refused = words(run(&plugin, "127.0.0.1 2"));
    assert_eq!(refused, "could not connect: 127.0.0.1:2: the host of this component does not allow it");
    assert_eq!(log("python"), ["REFUSED to connect to 127.0.0.1:2: not in its policy"]);
    // Nobody is there, and it is the target that says so.
    assert_eq!(words(run(&plugin, "127.0.0.1 1")), "could not connect: 127.0.0.1:1: connection refused");
}
