//! The style sheets of a page as one, without comments and indentation.

use super::{Output, Problem, Sources, hash, source_of};

/// One style sheet for all of a page's.
pub(super) fn joined(
    name: &str,
    styles: &[String],
    sources: &Sources,
) -> Result<Vec<Output>, Problem> {
    let mut css = String::new();
    for path in styles {
        css += &squeezed_css(path, &source_of(name, path, sources)?)?;
    }
    if css.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![output(name.trim_end_matches(".html"), css)])
}

/// A style sheet that the page `name` fetches when it needs it.
pub(super) fn alone(name: &str, path: &str, sources: &Sources) -> Result<Output, Problem> {
    let css = squeezed_css(path, &source_of(name, path, sources)?)?;
    let file = path.rsplit('/').next().unwrap_or(path);
    Ok(output(file.trim_end_matches(".css"), css))
}

fn output(stem: &str, css: String) -> Output {
    let path = format!("joined/{stem}-{}.css", hash([css.as_bytes()]));
    Output { path, body: css.into_bytes(), immutable: true }
}

/// A style sheet without comments and indentation.
fn squeezed_css(path: &str, source: &str) -> Result<String, Problem> {
    let (mut css, mut rest) = (String::new(), source);
    while let Some(start) = rest.find("/*") {
        css += &rest[..start];
        // Line ends stay until problems have been told by their lines.
        let line = source[..source.len() - rest.len() + start].matches('\n').count() + 1;
        let end = rest[start..].find("*/");
        let end = end.ok_or_else(|| Problem::at(path, line, "this comment has no end"))?;
        css.extend(rest[start..start + end].matches('\n'));
        rest = &rest[start + end + 2..];
    }
    css += rest;
    let mut squeezed = String::new();
    for (index, line) in css.lines().enumerate() {
        // A joined sheet lies in another folder.
        let is_relative = line.split("url(").skip(1).any(|url| {
            !["data:", "/", "#"]
                .iter()
                .any(|start| url.trim_start_matches(['\'', '"']).starts_with(start))
        });
        if is_relative || line.trim_start().starts_with("@import") {
            let what = "a style sheet may not import another nor name relative addresses";
            return Err(Problem::at(path, index + 1, what));
        }
        if !line.trim().is_empty() {
            squeezed += line.trim();
            squeezed.push('\n');
        }
    }
    Ok(squeezed)
}
