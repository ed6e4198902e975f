//! Takes the text of a JavaScript module apart into words, signs, literals, comments and space.
//!
//! Knows no grammar beyond what telling these apart needs; regular expressions are told from
//! divisions by what stands before them.

use super::Problem;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Spaces and line ends.
    Space,
    Comment,
    /// A name, keyword or number.
    Word,
    /// One character of punctuation.
    Sign,
    /// A string in single or double quotes.
    Text,
    /// A piece of a template literal, with the marks around it.
    Template,
    Regex,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// The line it begins on, from 1.
    pub(super) line: usize,
    /// Brackets open around it.
    pub(super) depth: usize,
    /// Whether it is the first character of its line.
    pub(super) opens_line: bool,
}

impl Token<'_> {
    /// Whether this is exactly that word or sign.
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.text == text
    }

    /// Whether it means something to the browser.
    pub(super) fn counts(&self) -> bool {
        !matches!(self.kind, Kind::Space | Kind::Comment)
    }
}

/// Words after which a slash begins a regular expression.
const BEFORE_REGEX: [&str; 15] = [
    "await",
    "case",
    "delete",
    "do",
    "else",
    "extends",
    "in",
    "instanceof",
    "new",
    "of",
    "return",
    "throw",
    "typeof",
    "void",
    "yield",
];

/// The tokens of a module, in order and without gaps.
pub(super) fn scan<'a>(path: &str, source: &'a str) -> Result<Vec<Token<'a>>, Problem> {
    let mut scanner =
        Scanner { path, source, at: 0, line: 1, tokens: Vec::new(), open: Vec::new() };
    while scanner.at < source.len() {
        scanner.step()?;
    }
    match scanner.open.pop() {
        Some((bracket, line)) => {
            Err(scanner.problem(line, &format!("this {bracket} is not closed")))
        }
        None => Ok(scanner.tokens),
    }
}

struct Scanner<'a, 'p> {
    path: &'p str,
    source: &'a str,
    at: usize,
    line: usize,
    tokens: Vec<Token<'a>>,
    /// Open brackets, `$` for the substitution of a template, with the lines they are on.
    open: Vec<(char, usize)>,
}

impl<'a> Scanner<'a, '_> {
    fn step(&mut self) -> Result<(), Problem> {
        let rest = &self.source[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(()) };
        if first.is_whitespace() {
            let end = rest.find(|ch: char| !ch.is_whitespace());
            self.push(Kind::Space, end.unwrap_or(rest.len()));
        } else if rest.starts_with("//") {
            self.push(Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
        } else if let Some(inside) = rest.strip_prefix("/*") {
            let end = inside.find("*/").ok_or_else(|| self.unfinished("comment"))?;
            self.push(Kind::Comment, end + 4);
        } else if is_word(first) {
            self.push(Kind::Word, rest.find(|ch| !is_word(ch)).unwrap_or(rest.len()));
        } else if first == '\'' || first == '"' {
            let end = end_of(rest, 1, |ch| ch == first).ok_or_else(|| self.unfinished("string"))?;
            self.push(Kind::Text, end);
        } else if first == '`' {
            self.template()?;
        } else if first == '/' && self.may_begin_regex() {
            let end = regex_end(rest).ok_or_else(|| self.unfinished("regular expression"))?;
            self.push(Kind::Regex, end);
        } else {
            self.sign(first)?;
        }
        Ok(())
    }

    fn sign(&mut self, sign: char) -> Result<(), Problem> {
        match sign {
            '(' | '[' | '{' => {
                self.push(Kind::Sign, 1);
                self.open.push((sign, self.line));
            }
            ')' | ']' | '}' => {
                let opened = self.open.pop().map(|(bracket, _)| bracket);
                match (opened, sign) {
                    (Some('$'), '}') => return self.template(),
                    (Some('('), ')') | (Some('['), ']') | (Some('{'), '}') => {}
                    _ => {
                        return Err(self.problem(self.line, &format!("this {sign} closes nothing")));
                    }
                }
                self.push(Kind::Sign, 1);
            }
            _ => self.push(Kind::Sign, sign.len_utf8()),
        }
        Ok(())
    }

    /// From a backtick, or from the brace that ends a substitution, to the next such mark.
    fn template(&mut self) -> Result<(), Problem> {
        let rest = &self.source[self.at..];
        let mut from = 1;
        loop {
            let end = end_of(rest, from, |ch| ch == '`' || ch == '$');
            let end = end.ok_or_else(|| self.unfinished("template"))?;
            if rest[..end].ends_with('`') {
                self.push(Kind::Template, end);
                return Ok(());
            }
            if rest[end..].starts_with('{') {
                let line = self.line;
                self.push(Kind::Template, end + 1);
                self.open.push(('$', line));
                return Ok(());
            }
            from = end;
        }
    }

    fn may_begin_regex(&self) -> bool {
        let mut before = self.tokens.iter().rev().filter(|token| token.counts());
        let Some(last) = before.next() else { return true };
        match last.kind {
            Kind::Word => {
                let is_member = before.next().is_some_and(|token| token.is("."));
                BEFORE_REGEX.contains(&last.text) && !is_member
            }
            Kind::Sign => match last.text {
                ")" | "]" | "}" => false,
                // `x++ / 2`
                "+" | "-" => !before.next().is_some_and(|token| token.is(last.text)),
                _ => true,
            },
            Kind::Template => last.text.ends_with("${"),
            _ => false,
        }
    }

    fn push(&mut self, kind: Kind, bytes: usize) {
        let text = &self.source[self.at..self.at + bytes];
        let opens_line = self.at == 0 || self.source[..self.at].ends_with('\n');
        let (line, depth) = (self.line, self.open.len());
        self.tokens.push(Token { kind, text, line, depth, opens_line });
        self.at += bytes;
        self.line += text.matches('\n').count();
    }

    fn unfinished(&self, what: &str) -> Problem {
        self.problem(self.line, &format!("this {what} has no end"))
    }

    fn problem(&self, line: usize, what: &str) -> Problem {
        Problem::at(self.path, line, what)
    }
}

fn is_word(ch: char) -> bool {
    ch.is_alphanumeric() || ch == '_' || ch == '$'
}

/// Where the first unescaped character that ends something has passed.
fn end_of(text: &str, from: usize, ends: impl Fn(char) -> bool) -> Option<usize> {
    let mut chars = text.char_indices().skip_while(|(at, _)| *at < from);
    while let Some((at, ch)) = chars.next() {
        if ch == '\\' {
            chars.next();
        } else if ends(ch) {
            return Some(at + ch.len_utf8());
        }
    }
    None
}

/// The length of a regular expression with its flags; `None` when its line ends before it does.
fn regex_end(text: &str) -> Option<usize> {
    let (mut in_class, mut chars) = (false, text.char_indices().skip(1));
    while let Some((at, ch)) = chars.next() {
        match ch {
            '\n' => return None,
            '\\' => drop(chars.next()),
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => {
                let flags = &text[at + 1..];
                return Some(at + 1 + flags.find(|ch| !is_word(ch)).unwrap_or(flags.len()));
            }
            _ => {}
        }
    }
    None
}
