//! What becomes of modules and style sheets when the server is built.

use crate::http::web_app::{
    joined::{Output, Sources, join},
    joining::module::{Module, Piece},
};

fn sources(files: &[(&str, &str)]) -> Sources {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

/// A page that starts with `src/pages/home.js`, and some files.
fn joined(files: &[(&str, &str)]) -> Result<Vec<Output>, String> {
    let page = "<!-- words -->\n<script type=\"module\" src=\"/src/pages/home.js\"></script>\n";
    let mut all = sources(files);
    all.insert("index.html".to_owned(), page.as_bytes().to_vec());
    join(&all).map_err(|problem| problem.to_string())
}

fn text<'a>(outputs: &'a [Output], start: &str) -> (&'a str, &'a str) {
    let found = outputs.iter().find(|output| output.path.starts_with(start));
    let found = found.unwrap_or_else(|| panic!("no {start} in {outputs:?}"));
    (&found.path, std::str::from_utf8(&found.body).expect("text"))
}

fn squeezed(source: &str) -> String {
    let module = Module::parse("src/a.js", source).expect("allowed");
    let code = module.code.into_iter().map(|piece| match piece {
        Piece::Code(code) => code,
        Piece::Later(path) => format!("<{path}>"),
    });
    code.collect()
}

#[test]
fn only_comments_and_idle_space_are_left_out() {
    for (source, expected) in [
        ("// words\nf( 1 )  // more\n\n  g() /* end */\n", "\nf(1)\ng()"),
        ("const a = 'it // stays' + \"/* too */\"", "const a='it // stays'+\"/* too */\""),
        ("const a = 'quo\\'te // x'", "const a='quo\\'te // x'"),
        ("h`  a\n  // b ${ x /* c */ } d\n`  + 1", "h`  a\n  // b ${x} d\n`+1"),
        (
            "h`a ${ b.map(c => h`<i>${ c } // ${ {d: `}`}.d }</i>`) } // e`",
            "h`a ${b.map(c=>h`<i>${c} // ${{d:`}`}.d}</i>`)} // e`",
        ),
        (
            "h`\nexport const x = 1\nimport './y.js'\n`",
            "h`\nexport const x = 1\nimport './y.js'\n`",
        ),
        ("h`\\`\\${ ${1} $ {`", "h`\\`\\${ ${1} $ {`"),
        ("a.replace(/['\"`/]*\\/\\/ [/*]/g, b) // c", "a.replace(/['\"`/]*\\/\\/ [/*]/g,b)"),
        ("return /'/.test(x) ? 4 / 2 / 1 : /\"/", "return /'/.test(x)?4/2/1: /\"/"),
        ("(a) / 2 // b\n c++ / 2 + '//'", "(a)/2\nc++ /2+'//'"),
        ("x.return / 2 / 'a'", "x.return/2/'a'"),
        ("a + +b - -c", "a+ +b- -c"),
        ("1 .toFixed(2) . length", "1 .toFixed(2).length"),
        ("return /** @type {X} */ (a)", "return(a)"),
        ("a /*\n*/ b", "a\nb"),
        ("a\n[1]\n(2)\n{\n  b\n}\nc", "a\n[1]\n(2)\n{b}\nc"),
        (
            "x.import(1)\no = { import: 1, export: 2, export() {} }\no.export()",
            "x.import(1)\no={import:1,export:2,export(){}}\no.export()",
        ),
        ("const a = async () => await import( './b.js' )", "const a=async()=>await <src/b.js>"),
    ] {
        assert_eq!(squeezed(source), expected, "{source}");
    }
}

#[test]
fn a_module_becomes_a_function_of_what_it_imports() {
    let home = "// Home.\nimport {\n  a,\n  b as c, // words\n} from '../a.js'\n\
        import * as all from '../a.js'\nimport '../effects.js'\n\
        import { html as h } from '../../vendor/view.js'\nimport * as V from '../../vendor/view.js'\n\
        export async function start() { return [a, c, all, h, V] }\nexport class X {}\nexport {}\n";
    let outputs = joined(&[
        ("src/pages/home.js", home),
        ("src/a.js", "export const a = 1\nexport function* b() {}\n"),
        ("src/effects.js", "run()"),
        ("vendor/view.js", "export{html};"),
    ])
    .unwrap();
    let (view, _) = text(&outputs, "vendor/view-");
    let (name, file) = text(&outputs, "joined/home-");
    let expected = format!(
        "import*as $vendor_view from'../{view}'\n\
         const $joined=globalThis[Symbol.for('coscribe')]??={{}}\n\
         $joined['src/a.js']??=(()=>{{\nconst a=1\nfunction*b(){{}}\nreturn{{a,b}}}})()\n\
         $joined['src/effects.js']??=(()=>{{\nrun()\nreturn{{}}}})()\n\
         $joined['src/pages/home.js']??=(()=>{{\nconst{{a,b:c}}=$joined['src/a.js']\n\
         const all=$joined['src/a.js']\nconst{{html:h}}=$vendor_view\nconst V=$vendor_view\n\
         \nasync function start(){{return[a,c,all,h,V]}}\nclass X{{}}\nreturn{{start,X}}}})()\n"
    );
    assert_eq!(file, expected);
    let (_, page) = text(&outputs, "index.html");
    assert_eq!(
        page,
        format!(
            "<link rel=\"modulepreload\" href=\"/{view}\">\
             <script type=\"module\" src=\"/{name}\"></script>\n"
        )
    );
}

#[test]
fn what_is_loaded_later_brings_only_what_is_not_there() {
    let outputs = joined(&[
        ("src/pages/home.js", "import './both.js'\nexport const go = () => import('../rich.js')\n"),
        ("src/pages/both.js", "export const there = () => import('./both.js')\n"),
        ("src/rich.js", "import './pages/both.js'\nimport './own.js'\nimport '../vendor/rich.js'\nimport('./more.js')\n"),
        ("src/own.js", "import('../vendor/shared-Z.js')\n"),
        ("src/more.js", "import './own.js'\nimport '../vendor/rich.js'\nimport('./rich.js')"),
        ("vendor/rich.js", "import\"./shared-Z.js\";"),
        ("vendor/shared-Z.js", ""),
    ])
    .unwrap();
    let (vendored, _) = text(&outputs, "vendor/rich-");
    let (rich, rich_text) = text(&outputs, "joined/rich-");
    let (more, more_text) = text(&outputs, "joined/more-");
    let (_, home) = text(&outputs, "joined/home-");
    let call =
        format!("$load('../{rich}',['../{vendored}','../vendor/shared-Z.js'],'src/rich.js')");
    assert!(home.contains(&call), "{home}");
    assert!(home.contains("Promise.resolve($joined['src/pages/both.js'])"), "{home}");
    assert!(rich_text.contains("$joined['src/own.js']??="), "{rich_text}");
    assert!(!rich_text.contains("'src/pages/both.js']??="), "{rich_text}");
    assert!(rich_text.contains(&format!("$load('../{more}',[],'src/more.js')")), "{rich_text}");
    assert!(rich_text.contains("$load('../vendor/shared-Z.js',[])"), "{rich_text}");
    // Whoever loads this has loaded the other before.
    assert!(!more_text.contains("'src/own.js']??="), "{more_text}");
}

#[test]
fn a_vendored_file_that_only_passes_on_is_not_fetched() {
    let with = |core: &str| {
        joined(&[
            ("src/pages/home.js", "import { Y } from '../../vendor/core.js'\nrun(Y)\n"),
            ("vendor/core.js", core),
            ("vendor/shared-A.js", ""),
            ("vendor/shared-B.js", ""),
            ("sw.js", "__PRECACHE__"),
        ])
        .unwrap()
    };
    let outputs = with(
        "import{a}from\"./shared-A.js\";import{da as e,k as $}from\"./shared-B.js\";\
         import\"./shared-A.js\";export{e as Y,a,$ as d};\n",
    );
    let (_, home) = text(&outputs, "joined/home-");
    let start = "import*as $vendor_shared_A from'../vendor/shared-A.js'\n\
        import*as $vendor_shared_B from'../vendor/shared-B.js'\n\
        const $vendor_core={Y:$vendor_shared_B.da,a:$vendor_shared_A.a,d:$vendor_shared_B.k}\n";
    assert!(home.starts_with(start), "{home}");
    for file in ["index.html", "sw.js"] {
        assert!(!text(&outputs, file).1.contains("core"), "{outputs:?}");
    }
    for core in [
        "import{a as Y}from\"./shared-A.js\";Y();export{Y};",
        "import{a as Y}from\"./shared-A.js\";var b=1;export{Y,b};",
        "var Y=1;export{Y};",
    ] {
        let outputs = with(core);
        assert!(text(&outputs, "index.html").1.contains("vendor/core-"), "{core}");
    }
}

#[test]
fn names_follow_the_content_also_of_what_is_loaded_later() {
    let with = |later: &str| {
        let home = ("src/pages/home.js", "export const go = () => import('../later.js')\n");
        joined(&[home, ("src/later.js", later)]).unwrap()
    };
    let (one, same, other) = (with("a()"), with("a() // words"), with("b()"));
    assert_eq!(text(&one, "joined/home-"), text(&same, "joined/home-"));
    for start in ["joined/later-", "joined/home-"] {
        assert_ne!(text(&one, start).0, text(&other, start).0);
    }
}

#[test]
fn what_cannot_be_joined_is_told_with_file_and_line() {
    for (source, expected) in [
        ("\nexport default 1", "web/src/pages/home.js:2: modules may only have"),
        ("export let a = 1", "home.js:1: modules may only have"),
        ("export const { a } = b", "home.js:1: modules may only have"),
        ("export { a } from './b.js'", "home.js:1: modules may only have"),
        ("export { a }", "home.js:1: modules may only have"),
        ("export * from './b.js'", "home.js:1: modules may only have"),
        ("  export const a = 1", "home.js:1: modules may only have"),
        ("import a from './b.js'", "home.js:1: modules may only have"),
        ("import {} from './b.js' with { type: 'json' }", "home.js:1: modules may only have"),
        ("import.meta.url", "home.js:1: modules may only have"),
        ("\n\nimport(name)", "home.js:3: modules may only have"),
        ("import(`./b.js`)", "home.js:1: modules may only have"),
        ("import './b.ts'", "home.js:1: './b.ts' is no module"),
        ("import 'yjs'", "home.js:1: 'yjs' is no module"),
        ("import '../../test/b.js'", "home.js:1: '../../test/b.js' is no module"),
        ("import \"./b.js\"", "home.js:1: \"./b.js\" is no module"),
        ("import './gone.js'", "web/src/pages/gone.js:1: there is no such file"),
        ("const a = await b()", "home.js:1: a module may not wait"),
        ("\nimport { c } from './b.js'", "home.js:2: src/pages/b.js exports no c"),
        ("\nimport './circle.js'", "circle.js:1: src/pages/home.js imports this module already"),
        ("f(\n`${", "home.js:2: this $ is not closed"),
        ("f(\n'", "home.js:2: this string has no end"),
        ("a = /b\n", "home.js:1: this regular expression has no end"),
        ("f)", "home.js:1: this ) closes nothing"),
    ] {
        let found = joined(&[
            ("src/pages/home.js", source),
            ("src/pages/b.js", "export const b = 1"),
            ("src/pages/circle.js", "import './home.js'"),
        ]);
        let problem = found.expect_err(source);
        assert!(problem.contains(expected), "{source}: {problem}");
    }
}

#[test]
fn the_style_sheets_of_a_page_become_one() {
    let page = "<link rel=\"stylesheet\" href=\"/styles/a.css\">\n  <!-- x -->\n\
        <link rel=\"stylesheet\" href=\"/styles/b.css\">\n<body>\n";
    let with = |b: &str| {
        join(&sources(&[
            ("about.html", page),
            ("styles/a.css", "/* A.\n */\na {\n  color: red; /* so */\n}\n"),
            ("styles/b.css", b),
        ]))
        .map_err(|problem| problem.to_string())
    };
    let outputs = with("b { background: url(data:x) }\n").unwrap();
    let (name, css) = text(&outputs, "joined/about-");
    assert_eq!(css, "a {\ncolor: red;\n}\nb { background: url(data:x) }\n");
    let expected = format!("<link rel=\"stylesheet\" href=\"/{name}\">\n<body>\n");
    assert_eq!(text(&outputs, "about.html").1, expected);
    for wrong in ["\n@import '/c.css'", "/*\n*/ b { background: url('c.png') }"] {
        let problem = with(wrong).expect_err(wrong);
        assert!(problem.starts_with("web/styles/b.css:2: "), "{problem}");
    }
    assert!(with("/* b").expect_err("open").contains("web/styles/b.css:1: this comment"));
}

#[test]
fn a_style_sheet_for_later_stays_one_of_its_own() {
    let page = "<link rel=\"stylesheet\" href=\"/styles/a.css\">\n\
        <link rel=\"stylesheet\" href=\"/styles/later.css\" data-styles=\"later\" disabled>\n\
        <link rel=\"stylesheet\" href=\"/styles/b.css\">\n<body>\n";
    let files = [
        ("a.html", page),
        ("styles/a.css", "a {}"),
        ("styles/later.css", "/* Later. */ c {}"),
        ("styles/b.css", "b {}"),
        ("sw.js", "const FILES = __PRECACHE__\n"),
    ];
    let outputs = join(&sources(&files)).unwrap();
    let (page_style, css) = text(&outputs, "joined/a-");
    assert_eq!(css, "a {}\nb {}\n");
    let (later, css) = text(&outputs, "joined/later-");
    assert_eq!(css, "c {}\n");
    let expected = format!(
        "<link rel=\"stylesheet\" href=\"/{page_style}\">\n\
         <link rel=\"stylesheet\" href=\"/{later}\" data-styles=\"later\" disabled>\n<body>\n"
    );
    assert_eq!(text(&outputs, "a.html").1, expected);
    assert!(text(&outputs, "sw.js").1.contains(later));
}

#[test]
fn a_script_that_is_no_module_keeps_its_place() {
    let page = "<script src=\"/src/pages/first.js\"></script>\n\
        <link rel=\"stylesheet\" href=\"/styles/a.css\">\n\
        <script type=\"module\" src=\"/src/pages/home.js\"></script>\n";
    let with = |first: &str| {
        let home = ("src/pages/home.js", "a()");
        let styles = ("styles/a.css", "a {}");
        join(&sources(&[("a.html", page), ("src/pages/first.js", first), home, styles]))
    };
    let outputs = with("// First.\ntry { x() } catch {}\n").unwrap();
    let (first, body) = text(&outputs, "joined/first-");
    assert_eq!(body.trim(), "try{x()}catch{}");
    let (style, home) = (text(&outputs, "joined/a-").0, text(&outputs, "joined/home-").0);
    let expected = format!(
        "<script src=\"/{first}\"></script>\n<link rel=\"stylesheet\" href=\"/{style}\">\n\
         <script type=\"module\" src=\"/{home}\"></script>\n"
    );
    assert_eq!(text(&outputs, "a.html").1, expected);
    for wrong in ["export const a = 1", "import './home.js'", "import('./home.js')"] {
        let problem = with(wrong).expect_err(wrong).to_string();
        assert!(problem.contains("may neither import nor export"), "{problem}");
    }
}

#[test]
fn images_that_a_page_names_are_named_by_their_content() {
    let page = "<link rel=\"icon\" href=\"/icon.svg\"><img src=\"/icon.svg\">\n";
    let outputs = join(&sources(&[("a.html", page), ("icon.svg", "<svg/>")])).unwrap();
    let (icon, body) = text(&outputs, "joined/icon-");
    assert_eq!(text(&outputs, "a.html").1, page.replace("icon.svg", icon));
    assert_eq!((body, text(&outputs, "icon.svg").1), ("<svg/>", "<svg/>"));
}

#[test]
fn an_inline_script_is_refused() {
    for wrong in ["<script>x()</script>", "<script type=\"module\">x()</script>"] {
        let problem = join(&sources(&[("a.html", &format!("<p>\n{wrong}"))])).expect_err(wrong);
        assert!(problem.to_string().starts_with("web/a.html:2: a page may have"), "{problem}");
    }
}

#[test]
fn the_service_worker_gets_its_list_and_a_name_for_all_of_it() {
    let with = |home: &str| {
        joined(&[
            ("sw.js", "// __PRECACHE__\n__RELEASE__\n__PRECACHE__"),
            ("icon.svg", "<svg/>"),
            ("src/pages/home.js", home),
            ("vendor/view.js", ""),
            ("vendor/unused.js", ""),
            ("vendor/LICENSES.txt", ""),
        ])
        .unwrap()
    };
    let outputs = with("import '../../vendor/view.js'");
    let (home, view) = (text(&outputs, "joined/home-").0, text(&outputs, "vendor/view-").0);
    let (release, list) = text(&outputs, "sw.js").1.trim().split_once('\n').unwrap();
    assert_eq!(list, format!("[\"/icon.svg\",\"/{home}\",\"/{view}\"]"));
    let other = with("a()");
    assert_ne!(text(&other, "sw.js").1.trim().split_once('\n').unwrap().0, release);
}

#[test]
fn the_real_pages_can_be_joined() {
    let web = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let mut files = Sources::new();
    let mut waiting = vec![web.join("src"), web.join("styles"), web.join("vendor")];
    let single = web.read_dir().unwrap().map(|entry| entry.unwrap().path());
    waiting.extend(single.filter(|path| path.extension().is_some_and(|it| it == "html")));
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = path.strip_prefix(&web).unwrap().to_str().unwrap().to_owned();
        files.insert(name, std::fs::read(&path).unwrap());
    }
    let outputs = join(&files).unwrap_or_else(|problem| panic!("{problem}"));
    let scripts: Vec<Output> =
        outputs.into_iter().filter(|output| output.path.ends_with(".js")).collect();
    let page = scripts.iter().map(|output| String::from_utf8_lossy(&output.body));
    let document = { page }
        .find(|body| body.contains("$joined['src/pages/document.js']??="))
        .expect("the page's own module is joined");
    assert!(!document.contains("\nimport "), "an import is left");
    let rich = text(&scripts, "joined/editor-rich-index-").0;
    assert!(document.contains(&format!("$load('../{rich}',['../vendor/rich-")));
}

#[test]
fn a_worker_is_started_by_a_script_that_always_has_the_same_address() {
    let outputs = joined(&[
        ("src/pages/home.js", "import { a } from '../a.js'\na()\n"),
        ("src/a.js", "export const a = 1\n"),
        ("src/work/start.js", "import { a } from '../a.js'\nonmessage = a\n"),
        ("worker.js", "// Words.\nimport './src/work/start.js'\n"),
        ("sw.js", "__PRECACHE__"),
    ]);
    let outputs = outputs.expect("joined");
    let (start, code) = text(&outputs, "joined/work-start-");
    assert!(code.contains("$joined['src/a.js']"), "a worker has nothing of the page: {code}");
    assert_eq!(text(&outputs, "worker.js").1, format!("import'./{start}'\n"));
    assert!(text(&outputs, "sw.js").1.contains(start));
    for script in ["import './src/a.js'\nrun()", "run()", ""] {
        let problem = joined(&[("src/pages/home.js", ""), ("src/a.js", ""), ("worker.js", script)]);
        assert!(problem.is_err_and(|it| it.contains("imports one module")), "{script}");
    }
}
