//! What a form on a foreign page could send in its visitor's name. Pure functions over headers.

use warp::http::{HeaderMap, header::CONTENT_TYPE};

use super::Failure;

/// Refuses a POST that a form on a foreign page could send in its visitor's name: browsers ask
/// first ("preflight") about every other content type and about headers of our own, and are told no.
/// The methods PUT, PATCH and DELETE they ask about always.
pub(super) fn check_not_a_form(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key("x-coscribe") || headers.contains_key("x-coscribe-name") {
        return Ok(());
    }
    let formless = |content_type: &str| {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let sent_by_forms =
            ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"];
        !sent_by_forms.contains(&&*media_type.to_ascii_lowercase())
    };
    let mut types = headers.get_all(CONTENT_TYPE).into_iter().peekable();
    let sound = types.peek().is_some() && types.all(|value| value.to_str().is_ok_and(formless));
    if sound { Ok(()) } else { Err(Failure::ContentType) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_that_a_form_could_send_is_refused() {
        let check = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, value.parse().unwrap());
            }
            check_not_a_form(&headers).is_ok()
        };
        assert!(!check(&[]));
        for form in [
            "text/plain",
            "Text/Plain; charset=utf-8",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            " ",
        ] {
            assert!(!check(&[("content-type", form)]), "{form}");
            assert!(check(&[("content-type", form), ("x-coscribe", "1")]), "{form}");
        }
        assert!(!check(&[("content-type", "application/json"), ("content-type", "text/plain")]));
        for other in ["application/json", "text/markdown", "application/octet-stream"] {
            assert!(check(&[("content-type", other)]), "{other}");
        }
    }
}
