//! Text as Markdown that means exactly this text.

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a paragraph or heading.
    Line,
    /// In a cell of a table, where bars end it.
    Cell,
}

/// Adds a stretch of text to a line. What stands at the line's beginning may be a marker; the line
/// says what came before.
pub(super) fn text(line: &mut String, text: &str, place: Place) {
    let mut rest = text.chars();
    while let Some(ch) = rest.next() {
        let next = rest.clone().next();
        let at_start = line.is_empty() || line.ends_with('\n');
        match ch {
            '\n' => line.push_str("&#10;"),
            '\t' if at_start => line.push_str("&#9;"),
            ' ' if at_start => line.push_str("&#32;"),
            '\\' | '`' | '*' | '[' | ']' | '~' => escaped(line, ch),
            '_' if !(line.ends_with(char::is_alphanumeric)
                && next.is_some_and(char::is_alphanumeric)) =>
            {
                escaped(line, ch);
            }
            '<' if next.is_none_or(|next| next.is_ascii_alphabetic() || "/!?".contains(next)) => {
                escaped(line, ch);
            }
            '&' if may_be_entity(rest.as_str()) => escaped(line, ch),
            '|' => escaped(line, ch),
            '!' if next.is_none() => escaped(line, ch),
            '#' | '>' | '+' | '-' | '=' | ':' if at_start => escaped(line, ch),
            '.' | ')' if place == Place::Line && ends_with_number(line) => escaped(line, ch),
            _ => line.push(ch),
        }
    }
}

fn escaped(line: &mut String, ch: char) {
    line.push('\\');
    line.push(ch);
}

/// Whether an ampersand before this may begin a character's name, perhaps with what comes later.
fn may_be_entity(rest: &str) -> bool {
    let name = rest.strip_prefix('#').unwrap_or(rest);
    let end = name.find(|ch: char| !ch.is_ascii_alphanumeric());
    end.is_none_or(|end| name[end..].starts_with(';'))
}

/// Whether the last line is a number so far.
fn ends_with_number(line: &str) -> bool {
    let last = line.rsplit('\n').next().unwrap_or_default();
    !last.is_empty() && last.len() < 10 && last.bytes().all(|it| it.is_ascii_digit())
}

/// Spaces at the end of a line would be lost.
pub(super) fn end(line: &mut String) {
    let bare = line.trim_end_matches([' ', '\t']).len();
    let Some(last) = line[bare..].chars().last() else { return };
    line.pop();
    line.push_str(if last == ' ' { "&#32;" } else { "&#9;" });
}

/// A stretch of code within a line.
pub(super) fn code(line: &mut String, text: &str, place: Place) {
    let text = text.replace('\n', " ");
    let longest = text.split(|ch| ch != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let tight = text.starts_with('`') || text.ends_with('`');
    let stripped = text.starts_with(' ') && text.ends_with(' ') && text.trim() != "";
    let pad = if tight || stripped { " " } else { "" };
    let text = if place == Place::Cell { text.replace('|', "\\|") } else { text };
    line.push_str(&format!("{fence}{pad}{text}{pad}{fence}"));
}

/// Where a link leads, with its title.
pub(super) fn target(address: &str, title: &str) -> String {
    let plain =
        |ch: char| ch.is_ascii_graphic() && !"()<>\\&|".contains(ch) || ch.is_alphanumeric();
    let mut target = String::new();
    if !address.is_empty() && address.chars().all(plain) {
        target.push_str(address);
    } else {
        target.push('<');
        quoted(&mut target, address, "<>\\&|");
        target.push('>');
    }
    if !title.is_empty() {
        target.push_str(" \"");
        quoted(&mut target, title, "\"\\&|");
        target.push('"');
    }
    target
}

fn quoted(target: &mut String, text: &str, special: &str) {
    for ch in text.chars() {
        if special.contains(ch) {
            target.push('\\');
        }
        target.push(ch);
    }
}
