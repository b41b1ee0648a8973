//! Programs of the system's that serve: each in a folder of its own, at free ports of 127.0.0.1, with logs to look at.
//!
//! They must not need root, nor touch anything outside of their folders. When one is dropped it ends, and its folder goes;
//! what it has started itself must end by that too, as a helper does when nobody is left to ask it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A running program.
pub(crate) struct Program {
    process: Child,
    folder: Folder,
}

impl Program {
    /// Starts what `command` makes for these ports, in the folder, and waits until it is ready. What it prints comes into
    /// the file `output`; a reason why it does not start is looked for there and in `error.log`.
    pub(crate) fn start<const PORTS: usize>(
        folder: Folder,
        command: impl Fn(&Path, [u16; PORTS]) -> Command,
        is_ready: impl Fn(&Path, [u16; PORTS]) -> bool,
    ) -> ([u16; PORTS], Program) {
        // Between the moment when a port is found free and the moment when the program takes it, somebody else can.
        for _ in 0..ATTEMPTS {
            let ports = free_ports();
            let process = spawn(command(&folder.0, ports), &folder.0);
            if let Some(process) = wait_until(|| is_ready(&folder.0, ports), process, &folder.0) {
                return (ports, Program { process, folder });
            }
        }
        panic!("it does not start; it says:\n{}", complaints(&folder.0));
    }

    /// Ends it and starts it once more, in the same folder.
    pub(crate) fn restart(&mut self, command: Command, is_ready: impl Fn(&Path) -> bool) {
        self.end();
        let folder = &self.folder.0;
        let process = wait_until(|| is_ready(folder), spawn(command, folder), folder);
        self.process = process.unwrap_or_else(|| panic!("it does not start again; it says:\n{}", complaints(folder)));
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// The text of one of its files, or none yet.
    pub(crate) fn text(&self, file: &str) -> String {
        text(&self.folder.0.join(file))
    }

    /// Waits until one of its files has what is wanted; panics when that takes too long, and says what the file has instead.
    pub(crate) fn wait_for<T>(&self, file: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            let text = self.text(file);
            if let Some(found) = find(&text) {
                return found;
            }
            assert!(start.elapsed() < PATIENCE, "what is waited for does not come into {file}; it has:\n{text}");
            std::thread::yield_now();
        }
    }

    /// What it has complained of so far.
    pub(crate) fn complaints(&self) -> String {
        complaints(&self.folder.0)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

/// A folder for temporary files, gone when this is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes one for a program of this name.
    pub(crate) fn new(name: &str) -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("xenon-{name}-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for temporary files can be made");
        Folder(path)
    }

    /// Writes a file there.
    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.0.join(name), content).expect("the folder can be written to");
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Some programs do not serve as root: started by root they become `nobody`. So root gives the folder to `nobody`; whether
    /// this was root is answered.
    #[cfg(unix)]
    pub(crate) fn give_to_nobody(&self) -> bool {
        use std::os::unix::fs::{MetadataExt, chown};
        let is_root = fs::metadata(&self.0).expect("the folder is there").uid() == 0;
        if is_root {
            chown(&self.0, Some(NOBODY), Some(NOBODY)).expect("root can give a folder away");
        }
        is_root
    }

    #[cfg(not(unix))]
    pub(crate) fn give_to_nobody(&self) -> bool {
        false
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where a program is. None where it is not installed, and then loud: a test that is skipped must be seen. In CI that is a
/// panic.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian has some where only root's PATH looks.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    find_file(program, folders)
}

/// Where a file is that belongs to a program; none as with `find`.
pub(crate) fn find_file(name: &str, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        let word = format!("{name} is missing; scripts/setup.sh test would bring it");
        assert!(std::env::var_os("CI").is_none(), "{word}");
        eprintln!("\n*** SKIPPED: {word} ***\n");
    }
    found
}

/// How many times ports are tried.
const ATTEMPTS: usize = 5;

/// How long a program may take to start, or to log what it has done.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whose number this is everywhere.
#[cfg(unix)]
const NOBODY: u32 = 65534;

/// No two of them the same.
fn free_ports<const PORTS: usize>() -> [u16; PORTS] {
    let listeners: [TcpListener; PORTS] = std::array::from_fn(|_| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("127.0.0.1 has a free port") //
    });
    listeners.map(|listener| listener.local_addr().expect("a listener has an address").port())
}

fn spawn(mut command: Command, folder: &Path) -> Child {
    let output = fs::File::create(folder.join("output")).expect("the folder can be written to");
    let errors = output.try_clone().expect("a file can be had twice");
    command.current_dir(folder).stdin(Stdio::null()).stdout(output).stderr(errors);
    command.spawn().unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()))
}

/// None when it ends instead.
fn wait_until(is_ready: impl Fn() -> bool, mut process: Child, folder: &Path) -> Option<Child> {
    let start = Instant::now();
    while !is_ready() {
        if process.try_wait().expect("a child can be asked").is_some() {
            return None;
        }
        if start.elapsed() > PATIENCE {
            let _ = process.kill();
            let _ = process.wait();
            panic!("it takes too long to start; it says:\n{}", complaints(folder));
        }
        std::thread::yield_now();
    }
    Some(process)
}

fn complaints(folder: &Path) -> String {
    text(&folder.join("output")) + &text(&folder.join("error.log"))
}

fn text(file: &Path) -> String {
    fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
