//! Creating and changing tags.

use crate::access::granted::Granted;
use crate::access::policy::EditSomething;
use crate::clock::Clock;
use crate::domain::audit;
use crate::domain::ids::TagId;
use crate::domain::tag::{Color, LONGEST_NAME, MOST, NotATagName, Tag, TagName};
use crate::domain::workspace::Workspace;
use crate::error::{Error, Fault, Noun, Result, Rule};
use crate::store::db::Writer;
use crate::store::{tags, workspaces};

/// Adds a tag to a workspace.
///
/// # Errors
/// [`Error::Invalid`] for an unusable name or colour and when the workspace has as many tags as it can
/// have, [`Error::Taken`] when it has one of this name.
pub async fn create(
    db: &mut Writer,
    clock: &Clock,
    home: &Granted<Workspace, EditSomething>,
    name: String,
    color: String,
) -> Result<Tag> {
    let (name, color) = (named(name)?, colored(color)?);
    let gone = || Error::not_found(Noun::Workspace, home.id);
    workspaces::hold(db, home).await?.ok_or_else(gone)?;
    if tags::count(db, home).await? >= MOST {
        let why = format!("the workspace has {MOST} tags, which is as many as it can have");
        return Err(broken(Rule::TagLimit, "/workspaceId", why));
    }
    let id: TagId = clock.new_id().into();
    if !tags::insert(db, home, (id, &name, &color), clock.now()).await? {
        return Err(taken(&name.into()));
    }
    audit::made(&Noun::Tag, &id);
    Ok(Tag {
        id,
        workspace_id: home.id,
        name: name.into(),
        color: color.into(),
    })
}

/// Changes what is given.
///
/// # Errors
/// [`Error::Invalid`] for an unusable name or colour, [`Error::Taken`] when another tag of the
/// workspace has the name.
pub async fn update(
    db: &mut Writer,
    tag: &Granted<Tag, EditSomething>,
    name: Option<String>,
    color: Option<String>,
) -> Result<Tag> {
    let name = name.map(named).transpose()?;
    let color = color.map(colored).transpose()?;
    if let Some(name) = &name {
        workspaces::hold_of_tag(db, tag).await?;
        let other = tags::named(db, tag, name).await?;
        if other.is_some_and(|other| other != tag.id) {
            return Err(taken(&name.clone().into()));
        }
    }
    let changed = tags::update(db, tag, name.as_ref(), color.as_ref()).await?;
    changed.ok_or_else(|| Error::not_found(Noun::Tag, tag.id))
}

fn named(name: String) -> Result<TagName> {
    TagName::try_from(name).map_err(|why| match why {
        NotATagName::TooLong => {
            let why = format!("must not be longer than {LONGEST_NAME} characters");
            broken(Rule::TagName, "/name", why)
        }
        NotATagName::NotAName(why) => Error::invalid("/name", why),
    })
}

fn colored(color: String) -> Result<Color> {
    Color::try_from(color).map_err(|why| broken(Rule::TagColor, "/color", why))
}

fn broken(rule: Rule, pointer: &str, why: impl Into<String>) -> Error {
    Error::Invalid {
        rule,
        faults: vec![Fault::in_body(pointer, why)],
    }
}

fn taken(name: &String) -> Error {
    Error::taken(
        Noun::Tag,
        format!("the workspace has a tag called {name:?} already"),
    )
}
