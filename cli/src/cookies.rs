//! The cookies of `-b` and `-c`: a jar that all sessions share, the files that it begins with, and the one that it ends in.

use crate::bindings::cookies::CookieJar;
use crate::exit::{Exit, Failure};
use crate::files::{self, Files, shown};
use crate::options::{Cookies, Options};
use crate::output::{StandardOutput, tell};

/// The public suffixes, which no cookie may be for: see `data/README.md`.
const PUBLIC_SUFFIXES: &[u8] = include_bytes!("../data/public_suffix_list.dafsa");

/// The value of `Cookie` from `-b`, if any.
pub fn field(options: &Cookies) -> Option<Vec<u8>> {
    let pairs: Vec<&[u8]> = options.pairs.iter().map(|pairs| pairs.trim_ascii()).collect();
    (!pairs.is_empty()).then(|| pairs.join(&b"; "[..]))
}

/// The jar, with the cookies of the files. `None` if the options want none. `url` is the first of the command line, for files of
/// `Set-Cookie` lines without a domain.
pub fn open(options: &Options, url: Option<&str>, files: &impl Files) -> Result<Option<CookieJar>, Failure> {
    if !options.cookies.are_kept() {
        return Ok(None);
    }
    let jar = CookieJar::new();
    let failed = |error| Failure::from_component(&error, false);
    jar.set_public_suffixes(Some(PUBLIC_SUFFIXES)).map_err(failed)?;
    for name in options.cookies.files.iter().filter(|name| !name.is_empty()) {
        match files.whole(name) {
            Ok(text) => {
                let read = jar.import_cookies(&text, url);
                if read.refused > 0 && options.verbose {
                    note(&format!("{} of the cookies in {} are refused", read.refused, shown(name)));
                }
            }
            // As in curl, it may be there only after this run.
            Err(why) if options.verbose => note(&format!("No cookies from a file: {}", why.message)),
            Err(_) => {}
        }
    }
    if options.cookies.is_new_session {
        jar.clear_session_cookies();
    }
    Ok(Some(jar))
}

/// Writes the jar where `-c` says, whole or not at all.
pub fn save(jar: &CookieJar, options: &Options, output: &mut StandardOutput) -> Result<(), Failure> {
    let Some(name) = &options.cookies.jar else { return Ok(()) };
    let exported = jar.export_cookies();
    if exported.left_out > 0 && !options.silent {
        let words = "contain a tab, which a file of cookies cannot have, and are left out";
        tell(format!("xenon: warning: {} cookies {words}\n", exported.left_out).as_bytes());
    }
    if name == b"-" {
        return output.write(&exported.text).and_then(|()| output.finish());
    }
    files::replace(name, &exported.text)
        .map_err(|why| Failure::new(Exit::Write, format!("the cookies are not saved: {}", why.message)))
}

fn note(text: &str) {
    tell(format!("* {text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_several_options_make_one_field() {
        let cookies = |pairs: &[&str]| Cookies {
            pairs: pairs.iter().map(|pairs| pairs.as_bytes().to_vec()).collect(),
            ..Cookies::default()
        };
        assert_eq!(field(&cookies(&[])), None);
        assert_eq!(field(&cookies(&["a=b; c=d", " e=f "])).as_deref(), Some(&b"a=b; c=d; e=f"[..]));
    }
}
