//! The export `wait-any`, by hand: see `bindings` for why. It follows the canonical ABI (lists are pointer and length, in memory
//! that the caller had us allocate; the result is a pointer to a list that `cabi_post_` frees).
#![allow(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use wasi::io::poll::Pollable;

use super::bindings::exports::xenon::http::session::{ExchangeBorrow, ResponseBorrow};
use super::exchange::{Exchange, Response};
use crate::net::Net;
use crate::wasip2::network;
use std::time::Duration;

/// The WIT's `wait-any`.
fn wait_any(
    exchanges: &[&Exchange],
    responses: &[&Response],
    others: &[&Pollable],
    timeout: Option<Duration>,
) -> Vec<u32> {
    let network = network();
    network.begin(false);
    let until = timeout.map(|timeout| network.now() + timeout);
    // The caller's numbering: exchanges, responses, others.
    let first_other = exchanges.len().saturating_add(responses.len());
    let number = |other: usize| first_other.saturating_add(other);
    let woken = WOKEN.with(Arc::clone);
    woken.0.store(false, Ordering::Relaxed);
    let waker = Waker::from(Arc::clone(&woken));
    let context = &mut Context::from_waker(&waker);
    loop {
        let mut ready = Vec::new();
        for (index, Exchange(exchange)) in exchanges.iter().enumerate() {
            if exchange.poll_ready(context).is_ready() {
                ready.push(index);
            }
        }
        for (index, Response(response)) in responses.iter().enumerate() {
            if response.poll_ready(context).is_ready() {
                ready.push(exchanges.len().saturating_add(index));
            }
        }
        if ready.is_empty() {
            // One of them may have freed a connection for another. That one takes it before anything is waited for.
            if woken.0.swap(false, Ordering::Relaxed) {
                continue;
            }
            let woken = network.wait(others, until);
            ready.extend(woken.others.iter().map(|&index| number(index)));
            let is_over = until.is_some_and(|until| network.now() >= until);
            if ready.is_empty() && woken.waited && !is_over {
                continue;
            }
        } else if !others.is_empty() {
            // The caller's own pollables that are ready are returned too, so that a busy exchange cannot starve them.
            let is_ready = |(_, other): &(usize, &&Pollable)| other.ready();
            ready.extend(others.iter().enumerate().filter(is_ready).map(|(index, _)| number(index)));
        }
        return ready.into_iter().filter_map(|index| u32::try_from(index).ok()).collect();
    }
}

/// Whether polling one of them woke another. The network wakes nothing.
struct Woken(AtomicBool);

thread_local! {
    /// Shared by all calls, so that all of them count as one waker.
    static WOKEN: Arc<Woken> = Arc::new(Woken(AtomicBool::new(false)));
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A list as the canonical ABI returns it.
#[repr(C)]
struct List {
    start: *mut u32,
    length: usize,
}

#[unsafe(export_name = "xenon:http/session@0.2.0#wait-any")]
unsafe extern "C" fn export(
    exchanges: *mut u32,
    exchange_count: usize,
    responses: *mut u32,
    response_count: usize,
    others: *mut u32,
    other_count: usize,
    has_timeout: i32,
    timeout: i64,
) -> *mut List {
    // SAFETY: the canonical ABI hands over three lists of `u32`, each allocated by our `cabi_realloc` with this length.
    let (exchanges, responses, others) = unsafe {
        (into_vec(exchanges, exchange_count), into_vec(responses, response_count), into_vec(others, other_count))
    };
    // SAFETY: a borrowed handle of a resource of our own arrives as its representation, which lives as long as this call.
    let exchanges: Vec<_> = exchanges.iter().map(|&rep| unsafe { ExchangeBorrow::lift(rep as *const u8) }).collect();
    let responses: Vec<_> = responses.iter().map(|&rep| unsafe { ResponseBorrow::lift(rep as *const u8) }).collect();
    // SAFETY: a borrowed handle of an imported resource arrives as an index of our table, and is ours to drop.
    let others: Vec<_> = others.iter().map(|&handle| unsafe { Pollable::from_handle(handle) }).collect();
    let ready = wait_any(
        &exchanges.iter().map(ExchangeBorrow::get).collect::<Vec<_>>(),
        &responses.iter().map(ResponseBorrow::get).collect::<Vec<_>>(),
        &others.iter().collect::<Vec<_>>(),
        // The canonical ABI carries a `u64` as the `i64` of the same bits.
        (has_timeout != 0).then(|| Duration::from_nanos(timeout.cast_unsigned())),
    );
    let ready = Box::leak(ready.into_boxed_slice());
    Box::into_raw(Box::new(List { start: ready.as_mut_ptr(), length: ready.len() }))
}

#[unsafe(export_name = "cabi_post_xenon:http/session@0.2.0#wait-any")]
unsafe extern "C" fn post_return(list: *mut List) {
    // SAFETY: `list` is what `export` returned, and is given back once.
    unsafe {
        let List { start, length } = *Box::from_raw(list);
        drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(start, length)));
    }
}

/// Takes ownership of a list.
unsafe fn into_vec(start: *mut u32, length: usize) -> Vec<u32> {
    if length == 0 {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    unsafe { Vec::from_raw_parts(start, length, length) }
}
