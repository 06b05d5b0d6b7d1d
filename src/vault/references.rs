//! References: a secret given as `secret_coordinate::…` names a value in a store of the operator's. It
//! is kept as it was given and looked up each time a run needs it, so a secret that is changed there
//! needs no change here. Each store is open only as far as the operator says, because whoever may edit
//! a connector may use every reference. A refusal names the coordinate, never a value.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::configuration::{SecretValue, Secrets};
use super::store::{Fetch, Request};

/// What every reference begins with.
pub const PREFIX: &str = "secret_coordinate::";

/// The largest secret in a file, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coordinate {
    /// `env:NAME`, a variable of the server's environment.
    Environment(String),
    /// `file:PATH`, a file below the operator's directory.
    File(PathBuf),
    /// `vault:PATH#FIELD`, as in the HTTP API of a Vault: `vault:secret/data/warehouse#password`.
    Vault { path: String, field: String },
}

impl Coordinate {
    /// Whether a text is meant as a reference.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Reads a reference; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let coordinate = text.strip_prefix(PREFIX)?;
        Some(read(coordinate).ok_or_else(|| {
            format!(
                "is no reference to a secret; after {PREFIX} comes env:NAME, file:PATH or vault:PATH#FIELD"
            )
        }))
    }
}

fn read(coordinate: &str) -> Option<Coordinate> {
    let (store, rest) = coordinate.split_once(':')?;
    match store {
        "env" => {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name = (!rest.is_empty() && rest.chars().all(fits)).then(|| rest.to_owned())?;
            Some(Coordinate::Environment(name))
        }
        "file" => {
            let path = Path::new(rest);
            let plain =
                |part: Component<'_>| matches!(part, Component::Normal(_) | Component::RootDir);
            let names_a_file = path.file_name().is_some() && !rest.contains('\0');
            (names_a_file && path.components().all(plain))
                .then(|| Coordinate::File(path.to_owned()))
        }
        "vault" => {
            let (path, field) = rest.split_once('#')?;
            let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            let name = |part: &str| {
                !part.is_empty() && part.chars().any(|c| c != '.') && part.chars().all(fits)
            };
            (path.split('/').all(name) && !field.is_empty()).then(|| Coordinate::Vault {
                path: path.to_owned(),
                field: field.to_owned(),
            })
        }
        _ => None,
    }
}

impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Vault { path, field } => write!(f, "vault:{path}#{field}"),
        }
    }
}

/// How far each store is open.
#[derive(Debug, Clone, Default)]
pub struct Stores {
    /// The beginning of the variables that may be used; absent for none.
    pub environment: Option<String>,
    /// The directory whose files may be used.
    pub directory: Option<PathBuf>,
    /// Address and token of a Vault.
    pub vault: Option<VaultStore>,
}

/// A Vault-compatible store.
#[derive(Clone)]
pub struct VaultStore {
    /// Without a slash at its end.
    pub address: String,
    pub token: String,
}

impl fmt::Debug for VaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultStore({})", self.address)
    }
}

/// Looks references up.
#[derive(Debug, Clone)]
pub struct Resolver {
    pub stores: Stores,
    /// Reads a variable of the environment.
    pub variable: fn(&str) -> Option<String>,
    pub fetch: Fetch,
}

/// Why a reference was not resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The field, as a JSON pointer into the configuration.
    pub field: String,
    /// For the person who configured it.
    pub why: String,
}

impl Resolver {
    /// The secrets as a run needs them: every reference replaced by what it names.
    ///
    /// # Errors
    /// Each reference that cannot be resolved.
    pub async fn resolve(&self, secrets: Secrets) -> Result<Secrets, Vec<Unresolved>> {
        let mut resolved = Secrets::new();
        let mut unresolved = Vec::new();
        for (field, secret) in secrets {
            match self.value(&secret).await {
                Ok(value) => drop(resolved.insert(field, value.unwrap_or(secret))),
                Err(why) => unresolved.push(Unresolved { field, why }),
            }
        }
        if unresolved.is_empty() {
            Ok(resolved)
        } else {
            Err(unresolved)
        }
    }

    /// What a secret refers to, if it does.
    async fn value(&self, secret: &SecretValue) -> Result<Option<SecretValue>, String> {
        let Some(coordinate) = secret.reference().and_then(Coordinate::parse) else {
            return Ok(None);
        };
        let coordinate = coordinate?;
        let found = match &coordinate {
            Coordinate::Environment(name) => self.of_environment(name),
            Coordinate::File(path) => self.of_file(path.clone()).await,
            Coordinate::Vault { path, field } => self.of_vault(path, field).await,
        };
        match found {
            Ok(value) => Ok(Some(SecretValue::new(value))),
            Err(why) => Err(format!("the reference {coordinate} {why}")),
        }
    }

    fn of_environment(&self, name: &str) -> Result<Value, String> {
        let Some(prefix) = &self.stores.environment else {
            return Err("is not allowed: vault.references_env is empty".to_owned());
        };
        if !name.starts_with(prefix.as_str()) {
            return Err(format!(
                "is not allowed: the names of variables must begin with {prefix}"
            ));
        }
        let value = (self.variable)(name);
        value
            .map(Value::from)
            .ok_or_else(|| "names a variable that is not set".to_owned())
    }

    async fn of_file(&self, path: PathBuf) -> Result<Value, String> {
        let Some(directory) = self.stores.directory.clone() else {
            return Err("is not allowed: vault.references_dir is empty".to_owned());
        };
        let read = tokio::task::spawn_blocking(move || file(&directory, &path));
        let read = read.await.map_err(|_| "could not be read".to_owned())?;
        read.map(Value::from)
    }

    async fn of_vault(&self, path: &str, field: &str) -> Result<Value, String> {
        let Some(store) = &self.stores.vault else {
            return Err("is not allowed: vault.store_address is empty".to_owned());
        };
        let request = Request {
            url: format!("{}/v1/{path}", store.address),
            token: store.token.clone(),
        };
        let reply = self.fetch.get(request).await?;
        match reply.status {
            200 => {}
            401 | 403 => {
                return Err("is refused by the store: the token may not read it".to_owned());
            }
            404 => return Err("is not known to the store".to_owned()),
            status => return Err(format!("was answered with status {status} by the store")),
        }
        let body: Value = serde_json::from_slice(&reply.body)
            .map_err(|_| "was answered by the store with something other than JSON".to_owned())?;
        // The second version of the key-value store wraps the values once more, beside metadata.
        let wrapped = body
            .pointer("/data/metadata")
            .and(body.pointer("/data/data"));
        let values = wrapped.or_else(|| body.get("data"));
        match values.and_then(|values| values.get(field)) {
            Some(Value::Null) | None => {
                Err("names a field that the store does not have".to_owned())
            }
            Some(value) => Ok(value.clone()),
        }
    }
}

/// The text of a file below a directory, without the line's end. Neither `..` nor a link leads out.
fn file(directory: &Path, path: &Path) -> Result<String, String> {
    let outside = || {
        format!(
            "is not allowed: files must be below {}",
            directory.display()
        )
    };
    let unreadable = |error: std::io::Error| format!("could not be read: {}", error.kind());
    let allowed = directory.canonicalize().map_err(|error| {
        format!(
            "could not be read: {}: {}",
            directory.display(),
            error.kind()
        )
    })?;
    // Said of files outside before looking at them, so that nobody learns which exist.
    if path.is_absolute() && !path.starts_with(directory) && !path.starts_with(&allowed) {
        return Err(outside());
    }
    let found = directory.join(path).canonicalize().map_err(unreadable)?;
    if !found.starts_with(&allowed) {
        return Err(outside());
    }
    let about = found.metadata().map_err(unreadable)?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(format!("names no file of {LARGEST} bytes or less"));
    }
    let text = std::fs::read_to_string(found).map_err(unreadable)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests;
