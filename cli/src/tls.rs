//! TLS as the options want it: trusted certificates, the client's certificate, versions.
//!
//! It only reads files. The component checks their content.

use crate::bindings::settings::TlsConfig;
use crate::bindings::types::{Error, TlsVersion};
use crate::exit::{Exit, Failure};
use crate::files::{Files, shown};

/// The options, files by their names.
#[derive(Debug, Default)]
pub struct TlsOptions {
    /// `--cacert`.
    pub only_roots: Option<Vec<u8>>,
    /// `--add-cacert`.
    pub more_roots: Vec<Vec<u8>>,
    /// `--pin`.
    pub pins: Vec<Vec<u8>>,
    /// `--cert`.
    pub certificate: Option<Vec<u8>>,
    /// `--key`.
    pub key: Option<Vec<u8>>,
    /// `--tlsv1.2` and `--tlsv1.3`.
    pub oldest: Option<TlsVersion>,
    /// `--tls-max`.
    pub newest: Option<TlsVersion>,
}

impl TlsOptions {
    /// Checks combinations of options.
    pub fn check(&self) -> Result<(), String> {
        if self.key.is_some() && self.certificate.is_none() {
            return Err("--key needs --cert, the certificate that the key is for".to_owned());
        }
        if matches!((self.oldest, self.newest), (Some(TlsVersion::Tls13), Some(TlsVersion::Tls12))) {
            return Err("--tlsv1.3 is newer than --tls-max".to_owned());
        }
        Ok(())
    }
}

/// Parses the value of `--tls-max`.
pub fn newest(value: &str) -> Result<Option<TlsVersion>, String> {
    match value {
        "1.2" => Ok(Some(TlsVersion::Tls12)),
        "1.3" => Ok(Some(TlsVersion::Tls13)),
        "default" => Ok(None),
        _ => Err(format!("expected 1.2, 1.3 or default, not '{value}'")),
    }
}

/// The content of the files, which are read once for all sessions.
#[derive(Default)]
pub struct Credentials {
    has_default_roots: bool,
    roots: Vec<Named>,
    pins: Vec<Named>,
    /// The certificate with its chain, and the key.
    identity: Option<(Named, Named)>,
}

/// A file's name and content.
#[derive(Clone)]
struct Named(Vec<u8>, Vec<u8>);

impl Credentials {
    /// Reads all files that the options name.
    pub fn read(options: &TlsOptions, files: &impl Files) -> Result<Self, Failure> {
        let trusted = |name: &Vec<u8>| Named::read(name, Exit::Authorities, files);
        let identity = match &options.certificate {
            None => None,
            Some(name) => {
                let certificate = Named::read(name, Exit::Identity, files)?;
                // As in curl, one file can contain both.
                let key = match &options.key {
                    Some(name) => Named::read(name, Exit::Identity, files)?,
                    None => certificate.clone(),
                };
                Some((certificate, key))
            }
        };
        Ok(Self {
            has_default_roots: options.only_roots.is_none(),
            roots: options.only_roots.iter().chain(&options.more_roots).map(trusted).collect::<Result<_, _>>()?,
            pins: options.pins.iter().map(trusted).collect::<Result<_, _>>()?,
            identity,
        })
    }

    /// A TLS configuration as the options want it, with the client's certificate or without.
    pub fn config(&self, options: &TlsOptions, shows_certificate: bool) -> Result<TlsConfig, Failure> {
        let config = TlsConfig::new();
        let oldest = options.oldest.unwrap_or(TlsVersion::Tls12);
        let newest = options.newest.unwrap_or(TlsVersion::Tls13);
        config.set_versions(oldest, newest).map_err(|error| Failure::from_component(&error, false))?;
        config.set_default_roots(self.has_default_roots);
        for file in &self.roots {
            config.add_roots(&file.1).map_err(|error| file.unusable(Exit::Authorities, &error))?;
        }
        for file in &self.pins {
            config.accept_certificates(&file.1).map_err(|error| file.unusable(Exit::Authorities, &error))?;
        }
        if let Some((certificate, key)) = self.identity.as_ref().filter(|_| shows_certificate) {
            let set = config.set_client_certificate(&certificate.1, &key.1);
            set.map_err(|error| certificate.unusable(Exit::Identity, &error))?;
        }
        Ok(config)
    }
}

impl Named {
    fn read(name: &[u8], exit: Exit, files: &impl Files) -> Result<Self, Failure> {
        let bytes = files.whole(name).map_err(|failure| Failure::new(exit, failure.message))?;
        Ok(Self(name.to_vec(), bytes))
    }

    fn unusable(&self, exit: Exit, error: &Error) -> Failure {
        Failure::new(exit, format!("{} cannot be used: {}", shown(&self.0), error.detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::tests::Made;

    #[test]
    fn files_that_are_not_there_have_the_codes_of_their_options() {
        let missing = || Some(b"missing".to_vec());
        let files = Made(&[("empty", b"")]);
        let exit = |options: TlsOptions| Credentials::read(&options, &files).err().map(|failure| failure.exit);
        let tls = TlsOptions::default;
        assert_eq!(exit(tls()), None);
        for (options, expected) in [
            (TlsOptions { only_roots: missing(), ..tls() }, Exit::Authorities),
            (TlsOptions { more_roots: missing().into_iter().collect(), ..tls() }, Exit::Authorities),
            (TlsOptions { pins: missing().into_iter().collect(), ..tls() }, Exit::Authorities),
            (TlsOptions { certificate: missing(), ..tls() }, Exit::Identity),
            (TlsOptions { certificate: Some(b"empty".to_vec()), key: missing(), ..tls() }, Exit::Identity),
        ] {
            assert_eq!(exit(options), Some(expected));
        }
    }

    #[test]
    fn versions() {
        assert!(matches!(newest("1.2"), Ok(Some(TlsVersion::Tls12))));
        assert!(matches!(newest("default"), Ok(None)));
        assert!(newest("1.1").is_err());
        let both = |oldest, newest| TlsOptions { oldest: Some(oldest), newest: Some(newest), ..TlsOptions::default() };
        both(TlsVersion::Tls12, TlsVersion::Tls13).check().unwrap();
        both(TlsVersion::Tls13, TlsVersion::Tls12).check().unwrap_err();
    }
}
