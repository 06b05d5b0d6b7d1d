//! Configurations between what somebody sends, what is stored and what a connector is given. The secrets
//! go their own way (`vault`); the tag that names the connector stays with us.

use serde_json::Value;

use super::secrets;
use crate::app::App;
use crate::domain::actor::{self, Actor};
use crate::domain::definition::Kind;
use crate::error::{Error, Fault, Result, Rule};
use crate::protocol::message::Specification;
use crate::store::db::{Exec, Writer};
use crate::vault::configuration::{Secrets, Split, Stored, join, split, validate};

/// A configuration that fits its specification, ready to be stored.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    /// With masks in the places of secrets.
    pub(super) shown: Value,
    pub(super) secrets: Secrets,
    pub(super) fingerprint: Vec<u8>,
}

/// A configuration as it is stored, opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) shown: Value,
    pub(super) secrets: Secrets,
}

impl Opened {
    pub(super) fn stored(&self) -> Stored<'_> {
        Stored {
            shown: &self.shown,
            secrets: &self.secrets,
        }
    }
}

/// Opens what is stored of a source or destination, as the row says that is at hand.
pub(super) async fn open(app: &App, db: &mut dyn Exec, row: &Actor) -> Result<Opened> {
    Ok(Opened {
        shown: serde_json::from_str(&row.configuration).map_err(Error::internal)?,
        secrets: secrets::open(app, db, row.id.into()).await?,
    })
}

/// Takes the secrets out of a whole configuration and holds it against the specification.
///
/// # Errors
/// [`Error::Invalid`] with every fault there is.
pub(super) fn prepare(
    app: &App,
    kind: Kind,
    specification: &Specification,
    given: Value,
    stored: Option<Stored<'_>>,
) -> Result<Prepared> {
    let schema = &specification.connection_specification;
    let fitting = |whole: Value| validate(schema, &actor::without_tag(kind, whole));
    match split(schema, given.clone(), stored) {
        Ok(split) => {
            let faults = fitting(join(&split.shown, &split.secrets));
            if faults.is_empty() {
                Ok(prepared(app, kind, split))
            } else {
                Err(unfit(faults))
            }
        }
        Err(mut faults) => {
            let others = fitting(given).into_iter();
            let new: Vec<_> = others
                .filter(|other| faults.iter().all(|fault| fault.pointer != other.pointer))
                .collect();
            faults.extend(new);
            Err(unfit(faults))
        }
    }
}

/// Makes ready what was split already.
pub(super) fn prepared(app: &App, kind: Kind, split: Split) -> Prepared {
    let whole = actor::without_tag(kind, join(&split.shown, &split.secrets));
    Prepared {
        fingerprint: app.vault.fingerprint(&whole).to_vec(),
        shown: split.shown,
        secrets: split.secrets,
    }
}

fn unfit(faults: Vec<Fault>) -> Error {
    Error::Invalid {
        rule: Rule::Configuration,
        faults,
    }
}

impl Prepared {
    /// Puts this into a row, and the secrets where they belong.
    pub(super) async fn keep(&self, app: &App, db: &mut Writer, row: &mut Actor) -> Result<()> {
        row.configuration = self.shown.to_string();
        row.fingerprint.clone_from(&self.fingerprint);
        secrets::put(app, db, row.id.into(), &self.secrets).await
    }
}
