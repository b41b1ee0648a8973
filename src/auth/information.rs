//! The server's side of authentication, in the response to a request that it accepted: `Authentication-Info` (RFC 9110
//! section 11.6.3).

use super::challenge;
use crate::http::fields;
use crate::limits;
use crate::reason::Reason;

/// Its parameters.
pub(super) struct Information(Vec<(String, String)>);

impl Information {
    /// The value of the parameter with this lower-case name.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// The parameters of all these field lines. An element that is not a parameter is skipped. A repeated parameter is
/// ambiguous, and a malformed proof proves nothing: both are errors.
pub(super) fn parse<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Information, Reason> {
    let mut information = Information(Vec::new());
    for element in values.flat_map(fields::elements) {
        let parameter = challenge::parameter(element);
        if hides_proof(element, parameter.as_ref()) {
            return Err("the server's proof that it knows the password cannot be read");
        }
        let Some((name, value)) = parameter else { continue };
        if information.parameter(&name).is_some() {
            return Err("the server's authentication information has a parameter twice");
        }
        if information.0.len() >= limits::CHALLENGE_PARAMETERS {
            return Err("the server's authentication information has too many parameters");
        }
        information.0.push((name, value));
    }
    Ok(information)
}

/// Whether this element mentions `rspauth` other than as a parameter's name or within quotes.
fn hides_proof(element: &[u8], parameter: Option<&(String, String)>) -> bool {
    const NAME: &[u8] = b"rspauth";
    let is_read = parameter.is_some_and(|(name, _)| name.as_bytes() == NAME || element.ends_with(b"\""));
    !is_read && element.windows(NAME.len()).any(|part| part.eq_ignore_ascii_case(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_lines(lines: &[&str]) -> Result<Vec<(String, String)>, &'static str> {
        parse(lines.iter().map(|line| line.as_bytes())).map(|information| information.0)
    }

    #[test]
    fn parameters_are_found_on_all_lines() {
        let found = of_lines(&[r#"NextNonce="a \"b\"", qop=auth,, nc = 00000001"#, "", r#"rspauth="","#]).unwrap();
        let expected = [("nextnonce", "a \"b\""), ("qop", "auth"), ("nc", "00000001"), ("rspauth", "")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(of_lines(&[]), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_parameter_is_skipped() {
        let found = of_lines(&["Digest a=b, c, {}, d=\"e\"f, \"g\", h=i", "j=\"k, l=m", "n=o"]).unwrap();
        assert_eq!(found, [("h", "i"), ("n", "o")].map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_said_twice_is_refused() {
        let error = Err("the server's authentication information has a parameter twice");
        assert_eq!(of_lines(&["a=b, c=d, A=b"]), error);
        assert_eq!(of_lines(&["a=b", "a=c"]), error);
        assert!(of_lines(&["a=b, c=b"]).is_ok());
    }

    #[test]
    fn a_proof_that_cannot_be_read_is_refused() {
        for line in [
            "rspauth",
            "rspauth=\"a",
            "rspauth=\"a\"b",
            "rspauth=a\"b",
            "rspauth:a",
            "Digest rspauth=a",
            "\"rspauth\"=a",
            "qop=auth, RspAuth",
            "nextnonce=a; rspauth=b",
            "nextnonce=\"a, rspauth=\"b\"",
            "rspauth=\"a\0\"",
            "rspauth*=UTF-8''a",
            "rspauth=\"9b7\u{b}\", nc=00000001, c, nonce=\"n\", opaquelgorithm=MD5,\", qop=auth",
        ] {
            assert_eq!(
                of_lines(&[line]),
                Err("the server's proof that it knows the password cannot be read"),
                "{line}"
            );
        }
        for line in ["rspauth=a", "RSPAUTH=\"\"", "a=\"rspauth\"", "nextnonce=\"rspauth=a, rspauth\", rspauth = b"] {
            assert!(of_lines(&[line]).is_ok(), "{line}");
        }
    }

    #[test]
    fn parameters_have_a_bound() {
        let with = |count: usize| {
            let parameters: Vec<_> = (0..count).map(|number| format!("p{number}=v")).collect();
            of_lines(&[&parameters.join(",")]).map(|found| found.len())
        };
        assert_eq!(with(limits::CHALLENGE_PARAMETERS), Ok(limits::CHALLENGE_PARAMETERS));
        let error = Err("the server's authentication information has too many parameters");
        assert_eq!(with(limits::CHALLENGE_PARAMETERS + 1), error);
    }
}
