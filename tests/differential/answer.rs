//! What a client makes of a response, in words that all clients share, and where two of them differ.
//!
//! It knows no client.

use std::fmt;

/// What the peer does when it has sent the bytes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Nothing: the connection stays open.
    Open,
    /// It closes.
    Closed,
}

/// What a client makes of the bytes and the ending.
#[derive(Debug)]
pub(crate) enum Heard {
    Answer(Answer),
    /// It waits for more.
    Waiting,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted(Accepted),
    /// No, at the head or within the content.
    Refused {
        why: String,
    },
}

/// A whole response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) status: u16,
    pub(crate) fields: Fields,
    pub(crate) content: Vec<u8>,
    /// None: the client does not show them.
    pub(crate) trailers: Option<Fields>,
    /// Whether another request can go on the connection. None: the client leaves that to its caller.
    pub(crate) is_reusable: Option<bool>,
}

/// The values of each name in lower case, in order; the names in the order in which they come first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, Vec<Vec<u8>>)>);

/// Where two answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// We refuse what they accept.
    WeRefuse,
    /// They refuse what we accept.
    TheyRefuse,
    Status,
    Fields,
    Content,
    Trailers,
    /// We keep a connection that they close.
    WeKeep,
    /// They keep a connection that we close.
    TheyKeep,
}

impl Answer {
    /// Where this answer, ours, differs from theirs. What one of them does not show is no difference.
    pub(crate) fn differing(&self, theirs: &Self) -> Vec<Part> {
        let (ours, theirs) = match (self, theirs) {
            (Self::Accepted(ours), Self::Accepted(theirs)) => (ours, theirs),
            (Self::Refused { .. }, Self::Refused { .. }) => return Vec::new(),
            (Self::Refused { .. }, Self::Accepted(_)) => return vec![Part::WeRefuse],
            (Self::Accepted(_), Self::Refused { .. }) => return vec![Part::TheyRefuse],
        };
        let mut parts = Vec::new();
        let mut compare = |part, is_different| {
            if is_different {
                parts.push(part);
            }
        };
        compare(Part::Status, ours.status != theirs.status);
        compare(Part::Fields, ours.fields != theirs.fields);
        compare(Part::Content, ours.content != theirs.content);
        let trailers = ours.trailers.as_ref().zip(theirs.trailers.as_ref());
        compare(Part::Trailers, trailers.is_some_and(|(ours, theirs)| ours != theirs));
        compare(Part::WeKeep, (ours.is_reusable, theirs.is_reusable) == (Some(true), Some(false)));
        compare(Part::TheyKeep, (ours.is_reusable, theirs.is_reusable) == (Some(false), Some(true)));
        parts
    }

    pub(crate) fn accepted(&self) -> Option<&Accepted> {
        match self {
            Self::Accepted(accepted) => Some(accepted),
            Self::Refused { .. } => None,
        }
    }

    /// Why it was refused; empty if it was not.
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Accepted(_) => "",
            Self::Refused { why } => why,
        }
    }
}

impl Fields {
    /// One field.
    pub(crate) fn one(name: &str, value: &[u8]) -> Self {
        let mut fields = Self::default();
        fields.push(name, value);
        fields
    }

    /// The values of this name, which is in lower case.
    pub(crate) fn all(&self, name: &str) -> &[Vec<u8>] {
        self.0.iter().find(|(other, _)| other == name).map_or(&[], |(_, values)| values)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    pub(crate) fn last(&self, name: &str) -> Option<&[u8]> {
        self.all(name).last().map(Vec::as_slice)
    }

    /// How many lines they were.
    pub(crate) fn lines(&self) -> usize {
        self.0.iter().map(|(_, values)| values.len()).sum()
    }

    pub(crate) fn push(&mut self, name: &str, value: &[u8]) {
        let name = name.to_ascii_lowercase();
        match self.0.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => values.push(value.to_vec()),
            None => self.0.push((name, vec![value.to_vec()])),
        }
    }
}

impl From<Accepted> for Heard {
    fn from(accepted: Accepted) -> Self {
        Self::Answer(Answer::Accepted(accepted))
    }
}

impl Heard {
    pub(crate) fn refused(why: impl fmt::Display) -> Self {
        Self::Answer(Answer::Refused { why: why.to_string() })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Accepted(accepted) = self else {
            return write!(f, "refused: {}", self.why());
        };
        write!(f, "{}", accepted.status)?;
        for (name, values) in &accepted.fields.0 {
            for value in values {
                write!(f, " {name}={:?}", value.escape_ascii().to_string())?;
            }
        }
        let content = accepted.content.get(..200).unwrap_or(&accepted.content);
        write!(f, ", {} bytes {:?}", accepted.content.len(), content.escape_ascii().to_string())?;
        write!(f, ", trailers {:?}, reusable {:?}", accepted.trailers, accepted.is_reusable)
    }
}
