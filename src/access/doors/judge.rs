//! What all doors have in common: how a caller who asks for a thing is judged.

use std::fmt::Display;
use std::sync::Arc;

use crate::access::caller::{Caller, Standing};
use crate::access::policy::{Abilities, Ability, Level};
use crate::domain::audit;
use crate::domain::ids::OrganizationId;
use crate::error::{Error, Noun, Result};
use crate::store::db::Exec;
use crate::store::standings;

/// What a caller sees of a thing that exists or existed.
pub(super) struct Sight {
    pub(super) abilities: Abilities,
    /// Whose audit log tells of changes to it.
    pub(super) organization: Option<OrganizationId>,
    pub(super) gone: bool,
}

/// What is asked for, and what it takes.
pub(super) struct Wish<Id> {
    pub(super) what: Noun,
    pub(super) id: Id,
    /// To see that it is there.
    pub(super) see: Ability,
    /// To do what is to be done, and the role that is named to whoever lacks it.
    pub(super) need: (Ability, &'static str),
}

impl<Id> Wish<Id> {
    /// Something in a workspace, or one itself, for what level `L` allows.
    pub(super) fn in_workspace<L: Level>(what: Noun, id: Id) -> Self {
        Self {
            what,
            id,
            see: Ability::Read,
            need: (L::ABILITY, L::ROLES.1),
        }
    }

    /// Something of an organization, or one itself, for what level `L` allows.
    pub(super) fn on_organization<L: Level>(what: Noun, id: Id) -> Self {
        Self {
            what,
            id,
            see: Ability::Belong,
            need: (L::ABILITY, L::ROLES.0),
        }
    }
}

/// What was found, if the caller may have it.
pub(super) async fn admit<T, Id: Display>(
    db: &mut dyn Exec,
    caller: &Caller,
    found: Option<T>,
    view: impl Fn(&Caller, &T) -> Sight,
    wish: Wish<Id>,
) -> Result<T> {
    let judge = |caller: &Caller| {
        let sight = found.as_ref().map(|thing| view(caller, thing));
        weigh(caller, sight, &wish)
    };
    admitted(db, caller, judge).await?;
    found.ok_or_else(|| Error::not_found(wish.what, wish.id))
}

fn weigh<Id: Display>(caller: &Caller, sight: Option<Sight>, wish: &Wish<Id>) -> Result<()> {
    let Wish {
        what,
        id,
        see,
        need: (ability, role),
    } = wish;
    match sight {
        None if caller.is_instance_admin() => Err(Error::not_found(*what, id)),
        Some(sight) if !sight.abilities.include(*see) => Err(Error::out_of_sight(*what)),
        None => Err(Error::out_of_sight(*what)),
        Some(sight) if sight.gone => Err(Error::not_found(*what, id)),
        Some(sight) if sight.abilities.include(*ability) => {
            if !matches!(ability, Ability::Belong | Ability::Read) {
                audit::regards(what, id, sight.organization);
            }
            Ok(())
        }
        Some(_) => Err(Error::forbidden(format!("this needs the role {role}"))),
    }
}

/// Asks once with the standing at hand and, before a refusal, once with the standing of this moment.
pub(super) async fn admitted(
    db: &mut dyn Exec,
    caller: &Caller,
    judge: impl Fn(&Caller) -> Result<()>,
) -> Result<()> {
    match judge(caller) {
        Err(Error::Forbidden(_)) => {}
        answer => return answer,
    }
    let grants = standings::grants(db, caller.id()).await?;
    judge(&Caller::new(Arc::new(Standing::new(
        caller.user().clone(),
        &grants,
    ))))
}
