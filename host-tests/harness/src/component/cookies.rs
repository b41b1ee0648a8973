//! The resources of `xenon:http/cookies`, each dropped in the component when it is dropped here.

use super::*;

pub use super::bindings::exports::xenon::http::cookies::{ExportedCookies, ImportedCookies};

resource! {
    /// `cookie-jar`.
    CookieJar in xenon_http_cookies.cookie_jar {
        /// `set-public-suffixes`.
        set_public_suffixes = call_set_public_suffixes(dafsa: Option<&[u8]>) -> Result<(), Error>;
        /// `import-cookies`.
        import_cookies = call_import_cookies(text: &[u8], url: Option<&str>) -> ImportedCookies;
        /// `export-cookies`.
        export_cookies = call_export_cookies() -> ExportedCookies;
        /// `count`.
        count = call_count() -> u32;
        /// `clear-session-cookies`.
        clear_session_cookies = call_clear_session_cookies();
        /// `clear`.
        clear = call_clear();
    }
}

impl CookieJar {
    pub(super) fn new(guest: &Guest) -> CookieJar {
        let resource =
            guest.call(async |store, client| client.xenon_http_cookies().cookie_jar().call_constructor(store).await);
        CookieJar::adopt(guest, resource)
    }
}
