//! Makes the files that are served out of those that are written: joined modules and styles under
//! names with a hash of their content, pages that name them, and the list for the service worker.
//!
//! Runs when the server is built. Knows neither disk nor compression.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hasher},
};

mod facade;
mod styles;

use super::joining::{
    Graph, Problem, Shell,
    graph::Reach,
    module::{Module, Names, Piece},
    shell::Links,
    worker_start,
};

use facade::Facade;

pub(crate) use super::joining::WORKER;

/// The files of `web/` by their paths in it.
pub(crate) type Sources = BTreeMap<String, Vec<u8>>;

/// A file as it is served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// Its address without the leading slash; of a page the name of its file.
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    /// Whether what is at this address can never change.
    pub(crate) immutable: bool,
}

/// Gives each joined file its helper: hints for what a module needs while it is fetched itself.
const LOAD: &str = "const $load=(url,needs,path)=>{for(const need of needs){\
    const href=new URL(need,import.meta.url).pathname;\
    if(!document.querySelector(`link[href=\"${href}\"]`))\
    document.head.append(Object.assign(document.createElement('link'),{rel:'modulepreload',href}))}\
    return import(url).then(all=>path?$joined[path]:all)}\n";

const REGISTRY: &str = "const $joined=globalThis[Symbol.for('coscribe')]??={}\n";

/// Everything that is served.
pub(crate) fn join(sources: &Sources) -> Result<Vec<Output>, Problem> {
    let text =
        |path: &str| sources.get(path).map(|body| String::from_utf8_lossy(body).into_owned());
    let pages: Vec<(&str, String)> = sources
        .keys()
        .filter(|path| path.ends_with(".html") && !path.contains('/'))
        .filter_map(|path| Some((&path[..], text(path)?)))
        .collect();
    let mut shells = Vec::new();
    for (name, html) in &pages {
        shells.push((*name, Shell::parse(name, html)?));
    }
    let worker = text(WORKER).map(|source| worker_start(&source)).transpose()?;
    let starts = || {
        let pages = shells.iter().filter_map(|(_, shell)| shell.links().start.as_deref());
        pages.chain(worker.as_deref())
    };
    let graph = Graph::read(starts(), text)?;
    let site = Site::new(&graph, sources, starts())?;

    let mut outputs = site.modules();
    outputs.extend(site.vendored());
    for (name, shell) in &shells {
        let styles = styles::joined(name, &shell.links().styles, sources)?;
        let mut later = Vec::new();
        for path in &shell.links().later {
            later.push(styles::alone(name, path, sources)?);
        }
        let classics = classics(name, shell.links(), sources)?;
        let addresses = |files: &[Output]| files.iter().map(|it| it.path.clone()).collect();
        let start = shell.links().start.as_deref();
        let links = Links {
            styles: addresses(&styles),
            later: addresses(&later),
            classics: addresses(&classics),
            start: start.map(|start| site.url(start)),
            hints: start.map(|start| site.hints(start)).unwrap_or_default(),
        };
        outputs.extend(styles);
        outputs.extend(later);
        outputs.extend(classics);
        let html = with_images(&shell.write(&links), sources, &mut outputs);
        outputs.push(Output::changing(name, html.into_bytes()));
    }
    let others = sources.iter().filter(|(path, _)| is_copied(path));
    outputs.extend(others.map(|(path, body)| Output::changing(path, body.clone())));
    if let Some(start) = &worker {
        let body = format!("import'./{}'\n", site.url(start));
        outputs.push(Output::changing(WORKER, body.into_bytes()));
    }
    if let Some(worker) = text("sw.js") {
        let (files, release) = (site.offline(&outputs), release(&outputs, &worker));
        let worker = classic("sw.js", &worker)?
            .replace("__PRECACHE__", &files)
            .replace("__RELEASE__", &release);
        outputs.push(Output::changing("sw.js", worker.into_bytes()));
    }
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    // Pages may have a script in common.
    outputs.dedup_by(|a, b| a.path == b.path);
    Ok(outputs)
}

impl Output {
    fn changing(path: &str, body: Vec<u8>) -> Self {
        Self { path: path.to_owned(), body, immutable: false }
    }
}

/// Files that are served as they are.
fn is_copied(path: &str) -> bool {
    path == "vendor/LICENSES.txt" || path == "manifest.webmanifest" || is_image(path)
}

fn is_image(path: &str) -> bool {
    !path.contains('/') && [".svg", ".png", ".ico"].iter().any(|ending| path.ends_with(ending))
}

/// The modules with what each root adds to what is there when it is loaded.
struct Site<'a> {
    graph: &'a Graph,
    sources: &'a Sources,
    reaches: BTreeMap<String, Reach>,
    /// What has been fetched already whenever a root is loaded.
    present: BTreeMap<String, BTreeSet<String>>,
    /// Addresses of the joined files, by root.
    names: BTreeMap<String, String>,
    /// Vendored files that only pass on what others have: nobody needs to fetch them.
    facades: BTreeMap<String, Facade>,
}

impl<'a> Site<'a> {
    fn new<'s>(
        graph: &'a Graph,
        sources: &'a Sources,
        starts: impl Iterator<Item = &'s str>,
    ) -> Result<Self, Problem> {
        let mut reaches = BTreeMap::new();
        for root in graph.roots() {
            reaches.insert(root.to_owned(), graph.reach(root)?);
        }
        let mut site = Self {
            graph,
            sources,
            reaches,
            present: starts.map(|start| (start.to_owned(), BTreeSet::new())).collect(),
            names: BTreeMap::new(),
            facades: facade::find(sources),
        };
        while site.find_present() {}
        site.names = site.hashed_names();
        Ok(site)
    }

    /// Takes one step of finding out what is there when a root is loaded: what all who load it have
    /// in common. Returns whether something was learned.
    fn find_present(&mut self) -> bool {
        let before = self.present.clone();
        for (root, present) in &before {
            let Some(reach) = self.reaches.get(root) else { continue };
            let mut there = present.clone();
            there.extend(reach.own.iter().chain(&reach.vendored).cloned());
            for path in &reach.own {
                for later in self.graph.modules.get(path).into_iter().flat_map(Module::later) {
                    let known =
                        self.present.entry(later.to_owned()).or_insert_with(|| there.clone());
                    known.retain(|path| there.contains(path));
                }
            }
        }
        before != self.present
    }

    fn modules(&self) -> Vec<Output> {
        let roots = self.names.iter();
        roots
            .map(|(root, name)| Output {
                path: name.clone(),
                body: self.joined(root, &|path| self.url(path)).into_bytes(),
                immutable: true,
            })
            .collect()
    }

    /// Vendored files: shared chunks have a hash in their names already.
    fn vendored(&self) -> Vec<Output> {
        let files = self.sources.iter();
        files
            .filter(|(path, _)| path.starts_with("vendor/") && path.ends_with(".js"))
            .map(|(path, _)| Output {
                path: self.url(path),
                body: self.vendored_body(path),
                immutable: true,
            })
            .collect()
    }

    /// A vendored file with the addresses that the entries it imports have here; there must be no
    /// two of one. What a tool wrote imports in no circles.
    fn vendored_body(&self, path: &str) -> Vec<u8> {
        let body = self.sources.get(path).cloned().unwrap_or_default();
        let imports = self.graph.vendored.get(path).into_iter().flatten();
        let entries: Vec<_> = imports.filter(|it| !it.contains("/shared-")).collect();
        let Ok(mut text) = String::from_utf8(body.clone()) else { return body };
        for entry in entries {
            let named = |path: &str| format!("\"./{}\"", path.trim_start_matches("vendor/"));
            text = text.replace(&named(entry), &named(&self.url(entry)));
        }
        text.into_bytes()
    }

    /// The address of a root or a vendored file, without the leading slash.
    fn url(&self, path: &str) -> String {
        if let Some(name) = self.names.get(path) {
            return name.clone();
        }
        match path.strip_suffix(".js") {
            Some(stem) if !stem.contains("/shared-") => {
                format!("{stem}-{}.js", hash([&self.vendored_body(path)[..]]))
            }
            _ => path.to_owned(),
        }
    }

    /// The vendored files that a root needs and that nobody fetched before.
    fn hints(&self, root: &str) -> Vec<String> {
        let present = self.present.get(root);
        let is_new = |path: &&String| !present.is_some_and(|it| it.contains(*path));
        let reach = self.reaches.get(root).into_iter().flat_map(|reach| &reach.vendored);
        reach
            .filter(|path| *path != root && is_new(path) && !self.facades.contains_key(*path))
            .map(|path| self.url(path))
            .collect()
    }

    /// The own modules that a root adds.
    fn added(&self, root: &str) -> Vec<&'a str> {
        let present = self.present.get(root);
        let Some(reach) = self.reaches.get(root) else { return Vec::new() };
        let all = reach.own.iter().filter(|path| !present.is_some_and(|it| it.contains(*path)));
        all.filter_map(|path| self.graph.modules.get_key_value(path))
            .map(|(path, _)| &path[..])
            .collect()
    }

    /// Names of joined files. A file's name follows from its content and from that of all it loads
    /// later, because it has their names in it; what loads each other in circles is no trouble so.
    fn hashed_names(&self) -> BTreeMap<String, String> {
        let roots = self.graph.own_roots().filter(|root| !self.added(root).is_empty());
        let unnamed = |path: &str| match path.starts_with("src/") {
            true => path.to_owned(),
            false => self.url(path),
        };
        let contents: BTreeMap<&str, String> =
            roots.map(|root| (root, self.joined(root, &unnamed))).collect();
        let mut names = BTreeMap::new();
        for root in contents.keys() {
            let (mut seen, mut waiting) = (BTreeSet::new(), vec![*root]);
            while let Some(next) = waiting.pop() {
                if !seen.insert(next) {
                    continue;
                }
                let modules =
                    self.added(next).into_iter().filter_map(|it| self.graph.modules.get(it));
                waiting
                    .extend(modules.flat_map(Module::later).filter(|it| contents.contains_key(it)));
            }
            let all = std::iter::once(*root).chain(seen).filter_map(|it| contents.get(it));
            let stem = root.trim_start_matches("src/").trim_start_matches("pages/");
            let stem = stem.trim_end_matches(".js").replace('/', "-");
            let name = format!("joined/{stem}-{}.js", hash(all.map(String::as_bytes)));
            names.insert((*root).to_owned(), name);
        }
        names
    }

    /// The text of a joined file.
    fn joined(&self, root: &str, url: &dyn Fn(&str) -> String) -> String {
        let (mut vendored, mut body) = (BTreeSet::new(), String::new());
        for path in self.added(root) {
            let Some(module) = self.graph.modules.get(path) else { continue };
            let imports = module.imports.iter().map(|import| &import.from);
            vendored.extend(imports.filter(|from| from.starts_with("vendor/")));
            body += &format!("$joined['{path}']??=(()=>{{\n{}", imported(module));
            for piece in &module.code {
                match piece {
                    Piece::Code(code) => body += code,
                    Piece::Later(later) => body += &self.load(later, url),
                }
            }
            body += &format!("\nreturn{{{}}}}})()\n", module.exports.join(","));
        }
        let mut text = String::new();
        let behind = vendored.iter().filter_map(|path| self.facades.get(*path));
        let behind: BTreeSet<&String> = behind.flat_map(Facade::files).collect();
        let fetched = vendored.iter().filter(|path| !self.facades.contains_key(**path));
        for path in fetched.copied().chain(behind).collect::<BTreeSet<_>>() {
            text += &format!("import*as {} from'../{}'\n", vendor_name(path), url(path));
        }
        for path in vendored {
            if let Some(facade) = self.facades.get(path) {
                text += &format!("const {}={}\n", vendor_name(path), facade.object(vendor_name));
            }
        }
        text += REGISTRY;
        if body.contains("$load(") {
            text += LOAD;
        }
        text + &body
    }

    /// The expression for loading a module later.
    fn load(&self, path: &str, url: &dyn Fn(&str) -> String) -> String {
        let is_own = path.starts_with("src/");
        if is_own && self.added(path).is_empty() {
            return format!("Promise.resolve($joined['{path}'])");
        }
        let needs: Vec<String> = self.hints(path).iter().map(|it| format!("'../{it}'")).collect();
        let name = if is_own { format!(",'{path}'") } else { String::new() };
        format!("$load('../{}',[{}]{name})", url(path), needs.join(","))
    }

    /// What the pages need when there is no network, as a JSON array of addresses.
    fn offline(&self, outputs: &[Output]) -> String {
        let own = self.graph.own_roots().filter_map(|root| self.reaches.get(root));
        let vendored: BTreeSet<String> = own
            .flat_map(|reach| &reach.vendored)
            .filter(|path| !self.facades.contains_key(*path))
            .map(|path| self.url(path))
            .collect();
        let files = outputs.iter().map(|output| &output.path).filter(|path| {
            path.starts_with("joined/") || vendored.contains(*path) || is_copied(path)
        });
        let files: BTreeSet<String> = files
            .filter(|path| !path.ends_with(".txt"))
            .map(|path| format!("\"/{path}\""))
            .collect();
        format!("[{}]", files.into_iter().collect::<Vec<_>>().join(","))
    }
}

/// The first lines of a module's function: its imports as constants.
fn imported(module: &Module) -> String {
    let mut text = String::new();
    for import in &module.imports {
        let from = if import.from.starts_with("vendor/") {
            vendor_name(&import.from)
        } else {
            format!("$joined['{}']", import.from)
        };
        match &import.names {
            Names::None => {}
            Names::All(name) => text += &format!("const {name}={from}\n"),
            Names::Some(names) => {
                let names: Vec<String> = names
                    .iter()
                    .map(|(name, alias)| match name == alias {
                        true => name.clone(),
                        false => format!("{name}:{alias}"),
                    })
                    .collect();
                text += &format!("const{{{}}}={from}\n", names.join(","));
            }
        }
    }
    text
}

fn vendor_name(path: &str) -> String {
    let stem = path.trim_start_matches("vendor/").trim_end_matches(".js");
    format!("$vendor_{}", stem.replace(|ch: char| !ch.is_ascii_alphanumeric(), "_"))
}

/// A page that names its images by their content, so that one is fetched once and for all. They stay
/// where they are as well, for those who know no page.
fn with_images(html: &str, sources: &Sources, outputs: &mut Vec<Output>) -> String {
    let mut html = html.to_owned();
    for (path, body) in sources.iter().filter(|(path, _)| is_image(path)) {
        let named = format!("\"/{path}\"");
        let Some((stem, ending)) = path.rsplit_once('.') else { continue };
        if html.contains(&named) {
            let address = format!("joined/{stem}-{}.{ending}", hash([&body[..]]));
            html = html.replace(&named, &format!("\"/{address}\""));
            outputs.push(Output { path: address, body: body.clone(), immutable: true });
        }
    }
    html
}

/// A page's scripts that are no modules, each for itself.
fn classics(name: &str, links: &Links, sources: &Sources) -> Result<Vec<Output>, Problem> {
    let mut outputs = Vec::new();
    for path in &links.classics {
        let code = classic(path, &source_of(name, path, sources)?)?;
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".js");
        let address = format!("joined/{stem}-{}.js", hash([code.as_bytes()]));
        outputs.push(Output { path: address, body: code.into_bytes(), immutable: true });
    }
    Ok(outputs)
}

/// The code of a script that is no module.
fn classic(path: &str, source: &str) -> Result<String, Problem> {
    let module = Module::parse(path, source)?;
    match &module.code[..] {
        [Piece::Code(code)] if module.imports.is_empty() && module.exports.is_empty() => {
            Ok(code.clone())
        }
        _ => {
            let what = "this is no module to the browser, so it may neither import nor export";
            Err(Problem::at(path, 1, what))
        }
    }
}

fn source_of(page: &str, path: &str, sources: &Sources) -> Result<String, Problem> {
    let source = sources.get(path);
    let source = source.ok_or_else(|| Problem::at(page, 1, &format!("there is no {path}")))?;
    Ok(String::from_utf8_lossy(source).into_owned())
}

/// A name for this state of everything that is served.
fn release(outputs: &[Output], worker: &str) -> String {
    let all = outputs.iter().flat_map(|it| [it.path.as_bytes(), &it.body[..]]);
    hash(all.chain([worker.as_bytes()]))
}

/// A hash of some contents, for names and tags. It need not be the same in another build.
pub(crate) fn hash<'a>(contents: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = DefaultHasher::new();
    for content in contents {
        hasher.write_usize(content.len());
        hasher.write(content);
    }
    format!("{:016x}", hasher.finish())
}
