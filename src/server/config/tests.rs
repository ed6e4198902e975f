//! What settings mean, and how mistakes in them are told.

use std::time::Duration;

use super::*;
use crate::{
    limits::{WEBHOOK_NAME_LETTERS, WEBHOOK_SECRET_BYTES, WEBHOOK_TARGETS},
    webhooks::{Form, Kinds},
};

fn written(
    flags: &[(&'static str, &str)],
    environment: &[(&str, &str)],
    file: Option<&str>,
) -> Written {
    let mut all: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (name, value) in flags {
        all.entry(name).or_default().push((*value).to_owned());
    }
    Written {
        flags: all.into_iter().collect(),
        environment: environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        file: file.map(|text| ("coscribe.toml".into(), text.to_owned())),
    }
}

fn understood(
    flags: &[(&'static str, &str)],
    environment: &[(&str, &str)],
    file: Option<&str>,
) -> Result<Config, String> {
    Config::understand(&written(flags, environment, file)).map_err(|error| error.to_string())
}

#[test]
fn without_anything_written_it_listens_on_loopback_and_keeps_documents() {
    let config = understood(&[], &[], None).unwrap();
    assert_eq!(config.listen, ["127.0.0.1:8080".parse().unwrap()]);
    assert_eq!(config.data, Data::Directory("data/store".into()));
    assert_eq!(config.guard, Guard::default());
    assert!(config.warnings.is_empty());
}

#[test]
fn a_flag_beats_a_variable_which_beats_the_file() {
    let file = Some("data = 'file'\nunload-after = '1s'\nmax-connections = 1_000");
    let variables = [("COSCRIBE_DATA", "variable"), ("COSCRIBE_UNLOAD_AFTER", "2s")];
    let config = understood(&[("data", "flag")], &variables, file).unwrap();
    assert_eq!(config.data, Data::Directory("flag".into()));
    assert_eq!(config.limits.unload_after, Duration::from_secs(2));
    assert_eq!(config.limits.connections, 1000);
}

#[test]
fn a_base_is_a_plain_path_that_no_address_of_the_server_begins_with() {
    for (text, base) in [("/docs", "/docs"), ("/team/docs/", "/team/docs"), ("/", "")] {
        assert_eq!(understood(&[("base", text)], &[], None).unwrap().base.as_str(), base);
    }
    for text in ["docs", "/a b", "https://example.org/docs", "/api", "/d/docs", "/y-sweet"] {
        let error = understood(&[("base", text)], &[], None).unwrap_err();
        assert!(error.contains("--base: ") && error.contains("/docs"), "{error}");
    }
}

#[test]
fn an_empty_variable_is_not_set() {
    let config = understood(&[], &[("COSCRIBE_DATA", "")], Some("data = 'file'")).unwrap();
    assert_eq!(config.data, Data::Directory("file".into()));
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    let file = "listen = '127.0.0.1:99999'\n\nlisten-on = 5\nlog = 'loud'\nopen = 'maybe'\n";
    let error = understood(
        &[("max-document-size", "big"), ("tls-cert", "cert.pem")],
        &[("COSCRIBE_UNLOAD_AFTER", "60")],
        Some(file),
    )
    .unwrap_err();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines[0], "the configuration has mistakes:");
    assert_eq!(lines.len(), 8, "{error}");
    for expected in [
        "coscribe.toml line 1, `listen`: `127.0.0.1:99999` is not an address",
        "coscribe.toml line 3, `listen-on`: there is no such setting; did you mean `listen`?",
        "coscribe.toml line 4, `log`: `loud` is not a level",
        "coscribe.toml line 5, `open`: `maybe` is neither true nor false",
        "--max-document-size: `big` is not a size",
        "--tls-cert: TLS needs --tls-key as well",
        "COSCRIBE_UNLOAD_AFTER: `60` is not a duration",
    ] {
        assert!(
            lines.iter().any(|line| line.trim_start().starts_with(expected)),
            "{expected}\n{error}"
        );
    }
}

#[test]
fn a_broken_file_is_told_with_the_line() {
    let error = understood(&[], &[], Some("data = 'x'\nlisten = [\n")).unwrap_err();
    assert!(error.contains("coscribe.toml line "), "{error}");
    let error = understood(&[], &[], Some("[server]\nport = 1")).unwrap_err();
    assert!(error.contains("`server`: there is no such setting"), "{error}");
    let error = understood(&[], &[], Some("data = { a = 1 }")).unwrap_err();
    assert!(error.contains("`data`: write a text"), "{error}");
}

#[test]
fn listening_beyond_this_machine_must_be_meant() {
    for address in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80"] {
        let error = understood(&[("listen", address)], &[], None).unwrap_err();
        assert!(error.contains("--open"), "{error}");
        assert!(understood(&[("listen", address), ("open", "true")], &[], None).is_ok());
        assert!(understood(&[("listen", address)], &[("COSCRIBE_OPEN", "1")], None).is_ok());
    }
    let mixed = [("listen", "127.0.0.1:1"), ("listen", "192.0.2.1:1")];
    assert!(understood(&mixed, &[], None).unwrap_err().contains("192.0.2.1:1"));
}

#[test]
fn addresses_read_as_people_write_them() {
    let listen = |text| {
        let config = understood(&[("listen", text)], &[], None).unwrap();
        config.listen.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(listen("9000"), ["127.0.0.1:9000"]);
    assert_eq!(listen(":9000"), ["127.0.0.1:9000"]);
    assert_eq!(listen("127.0.0.2"), ["127.0.0.2:8080"]);
    assert_eq!(listen("[::1]"), ["[::1]:8080"]);
    assert_eq!(listen("localhost:1"), ["127.0.0.1:1", "[::1]:1"]);
    assert_eq!(listen("127.0.0.1:1, [::1]:2"), ["127.0.0.1:1", "[::1]:2"]);
    let config = understood(&[], &[], Some("listen = ['127.0.0.1:1', '[::1]:2']")).unwrap();
    assert_eq!(config.listen.len(), 2);
    assert!(understood(&[("listen", "example.com:80")], &[], None).is_err());
}

#[test]
fn memory_contradicts_a_directory_written_in_the_same_place() {
    let file = Some("data = 'docs'");
    let config = understood(&[("memory", "true")], &[], file).unwrap();
    assert_eq!(config.data, Data::Memory);
    let error = understood(&[("memory", "true"), ("data", "docs")], &[], None).unwrap_err();
    assert!(error.contains("--memory: keeps nothing, so --data has no use"), "{error}");
}

#[test]
fn a_larger_document_may_arrive_in_one_message() {
    let config = understood(&[("max-document-size", "100MiB")], &[], None).unwrap();
    assert_eq!(config.limits.document_bytes, 100 << 20);
    assert_eq!(config.limits.message_bytes, 100 << 20);
    let small = understood(&[("max-document-size", "64KiB")], &[], None).unwrap();
    assert_eq!(small.limits.update_bytes, 64 << 10);
}

#[test]
fn variables_that_only_look_like_ours_are_noted() {
    let variables =
        [("COSCRIBE_PORT", "tcp://10.0.0.1:80"), ("COSCRIBE_CONFIG", "x"), ("PATH", "/")];
    let config = understood(&[], &variables, None).unwrap();
    assert_eq!(config.warnings, ["ignored the variable COSCRIBE_PORT: there is no such setting"]);
}

#[test]
fn a_web_directory_must_have_pages() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    assert!(understood(&[("web-dir", path)], &[], None).unwrap_err().contains("index.html"));
    std::fs::write(dir.path().join("index.html"), "home").unwrap();
    assert!(understood(&[("web-dir", path)], &[], None).is_ok());
}

#[test]
fn who_says_who_may_needs_no_open_to_listen_elsewhere() {
    let elsewhere = ("listen", "0.0.0.0:80");
    let secret = ("auth-secret", "a secret of at least thirty-two bytes");
    let error = understood(&[elsewhere], &[], None).unwrap_err();
    assert!(error.contains("--auth-secret"), "{error}");
    for (name, value) in [secret, ("auth-key", "RS256@1:app.pem"), ("auth-url", "http://app/x")] {
        let config = understood(&[elsewhere, (name, value)], &[], None).unwrap();
        assert!(config.rights.is_set(), "{name}");
        assert!(!format!("{config:?}").contains("thirty-two"));
    }
    assert!(!understood(&[], &[], None).unwrap().rights.is_set());
}

#[test]
fn settings_about_rights_that_do_nothing_or_contradict_are_mistakes() {
    let secret = ("auth-secret", "a secret of at least thirty-two bytes");
    for (flags, words) in [
        (&[secret, ("open", "true")][..], "drop one"),
        (&[("auth-role", "edit")], "--auth-role: has no use without --auth-secret"),
        (&[("auth-url", "http://app/x"), ("auth-cookie", "s")], "--auth-cookie: has no use"),
        (&[secret, ("auth-recheck", "5s")], "--auth-recheck: has no use without --auth-url"),
        (&[("sign-in-url", "/in?next={url}")], "--sign-in-url: has no use where everybody"),
        (&[secret, ("sign-in-url", "https://app.example/in")], "next={url}"),
        (&[secret, ("auth-role", "admin")], "none of none, view"),
        (&[("auth-key", "none:app.pem")], "none of HS256, RS256 and EdDSA"),
        (&[("auth-key", "app.pem")], "write it like RS256"),
        (&[("auth-url", "app/x")], "write it like http://localhost"),
        (&[("auth-url", "http://app/x"), ("auth-recheck", "1h")], "between 1s and 1m"),
    ] {
        let error = understood(flags, &[], None).unwrap_err();
        assert!(error.contains(words), "{flags:?}: {error}");
    }
}

const RECEIVERS: &str = "
[[webhook]]
name = 'search'
url = 'http://search:4000/index'
secret = 'a-secret-that-is-long-enough'
events = ['changed', 'deleted']
content = 'text'
debounce = '10s'

[[webhook]]
url = 'https://audit.example/'
secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
";

#[test]
fn receivers_of_webhooks_are_tables_or_one_of_flags_and_variables() {
    let flags = [("webhook-url", "http://localhost:1/"), ("webhook-content", "update")];
    let secret = [("COSCRIBE_WEBHOOK_SECRET", "a-new-secret-for-it, an-old-secret-for-it")];
    let webhooks = understood(&flags, &secret, Some(RECEIVERS)).unwrap().webhooks;
    let urls: Vec<_> = webhooks.iter().map(|it| it.url.to_string()).collect();
    assert_eq!(urls, ["http://localhost:1/", "http://search:4000/index", "https://audit.example/"]);
    let [first, search, audit] = &webhooks[..] else { panic!("three") };
    assert_eq!(first.target.signer.sign("a", 1, b"").split(' ').count(), 2);
    assert_eq!(first.target.content, Some(Form::Update));
    assert_eq!((search.target.name.as_str(), search.target.content), ("search", Some(Form::Text)));
    assert_eq!(format!("{:?}", search.target.kinds), "[Changed, Deleted]");
    assert_eq!(search.target.debounce, Duration::from_secs(10));
    assert_eq!((audit.target.kinds, audit.target.content), (Kinds::ALL, None));
    assert_ne!(first.target.name, audit.target.name, "made from the address");
}

#[test]
fn mistakes_about_webhooks_are_told_with_their_places() {
    let mistaken = |flags: &[(&'static str, &str)], file| understood(flags, &[], file).unwrap_err();
    let secret = "a-secret-that-is-long-enough";
    assert!(
        mistaken(&[("webhook-url", "http://x/")], None)
            .contains("--webhook-url: a receiver needs a secret")
    );
    assert!(
        mistaken(&[("webhook-secret", secret)], None)
            .contains("--webhook-secret: has no use without")
    );
    let error = mistaken(&[("webhook-url", "http://x/"), ("webhook-secret", "short")], None);
    let least = format!("needs at least {WEBHOOK_SECRET_BYTES} bytes");
    assert!(error.contains(&least) && !error.contains("short"), "{error}");
    let file = "[[webhook]]\nurl = 'x'\nsecrets = 'y'\n[[webhook]]\nevents = 'loud'";
    let error = mistaken(&[], Some(file));
    for told in [
        "line 2, `url`: `x` is not an address",
        "line 3, `secrets`: there is no such setting; did you mean `secret`?",
        "line 5, `events`: there is no event `loud`; there are created, changed",
        "a receiver needs a url",
    ] {
        assert!(error.contains(told), "{told} in {error}");
    }
    let receiver = |name: &str| {
        format!("[[webhook]]\nname = '{name}'\nurl = 'http://x/'\nsecret = '{secret}'\n")
    };
    let several = |count: usize| (0..count).map(|it| receiver(&it.to_string())).collect::<String>();
    let named = |letters: usize| receiver(&"n".repeat(letters));
    for (most, more, told) in [
        (several(WEBHOOK_TARGETS), several(WEBHOOK_TARGETS + 1), "at most 8 receivers"),
        (named(WEBHOOK_NAME_LETTERS), named(WEBHOOK_NAME_LETTERS + 1), "use up to 32 letters"),
    ] {
        assert!(understood(&[], &[], Some(&most)).is_ok());
        let mistake = understood(&[], &[], Some(&more)).unwrap_err();
        assert!(mistake.contains(told), "{mistake}");
    }
    assert!(mistaken(&[], Some("webhook = 'x'")).contains("begins with [[webhook]]"));
    let twice = format!(
        "{RECEIVERS}\n[[webhook]]\nname = 'search'\nurl = 'http://x/'\nsecret = '{secret}'"
    );
    assert!(mistaken(&[], Some(&twice)).contains("the same name"));
}

#[test]
fn a_collector_has_an_address_and_is_told_now_and_then() {
    assert_eq!(understood(&[], &[], None).unwrap().otlp, None);
    let of = |endpoint, more: &[(&'static str, &str)]| {
        let flags = [&[("otlp-endpoint", endpoint)], more].concat();
        understood(&flags, &[], None).map(|it| it.otlp.unwrap())
    };
    let usual = of("http://otel:4318", &[]).unwrap();
    assert_eq!(usual.url.to_string(), "http://otel:4318/v1/metrics");
    assert_eq!(usual.every, Duration::from_secs(60));
    let often = of("https://otel/a/", &[("otlp-interval", "5s")]).unwrap();
    assert_eq!(often.url.to_string(), "https://otel/a/v1/metrics");
    assert_eq!(often.every, Duration::from_secs(5));
    let error = of("otel:4318", &[("otlp-interval", "10ms")]).unwrap_err();
    for told in ["`otel:4318` is not an address", "it must be between 1s and 1h"] {
        assert!(error.contains(told), "{told} in {error}");
    }
    let alone = understood(&[("otlp-interval", "5s")], &[], None).unwrap_err();
    assert!(alone.contains("name it with --otlp-endpoint"), "{alone}");
}
