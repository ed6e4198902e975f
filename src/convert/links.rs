//! Which addresses may stand in a document or come out of one: never one that runs a program.

use crate::limits;

/// Schemes a link may have.
const LINK_SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

/// Kinds of images that may be part of their address. None of these can hold a program.
const DATA_IMAGES: [&str; 4] = ["png", "jpeg", "gif", "webp"];

/// A link's address as it may be written, or `None`: http, https, mailto, tel, or without scheme.
pub(crate) fn link(address: &str) -> Option<String> {
    let address = cleaned(address);
    let allowed = address.len() <= limits::ADDRESS_BYTES
        && !address.is_empty()
        && scheme(&address)
            .is_none_or(|scheme| LINK_SCHEMES.iter().any(|it| it.eq_ignore_ascii_case(scheme)));
    allowed.then_some(address)
}

/// An image's address as it may be written, or `None`: http, https, without scheme, or a picture's data.
pub(crate) fn image(address: &str) -> Option<String> {
    let address = cleaned(address);
    let allowed = match scheme(&address) {
        Some(scheme) if scheme.eq_ignore_ascii_case("data") => {
            address.len() <= limits::DATA_IMAGE_BYTES && is_picture(&address)
        }
        Some(scheme) => {
            address.len() <= limits::ADDRESS_BYTES
                && ["http", "https"].iter().any(|it| it.eq_ignore_ascii_case(scheme))
        }
        None => address.len() <= limits::ADDRESS_BYTES && !address.is_empty(),
    };
    allowed.then_some(address)
}

/// A short text beside a link or image, on one line.
pub(crate) fn title(text: &str) -> String {
    let words = text.split_whitespace().scan(0, |length, word| {
        *length += word.len() + 1;
        (*length <= limits::ADDRESS_BYTES).then_some(word)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Without what browsers leave out of addresses, so that both see the same scheme.
fn cleaned(address: &str) -> String {
    address.trim().chars().filter(|ch| !ch.is_control()).collect::<String>().trim().to_owned()
}

/// What stands before the first colon, if that comes before any path, query or fragment. Whatever
/// stands there counts, also what is no valid scheme.
fn scheme(address: &str) -> Option<&str> {
    let at = address.find([':', '/', '?', '#', '\\'])?;
    address[at..].starts_with(':').then(|| &address[..at])
}

fn is_picture(address: &str) -> bool {
    let kind = address.get("data:".len()..).unwrap_or_default();
    let Some((head, data)) = kind.split_once(',') else { return false };
    let Some((image, base64)) = head.split_once(';') else { return false };
    let known = DATA_IMAGES.iter().any(|it| image.eq_ignore_ascii_case(&format!("image/{it}")));
    known
        && base64.eq_ignore_ascii_case("base64")
        && data.bytes().all(|it| it.is_ascii_alphanumeric() || b"+/=%".contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_pages_letters_and_telephones() {
        for good in [
            "https://example.org/a?b=c:d#e",
            "HTTP://example.org",
            "mailto:ada@example.org",
            "tel:+491234",
            "#part",
            "../other",
            "//example.org",
            "?q=a:b",
        ] {
            assert_eq!(link(good).as_deref(), Some(good));
        }
        assert_eq!(link(" https://a.example \n").as_deref(), Some("https://a.example"));
    }

    #[test]
    fn links_never_run_programs() {
        for bad in [
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "java\nscript:alert(1)",
            "java\tscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "javascript\u{0}:alert(1)",
            "vbscript:x",
            "data:text/html,x",
            "file:///etc/passwd",
            "blob:x",
            "",
            " ",
        ] {
            assert_eq!(link(bad), None, "{bad}");
            assert_eq!(image(bad), None, "{bad}");
        }
        assert_eq!(link(&format!("https://{}", "a".repeat(limits::ADDRESS_BYTES))), None);
    }

    #[test]
    fn images_are_pages_or_pictures() {
        assert!(image("https://example.org/a.svg").is_some());
        assert!(image("a.png").is_some());
        assert!(image("data:image/PNG;base64,aGk=").is_some());
        assert_eq!(image("data:image/svg+xml;base64,aGk="), None);
        assert_eq!(image("data:image/png,<svg>"), None);
        assert_eq!(image("mailto:ada@example.org"), None);
        let long = |bytes: usize| format!("data:image/png;base64,{}", "a".repeat(bytes));
        assert!(image(&long(limits::ADDRESS_BYTES)).is_some());
        assert_eq!(image(&long(limits::DATA_IMAGE_BYTES)), None);
    }
}
