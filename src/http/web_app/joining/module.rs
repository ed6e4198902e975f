//! One module of our own: what it imports, exports and loads later, and its code without comments.
//!
//! The language is narrow on purpose, so that a module can become a function: see [`ALLOWED`]. Knows
//! no other module.

use super::{
    Problem,
    scan::{Kind, Token, scan},
};

/// What a module may say about other modules.
const ALLOWED: &str = "modules may only have `import { a, b as c } from './x.js'`, \
    `import * as x from './x.js'`, `import './x.js'`, `import('./x.js')` and, at the start of a line, \
    `export function`, `export async function`, `export const name`, `export class` and `export {}`";

/// A module, ready to be joined.
#[derive(Debug)]
pub(crate) struct Module {
    /// What must run before it.
    pub(crate) imports: Vec<Import>,
    /// The names it gives to others.
    pub(crate) exports: Vec<String>,
    /// Its code without imports, the word `export`, comments and indentation.
    pub(crate) code: Vec<Piece>,
}

/// A static import.
#[derive(Debug)]
pub(crate) struct Import {
    /// The module's path within `web/`.
    pub(crate) from: String,
    pub(crate) names: Names,
    pub(crate) line: usize,
}

/// What an import takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Nothing: it only runs the module.
    None,
    /// The module itself, under this name.
    All(String),
    /// Exported names, and what they are called here.
    Some(Vec<(String, String)>),
}

/// Code, or the path of a module that is loaded when the code comes there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Code(String),
    Later(String),
}

impl Module {
    /// Reads a module by its path within `web/`.
    pub(crate) fn parse(path: &str, source: &str) -> Result<Self, Problem> {
        let tokens = scan(path, source)?;
        let module = Self { imports: Vec::new(), exports: Vec::new(), code: Vec::new() };
        let squeezed = Squeezed::default();
        let mut parser = Parser { path, tokens: &tokens, at: 0, in_async: false, module, squeezed };
        while let Some(token) = parser.tokens.get(parser.at) {
            parser.token(*token)?;
        }
        parser.squeezed.gap = Gap::None;
        parser.flush();
        Ok(parser.module)
    }

    /// The modules it loads later.
    pub(crate) fn later(&self) -> impl Iterator<Item = &str> {
        self.code.iter().filter_map(|piece| match piece {
            Piece::Later(path) => Some(&path[..]),
            Piece::Code(_) => None,
        })
    }
}

struct Parser<'a, 't> {
    path: &'a str,
    tokens: &'t [Token<'a>],
    at: usize,
    /// Whether the word `async` stood in the statement of the outermost level that goes on here.
    in_async: bool,
    module: Module,
    squeezed: Squeezed,
}

impl<'a> Parser<'a, '_> {
    fn token(&mut self, token: Token<'a>) -> Result<(), Problem> {
        let is_keyword = token.kind == Kind::Word && !self.is_property();
        if token.depth == 0 && token.opens_line && token.counts() {
            self.in_async = false;
        }
        self.in_async |= token.is("async");
        match token.text {
            "import" if is_keyword => self.import(token),
            "export" if is_keyword => self.export(token),
            "await" if is_keyword && token.depth == 0 && !self.in_async => {
                Err(self.problem(token, "a module may not wait while it starts"))
            }
            _ => {
                self.squeezed.push(&token);
                self.at += 1;
                Ok(())
            }
        }
    }

    /// Whether the word here is the name of a property rather than a keyword.
    fn is_property(&self) -> bool {
        let before = self.tokens[..self.at].iter().rev().find(|token| token.counts());
        let after = self.tokens[self.at + 1..].iter().find(|token| token.counts());
        let is_method = self.tokens[self.at].text == "export" && after.is_some_and(|it| it.is("("));
        let is_key = is_method || after.is_some_and(|token| token.is(":"));
        is_key || before.is_some_and(|token| token.is("."))
    }

    fn import(&mut self, token: Token<'a>) -> Result<(), Problem> {
        self.at += 1;
        if self.takes("(") {
            let path = self.specifier(token)?;
            if !self.takes(")") {
                return Err(self.not_allowed(token));
            }
            self.flush();
            self.module.code.push(Piece::Later(path));
            return Ok(());
        }
        if !token.opens_line || token.depth != 0 {
            return Err(self.not_allowed(token));
        }
        let names = self.imported(token)?;
        if names != Names::None && !self.takes("from") {
            return Err(self.not_allowed(token));
        }
        let from = self.specifier(token)?;
        self.takes(";");
        let line = self.tokens[self.at - 1].line;
        if self.peek().is_some_and(|next| next.line == line) {
            return Err(self.not_allowed(token));
        }
        self.module.imports.push(Import { from, names, line: token.line });
        Ok(())
    }

    fn imported(&mut self, token: Token<'a>) -> Result<Names, Problem> {
        if self.takes("*") {
            let name = if self.takes("as") { self.word() } else { None };
            return name.map(Names::All).ok_or_else(|| self.not_allowed(token));
        }
        if !self.takes("{") {
            // A default import is a word; what is left is an import for its effects.
            let is_text = self.peek().is_some_and(|next| next.kind == Kind::Text);
            return if is_text { Ok(Names::None) } else { Err(self.not_allowed(token)) };
        }
        let mut names = Vec::new();
        while !self.takes("}") {
            let name = self.word().ok_or_else(|| self.not_allowed(token))?;
            let alias = if self.takes("as") { self.word() } else { Some(name.clone()) };
            names.push((name, alias.ok_or_else(|| self.not_allowed(token))?));
            if !self.takes(",") && !self.peek().is_some_and(|next| next.is("}")) {
                return Err(self.not_allowed(token));
            }
        }
        Ok(Names::Some(names))
    }

    fn export(&mut self, token: Token<'a>) -> Result<(), Problem> {
        self.at += 1;
        if !token.opens_line || token.depth != 0 {
            return Err(self.not_allowed(token));
        }
        if self.takes("{") {
            // Only a mark for the type checker that this is a module.
            return if self.takes("}") { Ok(()) } else { Err(self.not_allowed(token)) };
        }
        let start = self.at;
        let is_async = self.takes("async");
        let is_function = self.takes("function");
        if is_function {
            self.takes("*");
        }
        let is_other = !is_async && !is_function && (self.takes("const") || self.takes("class"));
        let name = if is_function || is_other { self.word() } else { None };
        self.module.exports.push(name.ok_or_else(|| self.not_allowed(token))?);
        // The declaration itself stays.
        self.at = start;
        while self.tokens.get(self.at).is_some_and(|next| !next.counts()) {
            self.at += 1;
        }
        Ok(())
    }

    /// The path within `web/` that a quoted specifier leads to.
    fn specifier(&mut self, token: Token<'a>) -> Result<String, Problem> {
        let Some(text) = self.peek().filter(|next| next.kind == Kind::Text) else {
            return Err(self.not_allowed(token));
        };
        self.pass();
        let specifier = &text.text[1..text.text.len() - 1];
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        let is_relative = specifier.starts_with("./") || specifier.starts_with("../");
        for part in specifier.split('/') {
            match part {
                "." => {}
                ".." => drop(parts.pop()),
                _ => parts.push(part),
            }
        }
        let path = parts.join("/");
        let is_served = path.starts_with("src/") || path.starts_with("vendor/");
        if is_relative && is_served && path.ends_with(".js") && text.text.starts_with('\'') {
            Ok(path)
        } else {
            let what = format!("{} is no module of src or vendor as `'./x.js'`", text.text);
            Err(self.problem(token, &what))
        }
    }

    fn peek(&self) -> Option<Token<'a>> {
        self.tokens[self.at..].iter().find(|token| token.counts()).copied()
    }

    /// Goes on behind the next token that counts.
    fn pass(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            if token.counts() {
                return;
            }
        }
    }

    fn takes(&mut self, text: &str) -> bool {
        let is_next = self.peek().is_some_and(|next| next.is(text));
        if is_next {
            self.pass();
        }
        is_next
    }

    fn word(&mut self) -> Option<String> {
        let word = self.peek().filter(|next| next.kind == Kind::Word)?;
        self.pass();
        Some(word.text.to_owned())
    }

    fn flush(&mut self) {
        let code = self.squeezed.take();
        if !code.is_empty() {
            self.module.code.push(Piece::Code(code));
        }
    }

    fn not_allowed(&self, token: Token<'_>) -> Problem {
        self.problem(token, ALLOWED)
    }

    fn problem(&self, token: Token<'_>, what: &str) -> Problem {
        Problem::at(self.path, token.line, what)
    }
}

/// Code without comments and without space that separates nothing.
#[derive(Default)]
struct Squeezed {
    code: String,
    last: Option<Kind>,
    gap: Gap,
}

/// What stood since the last token that counts. A line end may end a statement.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
}

impl Squeezed {
    fn push(&mut self, token: &Token<'_>) {
        if !token.counts() {
            let gap = if token.text.contains('\n') { Gap::Line } else { Gap::Space };
            self.gap = self.gap.max(gap);
            return;
        }
        let is_open = match self.last {
            Some(Kind::Sign) => self.code.ends_with(['(', '[', '{', ',', ';']),
            Some(Kind::Template) => self.code.ends_with("${"),
            _ => false,
        };
        let closes = match token.kind {
            Kind::Sign => matches!(token.text, ")" | "]" | "}"),
            Kind::Template => token.text.starts_with('}'),
            _ => false,
        };
        match std::mem::take(&mut self.gap) {
            // No statement can end behind the former, and none needs a line end before the latter.
            _ if is_open || closes => {}
            Gap::Line => self.code.push('\n'),
            Gap::Space if !self.is_apart_from(token) => self.code.push(' '),
            Gap::Space | Gap::None => {}
        }
        self.code.push_str(token.text);
        self.last = Some(token.kind);
    }

    /// Whether a token cannot be taken for the continuation of the one before it.
    fn is_apart_from(&self, token: &Token<'_>) -> bool {
        const LONE: [char; 9] = ['(', ')', '[', ']', '{', '}', ',', ';', ':'];
        let is_lone = token.text.starts_with(LONE) || self.code.ends_with(LONE);
        match (self.last, token.kind) {
            (None, _) => true,
            (Some(Kind::Sign), Kind::Sign) => is_lone,
            (Some(Kind::Sign), Kind::Word | Kind::Text | Kind::Template) => true,
            // `1 .toFixed()` is no fraction.
            (Some(Kind::Word | Kind::Text | Kind::Template), Kind::Sign) => token.text != ".",
            _ => false,
        }
    }

    /// What has gathered, with the gap between it and what follows.
    fn take(&mut self) -> String {
        let mut code = std::mem::take(&mut self.code);
        match std::mem::take(&mut self.gap) {
            Gap::None => {}
            Gap::Space => code.push(' '),
            Gap::Line => code.push('\n'),
        }
        self.last = None;
        code
    }
}
