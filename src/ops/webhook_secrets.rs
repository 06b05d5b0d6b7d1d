//! The secrets that webhooks are signed with, one for each workspace, made when it is first needed. After a
//! rotation the former one signs too, for a day, so that a receiver can change over when it suits them.
//!
//! The scheme is that of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, in `webhook-signature`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::secrets;
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::EditSomething;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::ids::WorkspaceId;
use crate::error::{Error, Noun, Result};
use crate::store::db::{Exec, Writer};
use crate::store::subjects;
use crate::vault::configuration::{SecretValue, Secrets};

/// Where it stands among the secrets of its workspace.
const FIELD: &str = "/webhooks";

/// What every secret begins with.
const PREFIX: &str = "whsec_";

/// How long the former one signs.
const GRACE: TimeDelta = TimeDelta::days(1);

/// What signs the webhooks of a workspace.
#[derive(Clone, Serialize, Deserialize)]
pub struct Signer {
    secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    former: Option<Former>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Former {
    secret: String,
    until: Timestamp,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

impl Signer {
    fn new(app: &App, former: Option<Former>) -> Self {
        let secret = format!("{PREFIX}{}", STANDARD.encode(app.clock.random::<32>()));
        Self { secret, former }
    }

    /// For whoever checks signatures.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.secret
    }

    /// Until when the former one is good, too.
    #[must_use]
    pub fn former_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.former.as_ref().map(|former| former.until);
        until.filter(|until| *until > now)
    }

    /// The value of the header `webhook-signature`.
    #[must_use]
    pub fn sign(&self, id: uuid::Uuid, at: Timestamp, body: &str) -> String {
        let text = format!("{id}.{}.{body}", at.timestamp());
        let former = self.former.iter().filter(|former| former.until > at);
        let all = std::iter::once(&self.secret).chain(former.map(|former| &former.secret));
        let signatures: Vec<_> = all.map(|secret| signature(secret, &text)).collect();
        signatures.join(" ")
    }
}

fn signature(secret: &str, text: &str) -> String {
    let encoded = secret.strip_prefix(PREFIX).unwrap_or(secret);
    // What cannot be decoded was never made here.
    let key = STANDARD.decode(encoded).unwrap_or_default();
    let mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
    let tag = mac.chain_update(text).finalize().into_bytes();
    format!("v1,{}", STANDARD.encode(tag))
}

/// What signs the webhooks of a workspace that somebody sends to.
pub(super) async fn signer(app: &App, workspace: WorkspaceId) -> Result<Signer> {
    if let Some(known) = stored(app, &mut app.db.read().await?, workspace).await? {
        return Ok(known);
    }
    let mut db = app.db.write().await?;
    subjects::hold_workspace(&mut db, workspace).await?;
    let signer = match stored(app, &mut db, workspace).await? {
        Some(known) => known,
        None => keep(app, &mut db, workspace, Signer::new(app, None)).await?,
    };
    db.commit_aside().await?;
    Ok(signer)
}

/// Shows the secret of a workspace.
///
/// # Errors
/// As the door says.
pub async fn show(app: &App, caller: &Caller, id: WorkspaceId) -> Result<Signer> {
    doors::workspace::<EditSomething>(&mut app.db.read().await?, caller, id).await?;
    signer(app, id).await
}

/// Puts a new secret in the place of the one that is there, which is good for another day.
///
/// # Errors
/// As the door says.
pub async fn rotate(app: &App, caller: &Caller, id: WorkspaceId) -> Result<Signer> {
    let mut db = app.db.write().await?;
    doors::workspace::<EditSomething>(&mut db, caller, id).await?;
    if !subjects::hold_workspace(&mut db, id).await? {
        return Err(Error::not_found(Noun::Workspace, id));
    }
    let former = stored(app, &mut db, id).await?.map(|known| Former {
        secret: known.secret,
        until: app.clock.now() + GRACE,
    });
    let signer = keep(app, &mut db, id, Signer::new(app, former)).await?;
    db.commit().await?;
    Ok(signer)
}

async fn stored(app: &App, db: &mut dyn Exec, workspace: WorkspaceId) -> Result<Option<Signer>> {
    let secrets = secrets::open(app, db, workspace.into()).await?;
    let found = secrets.get(FIELD).map(|secret| secret.reveal().clone());
    found
        .map(|value| {
            serde_json::from_value(value).map_err(|_| Error::internal("a signer that is none"))
        })
        .transpose()
}

async fn keep(
    app: &App,
    db: &mut Writer,
    workspace: WorkspaceId,
    signer: Signer,
) -> Result<Signer> {
    let value = serde_json::to_value(&signer).map_err(Error::internal)?;
    let secrets = Secrets::from([(FIELD.to_owned(), SecretValue::new(value))]);
    secrets::put(app, db, workspace.into(), &secrets).await?;
    Ok(signer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn a_signature_is_what_other_programs_compute() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let text = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        assert_eq!(
            signature(secret, text),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
