//! Which documents a token or an app speaks of, and how far: exact names and beginnings of names.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};

use crate::{identity::Access, ids::DocumentName, limits::GRANTS};

/// Access by name. `notes` is that document; `team/*` is every document whose name begins with
/// `team/`; `*` is every document. The most precise entry decides, so that `{"*": "edit",
/// "private/*": "none"}` means what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    exact: BTreeMap<Box<str>, Access>,
    /// The longest first.
    beginnings: Vec<(Box<str>, Access)>,
}

impl Grants {
    /// The same for every document.
    #[must_use]
    pub fn everything(access: Access) -> Self {
        Self { exact: BTreeMap::new(), beginnings: vec![("".into(), access)] }
    }

    /// Access to what each pattern stands for.
    #[must_use]
    pub fn new<'a>(entries: impl IntoIterator<Item = (&'a str, Access)>) -> Self {
        let mut grants = Self::default();
        for (pattern, access) in entries {
            match pattern.strip_suffix('*') {
                Some(beginning) => grants.beginnings.push((beginning.into(), access)),
                None => drop(grants.exact.insert(pattern.into(), access)),
            }
        }
        grants.beginnings.sort_by_key(|(beginning, _)| std::cmp::Reverse(beginning.len()));
        grants
    }

    /// How far they go for a document.
    #[must_use]
    pub fn access(&self, document: &DocumentName) -> Access {
        let name = document.as_str();
        let beginning =
            || self.beginnings.iter().find(|(beginning, _)| name.starts_with(&**beginning));
        let exact = self.exact.get(name);
        exact.or_else(|| beginning().map(|(_, access)| access)).copied().unwrap_or(Access::None)
    }

    /// Whether they speak of no document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.beginnings.is_empty()
    }
}

impl<'de> Deserialize<'de> for Grants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = BTreeMap::<String, Access>::deserialize(deserializer)?;
        if entries.len() > GRANTS {
            return Err(D::Error::custom(format!("at most {GRANTS} documents can be named")));
        }
        Ok(Self::new(entries.iter().map(|(pattern, access)| (&pattern[..], *access))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(grants: &str, name: &str) -> Access {
        let grants: Grants = serde_json::from_str(grants).unwrap();
        grants.access(&DocumentName::new(name).unwrap())
    }

    #[test]
    fn a_name_is_that_document_and_no_other() {
        let grants = r#"{"notes": "edit", "a/b": "view"}"#;
        assert_eq!(access(grants, "notes"), Access::Edit);
        for other in ["Notes", "notes2", "note", "notes ", "a", "a/b/c", "a/", "*"] {
            assert_eq!(access(grants, other), Access::None, "{other}");
        }
    }

    #[test]
    fn a_bounded_number_of_names_is_spoken_of() {
        let grants = |count: usize| {
            let names: Vec<_> = (0..count).map(|name| format!(r#""{name}": "view""#)).collect();
            serde_json::from_str::<Grants>(&format!("{{{}}}", names.join(",")))
        };
        assert!(grants(GRANTS).is_ok());
        let refused = grants(GRANTS + 1).unwrap_err().to_string();
        assert!(refused.contains(&GRANTS.to_string()), "{refused}");
    }

    #[test]
    fn a_star_at_the_end_stands_for_the_rest_and_nowhere_else() {
        let grants = r#"{"team/*": "comment", "a*b": "owner"}"#;
        assert_eq!(access(grants, "team/x/y"), Access::Comment);
        assert_eq!(access(grants, "team/"), Access::Comment);
        assert_eq!(access(grants, "team/*"), Access::Comment);
        assert_eq!(access(grants, "a*b"), Access::Owner);
        for other in ["team", "teams/x", "axb", "ab"] {
            assert_eq!(access(grants, other), Access::None, "{other}");
        }
    }

    #[test]
    fn the_most_precise_entry_decides_also_downwards() {
        let grants = r#"{"*": "edit", "private/*": "none", "private/mine": "owner"}"#;
        assert_eq!(access(grants, "x"), Access::Edit);
        assert_eq!(access(grants, "private/x"), Access::None);
        assert_eq!(access(grants, "private/mine"), Access::Owner);
        assert_eq!(access("{}", "x"), Access::None);
    }

    #[test]
    fn a_role_that_does_not_exist_is_no_role() {
        for grants in [r#"{"x": "admin"}"#, r#"{"x": true}"#, r#"{"x": "Edit"}"#, r#"["x"]"#] {
            assert!(serde_json::from_str::<Grants>(grants).is_err(), "{grants}");
        }
    }
}
