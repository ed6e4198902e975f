//! Where people sign in at the app around the server, as its pages are told it. What happens there is
//! the app's business.

use std::{fmt, str::FromStr};

use warp::http::Uri;

/// What the address of the page stands for in it.
const PLACE: &str = "{url}";

/// An address with a place in it for the one to come back to: `https://app.example/login?next={url}`,
/// or `/login?next={url}` of the same site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInUrl(Box<str>);

impl FromStr for SignInUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!(
                "`{text}` is not an address; write it like https://app.example/login?next={PLACE}"
            )
        };
        // Where the site ends is fixed: nothing that a document is called can lead elsewhere.
        let (before, after) = text.split_once(PLACE).ok_or_else(refuse)?;
        let uri: Uri = before.parse().map_err(|_| refuse())?;
        let is_own = before.starts_with('/') && !before.starts_with("//");
        let is_named = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|it| !it.as_str().contains('@'))
            && (uri.path() != "/" || before.matches('/').count() > 2);
        let plain = |letter: char| letter.is_ascii_graphic() && !"\"'<>\\{}".contains(letter);
        if (is_own || is_named) && before.chars().chain(after.chars()).all(plain) {
            Ok(Self(text.into()))
        } else {
            Err(refuse())
        }
    }
}

impl fmt::Display for SignInUrl {
    /// As the value of an attribute in HTML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('&', "&amp;"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_site_of_its_own_and_a_place_for_the_page() {
        for text in [
            "https://app.example/login?next={url}",
            "http://app.example:3000/login/{url}",
            "/login?next={url}&from=docs",
        ] {
            let address: SignInUrl = text.parse().unwrap();
            assert_eq!(address.to_string(), text.replace('&', "&amp;"));
        }
    }

    #[test]
    fn what_could_lead_elsewhere_or_break_a_page_is_refused() {
        for text in [
            "",
            "https://app.example/login",
            "https://app.example{url}",
            "https://{url}/login",
            "{url}",
            "//elsewhere.example/{url}",
            "/\\elsewhere.example/{url}",
            "javascript:alert({url})",
            "ftp://app.example/{url}",
            "https://ada:secret@app.example/{url}",
            "https://app.example/\"><script>{url}",
            "https://app.example/{url}/{url}",
            "https://app.example/ä?next={url}",
        ] {
            assert!(text.parse::<SignInUrl>().is_err(), "{text}");
        }
    }
}
