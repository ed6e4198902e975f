//! A page's HTML: which styles and module it names, and what to write in their place.
//!
//! Shells are ours, so tags are found as they are written in them, not by a parser of HTML.

use std::ops::Range;

use super::Problem;

/// A page's HTML.
#[derive(Debug)]
pub(crate) struct Shell {
    /// Without comments.
    html: String,
    styles: Vec<(Range<usize>, String)>,
    start: Option<(Range<usize>, String)>,
}

impl Shell {
    /// Reads the page `name`.
    pub(crate) fn parse(name: &str, source: &str) -> Result<Self, Problem> {
        let html = without_comments(source);
        let mut shell = Self { html: html.clone(), styles: Vec::new(), start: None };
        for (range, tag) in tags(&html, "<link ", ">") {
            if tag.contains("rel=\"stylesheet\"") {
                let path = path_in(tag, "href=\"/").ok_or_else(|| shell.odd(name, &range))?;
                shell.styles.push((range, path));
            }
        }
        for (range, tag) in tags(&html, "<script", "</script>") {
            let path = path_in(tag, "src=\"/").filter(|_| tag.contains("type=\"module\""));
            match path {
                // Inline scripts are against the content security policy.
                Some(path) if shell.start.is_none() => shell.start = Some((range, path)),
                _ => return Err(shell.odd(name, &range)),
            }
        }
        Ok(shell)
    }

    /// The module the page starts with, by its path within `web/`.
    pub(crate) fn start(&self) -> Option<&str> {
        self.start.as_ref().map(|(_, path)| &path[..])
    }

    /// The paths of its style sheets, in order.
    pub(crate) fn styles(&self) -> impl Iterator<Item = &str> {
        self.styles.iter().map(|(_, path)| &path[..])
    }

    /// The HTML with other addresses of its style sheets and module, and hints for what that module
    /// will import: without them the browser finds out one import after the other.
    pub(crate) fn write(&self, styles: &[String], start: Option<&str>, hints: &[String]) -> String {
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        for (index, (range, _)) in self.styles.iter().enumerate() {
            let links = styles.iter().map(|it| format!("<link rel=\"stylesheet\" href=\"/{it}\">"));
            let links: String = if index == 0 { links.collect() } else { String::new() };
            edits.push((range.clone(), links));
        }
        if let (Some((range, _)), Some(start)) = (&self.start, start) {
            let mut tags = String::new();
            for hint in hints {
                tags += &format!("<link rel=\"modulepreload\" href=\"/{hint}\">");
            }
            tags += &format!("<script type=\"module\" src=\"/{start}\"></script>");
            edits.push((range.clone(), tags));
        }
        edits.sort_by_key(|(range, _)| range.start);
        let (mut written, mut at) = (String::new(), 0);
        for (range, text) in edits {
            written.push_str(&self.html[at..range.start]);
            written.push_str(&text);
            at = range.end;
        }
        written.push_str(&self.html[at..]);
        // Lines of which nothing is left.
        written
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| format!("{line}\n"))
            .collect()
    }

    fn odd(&self, name: &str, range: &Range<usize>) -> Problem {
        let line = self.html[..range.start].matches('\n').count() + 1;
        let what = "a page may have `<link rel=\"stylesheet\" href=\"/styles/x.css\">` and one \
            `<script type=\"module\" src=\"/src/pages/x.js\"></script>`";
        Problem::at(name, line, what)
    }
}

/// Line ends within comments stay, so that problems tell the right line.
fn without_comments(source: &str) -> String {
    let (mut html, mut at) = (String::new(), 0);
    for (range, comment) in tags(source, "<!--", "-->") {
        html.push_str(&source[at..range.start]);
        html.extend(comment.matches('\n'));
        at = range.end;
    }
    html + &source[at..]
}

/// What stands between an opening and the next closing, with both.
fn tags<'a>(
    html: &'a str,
    open: &'a str,
    close: &'a str,
) -> impl Iterator<Item = (Range<usize>, &'a str)> {
    html.match_indices(open).map(move |(start, _)| {
        let end = html[start..].find(close).map_or(html.len(), |end| start + end + close.len());
        (start..end, &html[start..end])
    })
}

fn path_in(tag: &str, attribute: &str) -> Option<String> {
    let (_, value) = tag.split_once(attribute)?;
    value.split_once('"').map(|(path, _)| path.to_owned())
}
