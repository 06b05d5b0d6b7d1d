//! Bringing newly loaded rows into a table that has one row for each key.

use super::columns::Columns;
use super::table::Table;
use crate::connector::native::interface::Fault;
use crate::connector::native::postgres::quoted;
use crate::connector::native::postgres::session::Session;
use crate::protocol::catalog::ConfiguredStream;

/// When the source has deleted a row.
const DELETED_AT: &str = "_ab_cdc_deleted_at";

/// What makes two rows the same, and which of them is newer. Names are quoted.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) key: Vec<String>,
    pub(super) cursor: Option<String>,
    /// The column that is not NULL in rows that have to go.
    deleted: Option<String>,
    columns: String,
}

impl Keys {
    pub(super) fn of(
        configured: &ConfiguredStream,
        columns: &Columns,
        hard_deletes: bool,
    ) -> Result<Self, Fault> {
        if configured.primary_key.is_empty() {
            let message = "deduplication needs a primary key";
            return Err(Fault::configuration(message));
        }
        let key: Result<_, _> = configured
            .primary_key
            .iter()
            .map(|path| columns.at(path))
            .collect();
        let cursor = Some(&configured.cursor_field).filter(|path| !path.is_empty());
        let deleted = columns.place(DELETED_AT, 0).filter(|_| hard_deletes);
        Ok(Self {
            key: key?,
            cursor: cursor.map(|path| columns.at(path)).transpose()?,
            deleted: deleted.map(|place| quoted(&columns.fields()[place].name)),
            columns: columns.list(),
        })
    }

    /// The newest row of each key. Of rows that are equally new, the one that came last.
    fn newest(&self, loaded: &Table) -> String {
        let (key, columns) = (self.key.join(", "), &self.columns);
        let cursor = self.cursor.as_ref();
        let cursor = cursor
            .map(|cursor| format!("{cursor} DESC NULLS LAST, "))
            .unwrap_or_default();
        format!(
            "SELECT DISTINCT ON ({key}) {columns} FROM {loaded} ORDER BY {key}, {cursor}\
             _airbyte_extracted_at DESC, _airbyte_raw_id COLLATE \"C\" DESC"
        )
    }

    /// Fills an empty table with the newest rows.
    pub(super) fn fill(
        &self,
        session: &mut Session,
        into: &Table,
        loaded: &Table,
    ) -> Result<(), Fault> {
        let (columns, newest) = (&self.columns, self.newest(loaded));
        let kept = self.kept("newest.");
        session.run(&format!(
            "INSERT INTO {into} ({columns}) SELECT {columns} FROM ({newest}) AS newest WHERE {kept}"
        ))
    }

    /// Merges what was loaded, and drops it: at once or not at all.
    pub(super) fn merge(
        &self,
        session: &mut Session,
        into: &Table,
        loaded: &Table,
    ) -> Result<(), Fault> {
        let (columns, newest) = (&self.columns, self.newest(loaded));
        let null = self
            .key
            .iter()
            .map(|key| format!("{key} IS NULL"))
            .collect::<Vec<_>>();
        let nulls = format!("SELECT 1 FROM {loaded} WHERE {} LIMIT 1", null.join(" OR "));
        let has_nulls = !session.rows::<(i32,)>(&nulls, &[])?.is_empty();
        // Equality can use an index, and does not find NULL.
        let equals = if has_nulls {
            "IS NOT DISTINCT FROM"
        } else {
            "="
        };
        let same = self
            .key
            .iter()
            .map(|key| format!("old.{key} {equals} newest.{key}"));
        let same = same.collect::<Vec<_>>().join(" AND ");
        let (newer, kept) = (self.newer(), self.kept("newest."));
        session.run(&format!(
            "BEGIN; CREATE TEMPORARY TABLE ferrobyte_newest ON COMMIT DROP AS {newest}; \
             ANALYZE ferrobyte_newest; \
             DELETE FROM {into} AS old USING ferrobyte_newest AS newest WHERE {same} AND ({newer}); \
             INSERT INTO {into} ({columns}) SELECT {columns} FROM ferrobyte_newest AS newest \
             WHERE {kept} AND NOT EXISTS (SELECT 1 FROM {into} AS old WHERE {same}); \
             DROP TABLE {loaded}; COMMIT"
        ))
    }

    fn newer(&self) -> String {
        let later = "newest._airbyte_extracted_at > old._airbyte_extracted_at";
        match &self.cursor {
            None => later.to_owned(),
            Some(cursor) => format!(
                "newest.{cursor} > old.{cursor} OR (newest.{cursor} IS NOT NULL AND old.{cursor} IS NULL) \
                 OR (newest.{cursor} IS NOT DISTINCT FROM old.{cursor} AND {later})"
            ),
        }
    }

    fn kept(&self, of: &str) -> String {
        let deleted = self.deleted.as_ref();
        deleted.map_or_else(
            || "TRUE".to_owned(),
            |deleted| format!("{of}{deleted} IS NULL"),
        )
    }
}
