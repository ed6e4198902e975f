//! `/api/v1/openapi.json`: what the API promises, for programs that make clients of it. A test holds
//! it and the routes together.

use warp::{
    http::{HeaderValue, header::CONTENT_TYPE},
    reply::Response,
};

/// The promise.
const CONTRACT: &str = include_str!("openapi.json");

pub(super) fn answer() -> Response {
    let mut response = Response::new(CONTRACT.into());
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use warp::http::Method;

    use super::{
        super::{rights::Action, route::Path},
        CONTRACT,
    };

    const METHODS: [&str; 7] = ["get", "head", "put", "post", "patch", "delete", "options"];

    fn paths() -> Vec<(String, Value)> {
        let contract: Value = serde_json::from_str(CONTRACT).unwrap();
        let paths = contract["paths"].as_object().unwrap();
        paths.iter().map(|(path, operations)| (path.clone(), operations.clone())).collect()
    }

    /// An address that the template stands for.
    fn sample(template: &str) -> String {
        let id = if template.contains("connections") { "1.0" } else { "0123456789abcdef" };
        let filled = template.replace("{name}", "a%2Fb").replace("{format}", "md");
        filled.replace("{id}", id).replace("{seq}", "1").replace("{alias}", "b")
    }

    fn needed(action: Action) -> Option<&'static str> {
        match action {
            Action::Use | Action::List | Action::Ask => None,
            Action::Read => Some("view"),
            Action::Create | Action::Edit | Action::Recall => Some("edit"),
            Action::Manage => Some("owner"),
            Action::Operate => Some("admin"),
        }
    }

    #[test]
    fn what_the_contract_promises_is_routed_and_asks_for_the_role_it_says() {
        for (template, operations) in paths() {
            let path = Path::parse(&sample(&template)).unwrap();
            assert_eq!(path.template(), template);
            for method in METHODS.into_iter().filter(|method| *method != "head") {
                let routed = path.route(&method.to_uppercase().parse::<Method>().unwrap());
                let promised = operations.get(method);
                assert_eq!(routed.is_ok(), promised.is_some(), "{method} {template}");
                if let (Ok(route), Some(promised)) = (routed, promised) {
                    let role = promised["x-coscribe-needs"].as_str();
                    assert_eq!(role, needed(route.action()), "{method} {template}");
                }
            }
        }
    }

    #[test]
    fn every_route_is_promised() {
        // The function names every variant, or it would not compile.
        let source = include_str!("route.rs");
        let (_, function) = source.split_once("fn template(").unwrap();
        let (function, _) = function.split_once("/// What a method").unwrap();
        let known: BTreeSet<_> = function.split('"').filter(|it| it.starts_with("/api")).collect();
        let paths = paths();
        let promised: BTreeSet<_> = paths.iter().map(|(path, _)| &path[..]).collect();
        assert_eq!(known, promised);
    }

    #[test]
    fn what_the_contract_refers_to_is_there() {
        fn check(value: &Value, all: &Value) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(target)) = map.get("$ref") {
                        let target = target.strip_prefix('#').unwrap();
                        assert!(all.pointer(target).is_some(), "{target}");
                    }
                    map.values().for_each(|value| check(value, all));
                }
                Value::Array(values) => values.iter().for_each(|value| check(value, all)),
                _ => {}
            }
        }
        let contract: Value = serde_json::from_str(CONTRACT).unwrap();
        check(&contract, &contract);
    }
}
