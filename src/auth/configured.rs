//! Credentials that a caller sets: a login or a token, for all realms or for one. The constructors check them.

use super::{Login, Schemes, basic, bearer};
use crate::limits::CREDENTIALS_LENGTH;
use crate::reason::Reason;
use crate::secret::Secret;

/// Credentials that the caller set.
#[derive(Debug)]
pub(super) struct Configured {
    /// The realm that they are for; `None` is any.
    pub(super) realm: Option<String>,
    what: What,
    /// Whether they are sent ahead of any challenge.
    pub(super) is_ahead: bool,
}

#[derive(Debug)]
enum What {
    Login {
        login: Login,
        schemes: Schemes,
    },
    /// With its scope, if that is known.
    Token {
        token: Secret,
        scope: Option<String>,
    },
}

impl Configured {
    /// A login.
    pub(super) fn login(realm: Option<String>, login: Login, schemes: Schemes, is_ahead: bool) -> Result<Self, Reason> {
        basic::check_user(&login.user)?;
        basic::check_password(login.password.expose())?;
        if !schemes.allow_any() {
            return Err("no scheme is allowed: the login could never be used");
        }
        if is_ahead && !schemes.basic {
            return Err("only Basic can go ahead unasked");
        }
        Self { realm, what: What::Login { login, schemes }, is_ahead }.checked()
    }

    /// A token.
    pub(super) fn token(
        realm: Option<String>,
        token: Secret,
        scope: Option<String>,
        is_ahead: bool,
    ) -> Result<Self, Reason> {
        bearer::check(token.expose())?;
        Self { realm, what: What::Token { token, scope }, is_ahead }.checked()
    }

    fn checked(self) -> Result<Self, Reason> {
        let (one, other) = match &self.what {
            What::Login { login, .. } => (login.user.len(), login.password.expose().len()),
            What::Token { token, scope } => (token.expose().len(), scope.as_ref().map_or(0, String::len)),
        };
        let realm = self.realm.as_ref().map_or(0, String::len);
        if one.saturating_add(other).saturating_add(realm) > CREDENTIALS_LENGTH {
            return Err("the credentials are too long");
        }
        if self.is_ahead && self.realm.is_some() {
            return Err(
                "what is for one realm cannot go ahead unasked: where the realm is, the server has to say first",
            );
        }
        Ok(self)
    }

    pub(super) fn is_token(&self) -> bool {
        matches!(self.what, What::Token { .. })
    }

    /// The login, if it is one.
    pub(super) fn as_login(&self) -> Option<&Login> {
        match &self.what {
            What::Login { login, .. } => Some(login),
            What::Token { .. } => None,
        }
    }

    /// The schemes that it may be used with; none for a token.
    pub(super) fn schemes(&self) -> Schemes {
        match self.what {
            What::Login { schemes, .. } => schemes,
            What::Token { .. } => Schemes::default(),
        }
    }

    /// Whether it is a token of this scope, or of an unknown one.
    pub(super) fn covers(&self, wanted: &str) -> bool {
        match &self.what {
            What::Login { .. } => false,
            What::Token { scope, .. } => scope.as_ref().is_none_or(|scope| bearer::covers(scope, wanted)),
        }
    }

    /// The value to send for a scheme other than Digest.
    pub(super) fn plain(&self) -> Secret {
        match &self.what {
            What::Login { login, .. } => basic::authorize(login),
            What::Token { token, .. } => bearer::authorize(token),
        }
    }
}
