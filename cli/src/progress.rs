//! The progress bar of `-#`, when standard error is a terminal.

use std::io::IsTerminal;

use wasi::clocks::monotonic_clock;

use crate::options::Options;
use crate::output::tell;

/// The progress of the transfers. It is drawn at most ten times a second.
pub struct Progress {
    is_shown: bool,
    done: u64,
    /// `None` if one of the lengths is unknown.
    total: Option<u64>,
    drawn_at: Option<u64>,
}

const BETWEEN_DRAWINGS: u64 = 100_000_000;

/// Characters of a bar, its number apart.
const WIDTH: usize = 70;

impl Progress {
    /// Shown or not, as the options and the terminal have it.
    pub fn new(options: &Options) -> Self {
        let is_shown = options.progress_bar && !options.silent && std::io::stderr().is_terminal();
        Self { is_shown, done: 0, total: Some(0), drawn_at: None }
    }

    /// Adds this many expected bytes. `None` if the length is unknown.
    pub fn expect(&mut self, bytes: Option<u64>) {
        self.total = self.total.zip(bytes).map(|(total, bytes)| total.saturating_add(bytes));
    }

    /// Adds this many transferred bytes.
    pub fn advance(&mut self, bytes: usize) {
        self.done = self.done.saturating_add(bytes as u64);
        if !self.is_shown {
            return;
        }
        let now = monotonic_clock::now();
        if self.drawn_at.is_none_or(|at| now.saturating_sub(at) >= BETWEEN_DRAWINGS) {
            self.drawn_at = Some(now);
            tell(bar(self.done, self.total).as_bytes());
        }
    }

    /// Ends the bar. What follows has a bar of its own.
    pub fn finish(&mut self) {
        if self.is_shown && self.drawn_at.is_some() {
            tell(format!("{}\n", bar(self.done, self.total)).as_bytes());
        }
        self.done = 0;
        self.total = Some(0);
        self.drawn_at = None;
    }
}

/// Begins with a carriage return, so that it takes the place of the one before.
fn bar(done: u64, total: Option<u64>) -> String {
    match total.filter(|total| *total > 0) {
        Some(total) => {
            let share = (done as f64 / total as f64).min(1.0);
            let marks = (share * WIDTH as f64) as usize;
            format!("\r{:<WIDTH$} {:5.1}%", "#".repeat(marks), share * 100.0)
        }
        None => format!("\r{done} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_grows_to_its_width_and_not_beyond() {
        assert_eq!(bar(0, Some(10)), format!("\r{} {:>5}%", " ".repeat(WIDTH), "0.0"));
        assert_eq!(bar(5, Some(10)), format!("\r{}{} {:>5}%", "#".repeat(35), " ".repeat(35), "50.0"));
        assert_eq!(bar(20, Some(10)), format!("\r{} 100.0%", "#".repeat(WIDTH)));
    }

    #[test]
    fn without_a_total_there_are_bytes() {
        assert_eq!(bar(123, None), "\r123 bytes");
        assert_eq!(bar(0, Some(0)), "\r0 bytes");
    }
}
