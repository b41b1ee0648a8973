//! Native contestants in C: compiled for one run, each a process of its own, told by lines what to do (native/client.c).
//!
//! It must not leave a process behind, nor a file.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use crate::Result;
use crate::certificate::Certificate;
use crate::contestants::{Job, Kind};
use crate::names::Name;

/// A program that was compiled.
#[derive(Clone)]
pub(crate) struct Program {
    name: Name,
    folder: Rc<Folder>,
}

/// Where they are; it is gone with the last of them.
struct Folder(PathBuf);

impl Program {
    /// Those that can be had here. About each that cannot, a loud line; in CI that is an error.
    pub(crate) fn all(certificate: &Certificate) -> Result<Vec<Self>> {
        let path = std::env::temp_dir().join(format!("xenon-bench-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        let folder = Rc::new(Folder(path));
        fs::write(folder.trusted(), &certificate.authority)?;
        let mut programs = Vec::new();
        for name in [Name::Neon, Name::Curl] {
            match compile(name, &folder.0) {
                Ok(()) => programs.push(Self { name, folder: Rc::clone(&folder) }),
                Err(error) if std::env::var_os("CI").is_some() => return Err(error),
                Err(error) => eprintln!(
                    "\n*** SKIPPED: {} cannot be compiled; scripts/setup.sh bench brings what it needs ***\n{error}\n",
                    name.as_str()
                ),
            }
        }
        Ok(programs)
    }

    pub(crate) fn name(&self) -> Name {
        self.name
    }

    pub(crate) fn start(&self) -> Result<Client> {
        let mut process = Command::new(self.folder.0.join(self.name.short()))
            .arg(self.folder.trusted())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().ok_or("a program has no input")?;
        let output = process.stdout.take().ok_or("a program has no output")?;
        Ok(Client { process, input, output: BufReader::new(output), busy: Duration::ZERO })
    }
}

impl Folder {
    fn trusted(&self) -> PathBuf {
        self.0.join("authority.pem")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn compile(name: Name, into: &Path) -> Result<()> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("native");
    let short = name.short();
    // Both libraries have such a program beside their headers.
    let flags = run(Command::new(format!("{short}-config")).args(["--cflags", "--libs"]))?;
    let files = [source.join("client.c"), source.join(format!("{short}.c"))];
    let mut cc = Command::new("cc");
    cc.args(["-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-o"]).arg(into.join(short));
    run(cc.args(files).args(flags.split_whitespace())).map(drop)
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A program that runs.
pub(crate) struct Client {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    busy: Duration,
}

impl Client {
    /// Does the job `count` times; how many bytes of content were moved.
    pub(crate) fn work(&mut self, job: Job<'_>, count: u32) -> Result<u64> {
        let kind = match job.kind {
            Kind::Keep => "keep",
            Kind::Full => "full",
            Kind::Resumed => "resumed",
            Kind::Upload => "upload",
        };
        writeln!(self.input, "{kind} {} {} {count} {}", job.port, job.target, job.length)?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let mut numbers = line.split_whitespace().map(str::parse);
        let (Some(Ok(moved)), Some(Ok(busy))) = (numbers.next(), numbers.next()) else {
            return Err("a native program has failed".into());
        };
        self.busy = Duration::from_nanos(busy);
        Ok(moved)
    }

    /// For how long it had computed when it had done its last job.
    pub(crate) fn busy(&self) -> Duration {
        self.busy
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
