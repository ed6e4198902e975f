//! What pages are told of the site around them: the prefix that an app is mounted below, with which
//! addresses in them begin, and where people sign in.
//!
//! Only pages name addresses from the root, and they tell scripts both (`data-base`,
//! `data-sign-in`); what scripts and styles name is relative to themselves.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{assets::Asset, sign_in::SignInUrl};
use crate::http::mount::Base;

/// The file as it is below a prefix, and where people sign in elsewhere.
pub(super) fn told(mut asset: Asset, path: &str, base: &Base, at: Option<&SignInUrl>) -> Asset {
    if (base.as_str().is_empty() && at.is_none()) || !path.ends_with(".html") {
        return asset;
    }
    let Ok(text) = std::str::from_utf8(&asset.plain) else { return asset };
    let written = page(text, base, at);
    let mut hasher = DefaultHasher::new();
    written.hash(&mut hasher);
    asset.tag = format!("{:016x}", hasher.finish());
    asset.plain = written.into();
    (asset.brotli, asset.gzip) = (None, None);
    asset
}

fn page(html: &str, base: &Base, at: Option<&SignInUrl>) -> String {
    let mut said = String::from("<html");
    if !base.as_str().is_empty() {
        said += &format!(" data-base=\"{base}\"");
    }
    if let Some(at) = at {
        said += &format!(" data-sign-in=\"{at}\"");
    }
    let mut html = html.replacen("<html", &said, 1);
    if !base.as_str().is_empty() {
        for attribute in ["href", "src", "action"] {
            html = html.replace(&format!("{attribute}=\"/"), &format!("{attribute}=\"{base}/"));
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_a_page_begin_with_the_base() {
        let html = "<!doctype html><html lang=\"en\"><a href=\"/\">x</a><img src=\"/i.svg\">\
                    <a href=\"https://yjs.dev/\">y</a><a href=\"#main\">z</a>";
        assert_eq!(
            page(html, &"/docs".parse().unwrap(), None),
            "<!doctype html><html data-base=\"/docs\" lang=\"en\"><a href=\"/docs/\">x</a>\
             <img src=\"/docs/i.svg\"><a href=\"https://yjs.dev/\">y</a><a href=\"#main\">z</a>"
        );
    }

    #[test]
    fn a_page_is_told_where_people_sign_in() {
        let at: SignInUrl = "https://app.example/in?a=1&next={url}".parse().unwrap();
        let html = "<!doctype html><html lang=\"en\"><a href=\"/\">x</a>";
        assert_eq!(
            page(html, &Base::default(), Some(&at)),
            "<!doctype html><html data-sign-in=\"https://app.example/in?a=1&amp;next={url}\" \
             lang=\"en\"><a href=\"/\">x</a>"
        );
    }
}
