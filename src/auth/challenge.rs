//! The challenges of a 401 or 407, in `WWW-Authenticate` and `Proxy-Authenticate` (RFC 9110 section 11.6).
//!
//! Servers write them in many ways. What is unambiguous is parsed. A malformed challenge is left out, and its
//! neighbours stay. No scheme is known here.

use crate::http::fields;
use crate::limits;

/// One challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, in lower case.
    pub scheme: String,
    /// The token68 in the place of parameters, as `Negotiate` has it.
    pub token68: Option<String>,
    /// Names, lower-case and unique, with values that have lost their quotes and escapes. Bytes that are not UTF-8
    /// become U+FFFD.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of the parameter with this lower-case name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The realm.
    pub fn realm(&self) -> Option<&str> {
        self.parameter("realm")
    }

    /// Whether this is the challenge's scheme, whatever its case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// The challenges of all these field lines, in order.
///
/// The lines form one list (RFC 9110 section 5.3), but a quoted string ends with its line.
pub fn parse<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<Challenge> {
    let mut reader = Reader { challenges: Vec::new(), current: None };
    for value in values {
        for (index, element) in fields::elements(value).enumerate() {
            reader.take(element, index == 0);
        }
    }
    reader.finish();
    reader.challenges
}

/// The challenges read so far.
struct Reader {
    challenges: Vec<Challenge>,
    /// The challenge that the next parameter belongs to; `None` before the first one and after anything malformed.
    current: Option<Challenge>,
}

impl Reader {
    /// Takes one element of the list: a parameter, or a scheme, either alone or with its first parameter or token68.
    fn take(&mut self, element: &[u8], begins_line: bool) {
        if let Some(parameter) = parameter(element) {
            self.current = self.current.take().and_then(|challenge| with(challenge, parameter));
            return;
        }
        let (scheme, rest) = token(element);
        // The element is malformed, so the challenge that it is in is dropped. A challenge that ended with its line is
        // not affected by the start of the next line.
        let is_readable = !scheme.is_empty() && !fields::trim(rest).starts_with(b"=");
        if is_readable || begins_line {
            self.finish();
        }
        self.current = if is_readable { begin(scheme, rest) } else { None };
    }

    /// The current challenge has no more parameters.
    fn finish(&mut self) {
        if let Some(challenge) = self.current.take()
            && self.challenges.len() < limits::CHALLENGES
        {
            self.challenges.push(challenge);
        }
    }
}

/// A challenge from its first element, if that is well-formed.
fn begin(scheme: &str, rest: &[u8]) -> Option<Challenge> {
    let challenge = Challenge { scheme: scheme.to_ascii_lowercase(), token68: None, parameters: Vec::new() };
    if rest.is_empty() {
        return Some(challenge);
    }
    // Without whitespace after it, this is not a scheme.
    let rest = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"\t")).map(fields::trim)?;
    // `a=` looks like a parameter without a value, but RFC 9110 makes it a token68, so this comes first.
    match token68(rest) {
        Some(token68) => Some(Challenge { token68: Some(token68), ..challenge }),
        None => with(challenge, parameter(rest)?),
    }
}

/// The challenge with one more parameter, if it may have it.
fn with(mut challenge: Challenge, parameter: (String, String)) -> Option<Challenge> {
    let may = challenge.token68.is_none()
        && challenge.parameters.len() < limits::CHALLENGE_PARAMETERS
        // RFC 9110 section 11.2: each name occurs once. With two there is no telling which is meant.
        && challenge.parameter(&parameter.0).is_none();
    may.then(|| {
        challenge.parameters.push(parameter);
        challenge
    })
}

/// A parameter that is the whole of this element: its name in lower case, and its value.
///
/// A value without quotes should be a token. Servers also write base64 and words with spaces without quotes, so
/// everything without a quote is accepted.
pub(super) fn parameter(element: &[u8]) -> Option<(String, String)> {
    let (name, rest) = token(element);
    let value = fields::trim(fields::trim(rest).strip_prefix(b"=")?);
    let value = match value.strip_prefix(b"\"") {
        Some(rest) => quoted(rest)?,
        None if value.contains(&b'"') => return None,
        None => value.to_vec(),
    };
    if name.is_empty() || fields::check_value(&value).is_err() {
        return None;
    }
    Some((name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned()))
}

/// The text of a quoted string (RFC 9110 section 5.6.4), of which this is all after the opening quote. Nothing may
/// follow the closing quote.
fn quoted(rest: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(rest.len());
    let mut bytes = rest.iter();
    loop {
        match bytes.next()? {
            b'"' => return bytes.as_slice().is_empty().then_some(text),
            b'\\' => text.push(*bytes.next()?),
            byte => text.push(*byte),
        }
    }
}

/// This as a token68, if all of it is one (RFC 9110 section 11.2).
fn token68(bytes: &[u8]) -> Option<String> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    let padding = bytes.iter().position(|byte| !is_part(byte)).unwrap_or(bytes.len());
    let (text, padding) = bytes.split_at_checked(padding)?;
    let is_whole = !text.is_empty() && padding.iter().all(|byte| *byte == b'=');
    is_whole.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// The token at the start, which may be empty, and the rest.
fn token(bytes: &[u8]) -> (&str, &[u8]) {
    let end = bytes.iter().position(|byte| !fields::is_token_byte(*byte)).unwrap_or(bytes.len());
    let (token, rest) = bytes.split_at_checked(end).unwrap_or_default();
    (std::str::from_utf8(token).unwrap_or_default(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_lines(lines: &[&str]) -> Vec<Challenge> {
        parse(lines.iter().map(|line| line.as_bytes()))
    }

    /// The challenges of these lines, each as short as it can be said: `basic(realm=a b)`, `negotiate=abc==`, `ntlm`.
    fn said(lines: &[&str]) -> String {
        let one = |challenge: &Challenge| {
            let parameters: Vec<_> =
                challenge.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            match &challenge.token68 {
                Some(token68) => format!("{}={token68}", challenge.scheme),
                None if parameters.is_empty() => challenge.scheme.clone(),
                None => format!("{}({})", challenge.scheme, parameters.join("; ")),
            }
        };
        of_lines(lines).iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_challenge_has_its_realm_and_its_parameters() {
        let challenges =
            of_lines(&[r#"NewAuth Realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#]);
        let [new, basic] = challenges.as_slice() else { panic!("{challenges:?}") };
        assert!(new.is("newauth") && new.is("NewAuth") && !new.is("new"));
        assert_eq!(
            (new.realm(), new.parameter("type"), new.parameter("title")),
            (Some("apps"), Some("1"), Some("Login to \"apps\""))
        );
        assert_eq!((new.parameter("Realm"), new.parameter("scope"), &new.token68), (None, None, &None));
        assert!(basic.is("BASIC"));
        assert_eq!(basic.realm(), Some("simple"));
    }

    /// Basic is found whatever stands around it.
    #[test]
    fn unknown_schemes_hide_no_other() {
        for (lines, expected) in [
            (&[r#"Basic realm="w w""#] as &[_], "basic(realm=w w)"),
            (&[r#"Basic realm="w", fish"#], "basic(realm=w) fish"),
            (&[r#"NotBasic realm="w", Basic realm="w""#], "notbasic(realm=w) basic(realm=w)"),
            (&["   Basic   realm = \"w\"  ,  "], "basic(realm=w)"),
            (&[r#"Negotiate fish, Basic realm="w""#], "negotiate=fish basic(realm=w)"),
            (&[r#"Negotiate fish, bar=boo, Basic realm="w""#], "basic(realm=w)"),
            (&[r#"Negotiate, Basic realm="w""#], "negotiate basic(realm=w)"),
            (&["Negotiate fish", r#"Basic realm="w""#], "negotiate=fish basic(realm=w)"),
            (&[r#"Basic realm="w""#, "Negotiate fish"], "basic(realm=w) negotiate=fish"),
            (
                &["Negotiate fish", r#"Basic realm="w""#, "Negotiate fish"],
                "negotiate=fish basic(realm=w) negotiate=fish",
            ),
            (&[r#"Basic realm="w, w", BarFooFish foobar="goober""#], "basic(realm=w, w) barfoofish(foobar=goober)"),
            (&["Negotiate"], "negotiate"),
            (&["negotiate", "NTLM", "basic"], "negotiate ntlm basic"),
        ] {
            assert_eq!(said(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn odd_forms_mean_what_they_must() {
        for (lines, expected) in [
            // Nothing at all, and empty elements.
            (&[""] as &[_], ""),
            (&[" , ,\t,", ""], ""),
            (&[",, Basic ,, realm=a ,,charset=\"UTF-8\",,"], "basic(realm=a; charset=UTF-8)"),
            // A list is one, whatever lines it stands on.
            (&["Digest realm=a", "nonce=b, Basic realm=c"], "digest(realm=a; nonce=b) basic(realm=c)"),
            (&["Digest", "realm=a"], "digest(realm=a)"),
            // Whitespace.
            (&["Basic\t realm\t=\t\"a\"\t,\tx=y"], "basic(realm=a; x=y)"),
            (&["Basic,realm=a,x=y"], "basic(realm=a; x=y)"),
            // Case.
            (&["BASIC REALM=A"], "basic(realm=A)"),
            // Quoted strings.
            (&[r#"a b="", c="\\\"\c", d=",", e="=""#], r#"a(b=; c=\"c; d=,; e==)"#),
            (&["a b=\"\t\u{e4}\""], "a(b=\t\u{e4})"),
            // Without quotes, though it should have them.
            (&["a b=c d, e=dGVzdA==, f=/x;y, g='h', i=, j=\\"], r"a(b=c d; e=dGVzdA==; f=/x;y; g='h'; i=; j=\)"),
            // A token68, padded or not; the same, where it could be a parameter without a value.
            (&["a b, c b=, d b==, e +/-._~09azAZ==="], "a=b c=b= d=b== e=+/-._~09azAZ==="),
            (&["a b=c=", "a b==c"], "a(b=c=) a(b==c)"),
            (&["a =b"], ""),
        ] {
            assert_eq!(said(lines), expected, "{lines:?}");
        }
        let latin1 = parse([b"Basic realm=\"\xe4\"".as_slice()].into_iter());
        assert_eq!(latin1.first().and_then(Challenge::realm), Some("\u{fffd}"));
    }

    #[test]
    fn what_cannot_be_read_is_left_out_alone() {
        for (lines, expected) in [
            // No scheme before it.
            (&["realm=a, b c=d"] as &[_], "b(c=d)"),
            (&["\"a\", b"], "b"),
            (&["=a, b", "{}, c"], "b c"),
            // Nor the one of the line before.
            (&["a", "{}, b"], "a b"),
            (&["a b=c", "d=\"e, f"], "a(b=c)"),
            // In the middle.
            (&["a b=c, {}, d=e, f g=h"], "f(g=h)"),
            (&["a b=c, \"d\", e f=g"], "e(f=g)"),
            (&["a b=c, d e f, g h=i"], "a(b=c) g(h=i)"),
            (&["a b=c, d{} e=f, g h=i"], "a(b=c) g(h=i)"),
            (&["a b=c, d e=\"f\" g=\"h\", i"], "a(b=c) i"),
            (&["a b=c, d e=f\"g, h=i\"j, k"], "a(b=c) k"),
            (&["a b=\"c\"d, e"], "e"),
            (&["a b c=d, e"], "e"),
            // A value that no field can have.
            (&["a b=\"\0\", c", "d e=\u{7f}, f", "g h=\"\r\n\", i"], "c f i"),
            // A quoted string without an end ends with its line, and with it what it is in.
            (&["a, b c=\"d, e", "f"], "a f"),
            (&["a, b c=\"d\\\", e", "f"], "a f"),
            (&["a, b c=\"d\\", "f"], "a f"),
            (&["a b=c, d=\"e", "f=g, h"], "h"),
            // What follows a token68 is no parameter.
            (&["a b==, c=d, e"], "e"),
            // Twice the same name, in whatever case: who knows which is meant.
            (&["a b=c, B=c, d"], "d"),
            (&["a b=c, b=d, e=f", "g b=c, d=c, h b=c"], "g(b=c; d=c) h(b=c)"),
        ] {
            assert_eq!(said(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn parameters_have_a_bound() {
        let with = |count: usize| {
            let parameters: Vec<_> = (0..count).map(|number| format!("p{number}=v")).collect();
            of_lines(&[&format!("first, many {}, last", parameters.join(", "))])
        };
        let counts = |challenges: Vec<Challenge>| challenges.iter().map(|one| one.parameters.len()).collect::<Vec<_>>();
        assert_eq!(counts(with(limits::CHALLENGE_PARAMETERS)), [0, limits::CHALLENGE_PARAMETERS, 0]);
        assert_eq!(counts(with(limits::CHALLENGE_PARAMETERS + 1)), [0, 0]);
        assert_eq!(counts(with(limits::CHALLENGE_PARAMETERS * 3)), [0, 0]);
    }

    #[test]
    fn challenges_have_a_bound() {
        let with = |count: usize| {
            let schemes: Vec<_> = (0..count).map(|number| format!("s{number}")).collect();
            of_lines(&[&schemes.join(","), "last realm=a"])
        };
        let exact = with(limits::CHALLENGES - 1);
        assert_eq!(exact.len(), limits::CHALLENGES);
        assert!(exact.last().is_some_and(|last| last.is("last")));
        for more in [0, 1, 1000] {
            let found = with(limits::CHALLENGES + more);
            assert_eq!(found.len(), limits::CHALLENGES);
            // The first are kept.
            assert!(found.iter().enumerate().all(|(number, one)| one.is(&format!("s{number}"))));
        }
    }

    /// The same as another reader, wherever that one reads anything: it takes fewer forms, and the first fault is its last.
    #[test]
    fn another_reader_agrees() {
        for line in [
            r#"NewAuth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#,
            r#"Digest realm="a", qop="auth, auth-int", algorithm=MD5, nonce="b\\", Negotiate, Basic realm="c""#,
            r#"a, b, c d=e,, f="g" , h"#,
            r#"a b = c, d ="e""#,
        ] {
            let expected = http_auth::parse_challenges(line).unwrap();
            let expected = expected.iter().map(|one| Challenge {
                scheme: one.scheme.to_lowercase(),
                token68: None,
                parameters: one
                    .params
                    .iter()
                    .map(|(name, value)| (name.to_lowercase(), value.to_unescaped()))
                    .collect(),
            });
            assert_eq!(of_lines(&[line]), expected.collect::<Vec<_>>(), "{line}");
        }
    }
}
