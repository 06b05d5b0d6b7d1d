//! The choices and the catalog of a connection after a change that it follows.

use super::{Changes, choice, on_offer};
use crate::domain::stream::{StreamChoice, SyncMode};
use crate::ops::choices::{choose, halves, paths};
use crate::protocol::catalog::{
    self, Catalog, ConfiguredCatalog, ConfiguredStream, DestinationSyncMode, Stream,
};

/// How far a connection follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Following {
    /// Fields of the streams that it has.
    Fields,
    /// New and removed streams, too.
    Everything,
}

/// The choices and the catalog that follow the changes, none of which is breaking.
///
/// # Errors
/// Why that cannot be.
pub fn follow(
    configured: &ConfiguredCatalog,
    choices: &[StreamChoice],
    offer: &Catalog,
    written: &[DestinationSyncMode],
    changes: &Changes,
    following: Following,
) -> Result<(Vec<StreamChoice>, ConfiguredCatalog), String> {
    let (mut choices, mut catalog) = (choices.to_vec(), configured.clone());
    for (name, _) in &changes.fields {
        let Some(offered) = on_offer(offer, name) else {
            continue;
        };
        let place = catalog
            .streams
            .iter_mut()
            .find(|one| one.stream.descriptor() == *name);
        let Some(place) = place else { continue };
        let known = choices
            .iter()
            .position(|one| choice(&choices, name).is_some_and(|own| std::ptr::eq(own, one)));
        let mut wish = known.map_or_else(|| wish(place), |index| choices[index].clone());
        prune(&mut wish, offered)?;
        *place = configure(offered, &wish, written)?;
        if let Some(index) = known {
            choices[index].selected_fields = wish.selected_fields;
        }
    }
    if following == Following::Everything {
        for name in &changes.removed {
            let own = choice(&choices, name).cloned();
            choices.retain(|one| Some(one) != own.as_ref());
            catalog
                .streams
                .retain(|one| one.stream.descriptor() != *name);
        }
        for name in &changes.added {
            let Some(offered) = on_offer(offer, name) else {
                continue;
            };
            let wish = usual(offered, written);
            catalog.streams.push(configure(offered, &wish, written)?);
            choices.push(wish);
        }
        if catalog.streams.is_empty() {
            return Err(
                "the source offers none of the streams of the connection any more".to_owned(),
            );
        }
    }
    Ok((choices, catalog))
}

/// Selected columns that are gone are not selected any more.
fn prune(wish: &mut StreamChoice, offered: &Stream) -> Result<(), String> {
    if offered.source_defined_cursor == Some(true) {
        // The source knows best.
        wish.cursor_field.clear();
    }
    if wish.selected_fields.is_empty() {
        return Ok(());
    }
    let known = paths(&offered.json_schema);
    wish.selected_fields
        .retain(|field| known.contains(&field.field_path));
    if wish.selected_fields.is_empty() {
        // None selected would mean all of them.
        return Err(format!(
            "{}: none of the selected columns is left",
            wish.name
        ));
    }
    Ok(())
}

fn configure(
    offered: &Stream,
    wish: &StreamChoice,
    written: &[DestinationSyncMode],
) -> Result<ConfiguredStream, String> {
    let alone = Catalog {
        streams: vec![offered.clone()],
    };
    let mut catalog = choose(&alone, std::slice::from_ref(wish), written).map_err(|faults| {
        let sentences: Vec<_> = faults.into_iter().map(|fault| fault.message).collect();
        sentences.join("; ")
    })?;
    catalog
        .streams
        .pop()
        .ok_or_else(|| format!("{}: there is nothing of it", wish.name))
}

/// The choice that leads to a configured stream.
fn wish(one: &ConfiguredStream) -> StreamChoice {
    let wanted = (one.sync_mode, one.destination_sync_mode);
    StreamChoice {
        sync_mode: MODES.into_iter().find(|mode| halves(*mode) == wanted),
        cursor_field: one.cursor_field.clone(),
        primary_key: one.primary_key.clone(),
        ..StreamChoice::named(&one.stream.name, one.stream.namespace.clone())
    }
}

const MODES: [SyncMode; 9] = [
    SyncMode::FullRefreshOverwrite,
    SyncMode::FullRefreshOverwriteDeduped,
    SyncMode::FullRefreshAppend,
    SyncMode::FullRefreshUpdate,
    SyncMode::FullRefreshSoftDelete,
    SyncMode::IncrementalAppend,
    SyncMode::IncrementalDedupedHistory,
    SyncMode::IncrementalUpdate,
    SyncMode::IncrementalSoftDelete,
];

/// How a new stream is taken when nobody says.
fn usual(offered: &Stream, written: &[DestinationSyncMode]) -> StreamChoice {
    let reads = |mode| offered.supported_sync_modes.contains(&mode);
    let own_cursor = offered.source_defined_cursor == Some(true);
    let own_key = offered
        .source_defined_primary_key
        .as_ref()
        .is_some_and(|key| !key.is_empty());
    let incremental = own_cursor && reads(catalog::SyncMode::Incremental);
    let mode = if incremental && own_key && written.contains(&DestinationSyncMode::AppendDedup) {
        SyncMode::IncrementalDedupedHistory
    } else if incremental && !reads(catalog::SyncMode::FullRefresh) {
        SyncMode::IncrementalAppend
    } else {
        SyncMode::FullRefreshOverwrite
    };
    StreamChoice {
        sync_mode: Some(mode),
        ..StreamChoice::named(&offered.name, offered.namespace.clone())
    }
}
