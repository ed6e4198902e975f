//! The pages of an app that is mounted below a prefix: addresses in them begin with it.
//!
//! Only pages name addresses from the root, and they tell scripts the prefix (`data-base`); what
//! scripts and styles name is relative to themselves.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::assets::Asset;
use crate::http::mount::Base;

/// The file as it is below a prefix.
pub(super) fn below(mut asset: Asset, path: &str, base: &Base) -> Asset {
    if base.as_str().is_empty() || !path.ends_with(".html") {
        return asset;
    }
    let Ok(text) = std::str::from_utf8(&asset.plain) else { return asset };
    let written = page(text, base);
    let mut hasher = DefaultHasher::new();
    written.hash(&mut hasher);
    asset.tag = format!("{:016x}", hasher.finish());
    asset.plain = written.into();
    (asset.brotli, asset.gzip) = (None, None);
    asset
}

fn page(html: &str, base: &Base) -> String {
    let mut html = html.replacen("<html", &format!("<html data-base=\"{base}\""), 1);
    for attribute in ["href", "src", "action"] {
        html = html.replace(&format!("{attribute}=\"/"), &format!("{attribute}=\"{base}/"));
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
            page(html, &"/docs".parse().unwrap()),
            "<!doctype html><html data-base=\"/docs\" lang=\"en\"><a href=\"/docs/\">x</a>\
             <img src=\"/docs/i.svg\"><a href=\"https://yjs.dev/\">y</a><a href=\"#main\">z</a>"
        );
    }
}
