//! `coscribe token`: makes a token for trying things out, as the user's app would make one.

use std::{fs, io::Write, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value};

use crate::{
    auth::{Grants, token::SigningKey},
    clock::{Clock, SystemClock},
    server::config,
};

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct TokenArguments {
    /// What it allows: a document's name, or the beginning of names and `*`, and a role (none,
    /// view, comment, edit, owner). May be given several times.
    #[arg(value_name = "DOCUMENT=ROLE", required_unless_present = "admin")]
    documents: Vec<String>,

    /// That its bearer runs the server: may see its numbers, send people away, say what is logged.
    #[arg(long)]
    admin: bool,

    /// The key to sign with: a secret, or a private key in PEM (PKCS #8)
    /// [default: the secret in COSCRIBE_AUTH_SECRET].
    #[arg(short, long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// The key's id (kid), if the server knows it by one.
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,

    /// Whom it is for: a stable id.
    #[arg(short, long, value_name = "ID")]
    user: Option<String>,

    /// The name that others see.
    #[arg(short, long, value_name = "NAME")]
    name: Option<String>,

    /// The audience (aud) that the server expects.
    #[arg(short, long, value_name = "NAME")]
    audience: Option<String>,

    /// How long it lasts, as in 15m, 8h, 30d.
    #[arg(short, long, value_name = "TIME", default_value = "1h")]
    expires: String,
}

const AFTER_HELP: &str = "\
Whoever has a token may do what it says until it expires. Your app makes one for each of its users;
docs/rights.md says how.

Examples:
  COSCRIBE_AUTH_SECRET=… coscribe token notes=edit --user u1 --name Ada
  coscribe token '*=owner' --key private.pem --expires 5m";

/// Writes a token.
pub(super) fn token(arguments: &TokenArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let documents = match documents(&arguments.documents) {
        Ok(documents) => documents,
        Err(mistake) => return super::not_understood(&mistake),
    };
    let lasts = match config::duration(&arguments.expires) {
        Ok(lasts) => lasts,
        Err(mistake) => return super::not_understood(&mistake),
    };
    let key = signing_key(arguments)?;
    let expires = Duration::from_millis(SystemClock::new().now().0).saturating_add(lasts);
    let mut claims = Map::new();
    claims.insert("documents".to_owned(), Value::Object(documents));
    claims.insert("exp".to_owned(), expires.as_secs().into());
    if arguments.admin {
        claims.insert("admin".to_owned(), true.into());
    }
    let said = [("sub", &arguments.user), ("name", &arguments.name), ("aud", &arguments.audience)];
    for (claim, value) in said {
        if let Some(value) = value {
            claims.insert(claim.to_owned(), value.clone().into());
        }
    }
    let token = key.sign(arguments.key_id.as_deref(), &claims).context("cannot sign")?;
    super::write_out(out, format!("{token}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn signing_key(arguments: &TokenArguments) -> anyhow::Result<SigningKey> {
    if let Some(path) = &arguments.key {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let key = SigningKey::new(&bytes);
        return key.with_context(|| format!("cannot sign with {}", path.display()));
    }
    let Some(secret) = config::secret_of_environment() else {
        bail!("there is nothing to sign with; give --key or COSCRIBE_AUTH_SECRET");
    };
    SigningKey::new(secret.expose().as_bytes()).context("cannot sign with COSCRIBE_AUTH_SECRET")
}

fn documents(pairs: &[String]) -> Result<Map<String, Value>, String> {
    let mut documents = Map::new();
    for pair in pairs {
        let (name, role) = pair
            .rsplit_once('=')
            .ok_or_else(|| format!("`{pair}` says no role; write it like notes=edit"))?;
        documents.insert(name.to_owned(), role.into());
        let grants: Result<Grants, _> = serde_json::from_value(documents.clone().into());
        if grants.is_err() {
            return Err(format!("`{role}` is none of none, view, comment, edit and owner"));
        }
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::{
            keys::{Algorithm, Key},
            token::check,
        },
        identity::Access,
        ids::DocumentName,
    };

    fn made(documents: &[&str], key: &std::path::Path) -> (ExitCode, String) {
        let arguments = TokenArguments {
            documents: documents.iter().map(|it| (*it).to_owned()).collect(),
            admin: false,
            key: Some(key.to_owned()),
            key_id: None,
            user: Some("u1".into()),
            name: Some("Ada".into()),
            audience: None,
            expires: "15m".into(),
        };
        let mut out = Vec::new();
        let code = token(&arguments, &mut out).unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_token_is_one_that_the_server_believes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let secret = "a secret of at least thirty-two bytes";
        fs::write(&path, format!("{secret}\n")).unwrap();
        let (code, text) = made(&["notes=edit", "a=b/*=view"], &path);
        assert_eq!(code, ExitCode::SUCCESS);
        let keys = [Key::new(Algorithm::Hs256, None, secret.as_bytes()).unwrap()];
        let claims = check(text.trim(), &keys, &[], SystemClock::new().now()).unwrap();
        let access =
            |name| claims.grants.as_ref().unwrap().access(&DocumentName::new(name).unwrap());
        assert_eq!((access("notes"), access("a=b/c")), (Access::Edit, Access::View));
        assert_eq!(claims.user.as_ref().unwrap().name.as_ref(), "Ada");
        for wrong in ["notes", "notes=admin"] {
            assert_eq!(made(&[wrong], &path), (ExitCode::from(crate::cli::USAGE), String::new()));
        }
    }
}
