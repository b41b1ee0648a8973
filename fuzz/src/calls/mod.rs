//! Every function that the component exports, called in any order and with any values: on handles whose session is gone, after
//! failures, twice, while something else is under way.
//!
//! The component is glue around these same functions. What a caller may not do answers an error; nothing panics or hangs, an
//! end stays an end, and when all handles are dropped nothing is left.

mod caller;
mod handles;
mod menu;
mod peers;

use self::caller::Caller;
use self::menu::Input;

/// Calls of one input.
const CALLS: usize = 200;

/// Input: which peers there are, then calls, each a byte that says which and bytes for its values.
pub fn check(input: &[u8]) {
    // Whether futures are polled after each wait, or only when they were woken.
    for is_exact in [false, true] {
        check_calls(Input::new(input), is_exact);
    }
}

fn check_calls(mut input: Input<'_>, is_exact: bool) {
    let net = peers::world(&mut input);
    net.set_exact_wakers(is_exact);
    let mut caller = Caller::new(&net);
    for _ in 0..CALLS {
        if input.is_empty() {
            break;
        }
        caller.call(&mut input);
    }
    caller.drop_all(&mut input);
    assert_eq!(net.open_connections(), 0, "all handles are gone");
}

/// Words that must not be told by anybody: the password of all callers, and what Basic makes of it.
const SECRETS: [&str; 2] = [menu::PASSWORD, "am9lOmhpZGRlbi13b3Jkcw"];

/// What is told must be fit for a line of a log, of bounded length, and tell no secret.
fn check_told(told: &str) {
    assert!(!told.is_empty() && told.chars().count() <= 512 && !told.chars().any(char::is_control), "{told:?}");
    check_discreet(told);
}

fn check_discreet(told: &str) {
    assert!(SECRETS.iter().all(|secret| !told.contains(secret)), "{told:?}");
}
