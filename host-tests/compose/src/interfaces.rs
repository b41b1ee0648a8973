//! Which artifact of Xenon fills an import, by the import's name.

/// An artifact, by what it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Artifact {
    /// `xenon:http@0.2`.
    Xenon02,
    /// `xenon:http@0.3`.
    Xenon03,
    /// `wasi:http/client@0.3`.
    HttpClient,
}

impl Artifact {
    pub(crate) const ALL: [Artifact; 3] = [Artifact::Xenon02, Artifact::Xenon03, Artifact::HttpClient];
}

/// What is known of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Import {
    FilledBy(Artifact),
    /// Xenon has the interface, and not in a version that is compatible with this one.
    OtherVersion,
    /// How programs send over WASI 0.2, where the host is the client.
    OutgoingHandler,
    /// It is nothing of Xenon's.
    Foreign,
}

/// What is known of the import of this name, such as `wasi:http/client@0.3.0`.
pub(crate) fn import(name: &str) -> Import {
    let (interface, version) = name.split_once('@').unwrap_or((name, ""));
    let track = track(version);
    if interface.starts_with("xenon:http/") {
        return match track.as_deref() {
            Some("0.2") => Import::FilledBy(Artifact::Xenon02),
            Some("0.3") => Import::FilledBy(Artifact::Xenon03),
            _ => Import::OtherVersion,
        };
    }
    match (interface, track.as_deref()) {
        ("wasi:http/client", Some("0.3")) => Import::FilledBy(Artifact::HttpClient),
        ("wasi:http/client", _) => Import::OtherVersion,
        ("wasi:http/outgoing-handler", _) => Import::OutgoingHandler,
        _ => Import::Foreign,
    }
}

/// Whether what is exported under one name can be what is imported under the other.
pub(crate) fn is_compatible(import: &str, export: &str) -> bool {
    let (Some((imported, wanted)), Some((exported, given))) = (import.split_once('@'), export.split_once('@')) else {
        return import == export;
    };
    imported == exported && (wanted == given || track(wanted).is_some_and(|track_| Some(track_) == track(given)))
}

/// The versions that are compatible with this one: `0.3` for `0.3.2`, `1` for `1.4.0`. A draft, such as `0.3.0-rc-2025-09-16`, is
/// compatible with none.
fn track(version: &str) -> Option<String> {
    let (version, _build) = version.split_once('+').unwrap_or((version, ""));
    let mut numbers = version.split('.').map(|number| number.parse::<u64>().ok());
    let (major, minor, _patch) = (numbers.next()??, numbers.next()??, numbers.next()??);
    match (major, minor, numbers.next()) {
        (_, _, Some(_)) | (0, 0, _) => None,
        (0, minor, None) => Some(format!("0.{minor}")),
        (major, ..) => Some(major.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_import_has_its_artifact() {
        for (name, expected) in [
            ("xenon:http/session@0.2.0", Import::FilledBy(Artifact::Xenon02)),
            ("xenon:http/types@0.2.7", Import::FilledBy(Artifact::Xenon02)),
            ("xenon:http/session@0.3.0", Import::FilledBy(Artifact::Xenon03)),
            ("wasi:http/client@0.3.0", Import::FilledBy(Artifact::HttpClient)),
            ("wasi:http/client@0.3.2", Import::FilledBy(Artifact::HttpClient)),
            ("wasi:http/client@0.3.2+build", Import::FilledBy(Artifact::HttpClient)),
            ("xenon:http/session@0.4.0", Import::OtherVersion),
            ("xenon:http/session@2.0.0", Import::OtherVersion),
            ("xenon:http/session", Import::OtherVersion),
            ("wasi:http/client@0.3.0-rc-2025-09-16", Import::OtherVersion),
            ("wasi:http/client@0.3", Import::OtherVersion),
            ("wasi:http/client@0.3.0.0", Import::OtherVersion),
            ("wasi:http/client@1.0.0", Import::OtherVersion),
            ("wasi:http/outgoing-handler@0.2.6", Import::OutgoingHandler),
            ("wasi:http/types@0.3.0", Import::Foreign),
            ("wasi:http/client-x@0.3.0", Import::Foreign),
            ("xenon:https/session@0.2.0", Import::Foreign),
            ("", Import::Foreign),
        ] {
            assert_eq!(import(name), expected, "{name}");
        }
    }

    #[test]
    fn versions_are_compatible_as_semver_has_it() {
        for (import, export, expected) in [
            ("a:b/c@0.3.2", "a:b/c@0.3.0", true),
            ("a:b/c@0.3.0", "a:b/c@0.3.2", true),
            ("a:b/c@1.0.0", "a:b/c@1.9.0", true),
            ("a:b/c@0.3.0-rc", "a:b/c@0.3.0-rc", true),
            ("a:b/c", "a:b/c", true),
            ("a:b/c@0.3.0-rc", "a:b/c@0.3.0", false),
            ("a:b/c@0.2.0", "a:b/c@0.3.0", false),
            ("a:b/c@0.0.1", "a:b/c@0.0.2", false),
            ("a:b/c@0.3.0", "a:b/d@0.3.0", false),
            ("a:b/c", "a:b/c@0.3.0", false),
        ] {
            assert_eq!(is_compatible(import, export), expected, "{import} {export}");
        }
    }
}
