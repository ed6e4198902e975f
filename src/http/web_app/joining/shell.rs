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
    /// Where the tags stand that `links` were read from, in the order of its fields.
    tags: Vec<Range<usize>>,
    links: Links,
}

/// What a page names, by paths within `web/` or addresses without the leading slash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// Style sheets, in order.
    pub(crate) styles: Vec<String>,
    /// Style sheets that scripts enable when they are needed. Each stays a sheet of its own.
    pub(crate) later: Vec<String>,
    /// Scripts that run while the page is read, before it is seen.
    pub(crate) classics: Vec<String>,
    /// The module the page starts with.
    pub(crate) start: Option<String>,
    /// What that module will import. Without hints browsers find out one import after the other.
    pub(crate) hints: Vec<String>,
}

impl Shell {
    /// Reads the page `name`.
    pub(crate) fn parse(name: &str, source: &str) -> Result<Self, Problem> {
        let html = without_comments(source);
        let mut shell = Self { html: html.clone(), tags: Vec::new(), links: Links::default() };
        let mut later = Vec::new();
        for (range, tag) in tags(&html, "<link ", ">") {
            if tag.contains("rel=\"stylesheet\"") {
                let path = path_in(tag, "href=\"/").ok_or_else(|| shell.odd(name, &range))?;
                if tag.ends_with(" disabled>") {
                    shell.links.later.push(path);
                    later.push(range);
                } else {
                    shell.links.styles.push(path);
                    shell.tags.push(range);
                }
            }
        }
        shell.tags.extend(later);
        let mut start = None;
        for (range, tag) in tags(&html, "<script", "</script>") {
            // Inline scripts are against the content security policy.
            let path = path_in(tag, "src=\"/").ok_or_else(|| shell.odd(name, &range))?;
            if !tag.contains("type=\"module\"") {
                shell.links.classics.push(path);
                shell.tags.push(range);
            } else if start.replace(range.clone()).is_none() {
                shell.links.start = Some(path);
            } else {
                return Err(shell.odd(name, &range));
            }
        }
        shell.tags.extend(start);
        Ok(shell)
    }

    /// What the page names.
    pub(crate) fn links(&self) -> &Links {
        &self.links
    }

    /// The HTML with other links in the places of its own. The first style sheet stands for all.
    pub(crate) fn write(&self, links: &Links) -> String {
        let sheets =
            links.styles.iter().map(|it| format!("<link rel=\"stylesheet\" href=\"/{it}\">"));
        let mut texts = vec![String::new(); self.links.styles.len()];
        if let Some(first) = texts.first_mut() {
            *first = sheets.collect();
        }
        let later = self.tags.iter().skip(self.links.styles.len());
        for ((range, old), new) in later.zip(&self.links.later).zip(&links.later) {
            texts.push(self.html[range.clone()].replace(old.as_str(), new));
        }
        texts.extend(links.classics.iter().map(|it| format!("<script src=\"/{it}\"></script>")));
        let hints =
            links.hints.iter().map(|it| format!("<link rel=\"modulepreload\" href=\"/{it}\">"));
        let hints: String = hints.collect();
        let start = links.start.iter();
        texts.extend(
            start.map(|it| format!("{hints}<script type=\"module\" src=\"/{it}\"></script>")),
        );

        let mut edits: Vec<_> = self.tags.iter().zip(texts).collect();
        edits.sort_by_key(|(range, _)| range.start);
        let (mut written, mut at) = (String::new(), 0);
        for (range, text) in edits {
            written.push_str(&self.html[at..range.start]);
            written.push_str(&text);
            at = range.end;
        }
        written.push_str(&self.html[at..]);
        // Lines of which nothing is left.
        let lines = written.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| format!("{line}\n")).collect()
    }

    fn odd(&self, name: &str, range: &Range<usize>) -> Problem {
        let line = self.html[..range.start].matches('\n').count() + 1;
        let what = "a page may have `<link rel=\"stylesheet\" href=\"/styles/x.css\">`, \
            also ending in ` disabled>`, `<script src=\"/src/pages/x.js\"></script>` and one such with `type=\"module\"`";
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
