//! Every check eats its corpus, and inputs that look random: so that what fuzzing has found stays found, with any toolchain.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use xenon_fuzz::{TARGETS, Target};

/// The longest made-up input that owes nothing to the corpus.
const LENGTH: usize = 300;

#[test]
fn the_corpora() {
    for Target { name, check, .. } in TARGETS {
        let corpus = corpus(name);
        assert!(corpus.len() > 5, "{name} has {} inputs", corpus.len());
        for (file, input) in corpus {
            println!("{}", file.display());
            check(&input);
        }
    }
}

/// Mutations of the corpus, and some bytes of no origin. They are the same each time.
#[test]
fn made_up_inputs() {
    for Target { name, check, rounds } in TARGETS {
        let corpus = corpus(name);
        let mut random = Random(1);
        for round in 0..*rounds {
            let mut input = match corpus.get(random.below(corpus.len() + corpus.len() / 8 + 1)) {
                Some((_, input)) => input.clone(),
                None => (0..random.below(LENGTH)).map(|_| random.byte()).collect(),
            };
            for _ in 0..random.below(4) {
                mutate(&mut input, &mut random, &corpus);
            }
            // Shown when the check panics.
            println!("{name}, round {round}: {}", input.escape_ascii());
            check(&input);
        }
    }
}

#[test]
fn each_check_has_its_target_and_its_corpus() {
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let checks: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let of_manifest = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let of_manifest: BTreeSet<_> = of_manifest.map(|line| line.trim_end_matches(".rs\"").to_owned()).collect();
    assert_eq!(of_manifest, checks);
    assert_eq!(names(&folder().join("corpus")), checks);
    assert_eq!(names(&folder().join("fuzz_targets")), checks.iter().map(|name| format!("{name}.rs")).collect());
    for name in &checks {
        let target = fs::read_to_string(folder().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("xenon_fuzz::{name}::check(bytes)")), "{name}");
    }
}

fn mutate(input: &mut Vec<u8>, random: &mut Random, corpus: &[(PathBuf, Vec<u8>)]) {
    let at = random.below(input.len() + 1);
    let to = (at + random.below(20)).min(input.len());
    match random.below(6) {
        0 => input.insert(at, random.byte()),
        1 => drop(input.drain(at..to)),
        2 => input.extend_from_within(at..to),
        3 => input[at..to].iter_mut().for_each(|byte| *byte = random.byte()),
        4 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        _ => {
            if let Some((_, other)) = corpus.get(random.below(corpus.len() + 1)) {
                input.truncate(at);
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
        }
    }
}

/// A linear congruential generator: the same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        // Half of them bytes that messages are made of.
        const USUAL: &[u8] = b"\r\n\r\n: ;,\t01259afHTP/xX-\"\\";
        if self.below(2) == 0 { USUAL[self.below(USUAL.len())] } else { self.below(256) as u8 }
    }
}

/// The inputs of a check, in the order of their files' names.
fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let corpus = folder().join("corpus").join(name);
    let read = |file: String| {
        let path = corpus.join(file);
        let input = fs::read(&path).unwrap();
        (path, input)
    };
    names(&corpus).into_iter().map(read).collect()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).map(name).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
