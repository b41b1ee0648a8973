//! OpenSSL's own test server, `openssl s_server`, at a free port of 127.0.0.1. It responds to GET with a page about the
//! connection.
//!
//! It touches nothing outside its own directory, which is removed with it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A running server. It ends when this is dropped.
pub struct SServer {
    port: u16,
    folder: PathBuf,
    process: Child,
    /// Reads its output, so that it never blocks on a full pipe.
    reader: Option<std::thread::JoinHandle<()>>,
}

impl SServer {
    /// Starts it with these files (name and content) and arguments. Arguments can name the files. `-accept`, `-www` and the like
    /// are added.
    ///
    /// `None` if openssl is not installed, with a loud message: a skipped test must be noticed. In CI that is a panic.
    pub fn start(files: &[(&str, &str)], arguments: &[&str]) -> Option<SServer> {
        if !is_installed() {
            return None;
        }
        let folder = make_folder();
        for (name, content) in files {
            fs::write(folder.join(name), content).expect("the folder can be written to");
        }
        let complaints = fs::File::create(folder.join("complaints")).expect("the folder can be written to");
        let mut process = Command::new("openssl")
            .current_dir(&folder)
            .args(["s_server", "-accept", "127.0.0.1:0", "-www"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .expect("openssl can be started");
        let mut lines = BufReader::new(process.stdout.take().expect("its output is a pipe")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            // `ACCEPT 127.0.0.1:39525`
            line.strip_prefix("ACCEPT ")?.rsplit_once(':')?.1.trim().parse().ok()
        });
        let Some(port) = port else {
            let _ = process.wait();
            let words = fs::read_to_string(folder.join("complaints")).unwrap_or_default();
            panic!("s_server does not start; it says:\n{words}");
        };
        let reader = std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Some(SServer { port, folder, process, reader: Some(reader) })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its error output so far.
    pub fn complaints(&self) -> String {
        fs::read_to_string(self.folder.join("complaints")).unwrap_or_default()
    }
}

impl Drop for SServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The output of `openssl` with these arguments. `None` if it is missing, as with `SServer::start`.
pub fn openssl(arguments: &[&str]) -> Option<String> {
    if !is_installed() {
        return None;
    }
    let output = Command::new("openssl").args(arguments).stdin(Stdio::null()).output().expect("openssl can be started");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {words}");
    Some(String::from_utf8(output.stdout).expect("openssl prints text"))
}

fn is_installed() -> bool {
    let found = Command::new("openssl").arg("version").stdin(Stdio::null()).stdout(Stdio::null()).status().is_ok();
    if !found {
        let word = "openssl is missing; scripts/setup.sh test would bring it";
        assert!(std::env::var_os("CI").is_none(), "{word}");
        eprintln!("\n*** SKIPPED: {word} ***\n");
    }
    found
}

fn make_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("xenon-s-server-{}-{count}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for temporary files can be made");
    folder
}
