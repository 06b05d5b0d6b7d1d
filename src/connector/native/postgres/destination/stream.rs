//! The way of one stream: where its rows are loaded, and how they come to their place at the end. The
//! table in section 7 of the protocol's notes says which stream goes which way.

use std::sync::Arc;

use super::columns::Columns;
use super::configuration::Configuration;
use super::merge::Keys;
use super::names::{self, clean, marked};
use super::row::Rows;
use super::table::{Content, Table, make_schema};
use crate::connector::native::interface::Fault;
use crate::connector::native::postgres::quoted;
use crate::connector::native::postgres::session::Session;
use crate::protocol::catalog::{ConfiguredStream, DestinationSyncMode, StreamDescriptor};

/// What is known of a stream, and where its rows go.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) descriptor: StreamDescriptor,
    pub(super) columns: Columns,
    pub(super) rows: Rows,
    /// The table that users see.
    real: Table,
    /// The one beside it, for rows that are not in their place yet.
    beside: Table,
    keys: Option<Keys>,
    cursor: Option<String>,
    earlier: Earlier,
    generation: Option<i64>,
    cascade: &'static str,
    /// Whether rows are loaded beside. Known once it is prepared.
    is_beside: bool,
}

/// What becomes of the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Earlier {
    Stay,
    /// They go once the stream is complete.
    Go,
}

/// The tables of all streams, no two the same.
pub(super) fn tables(configured: &[ConfiguredStream], configuration: &Configuration) -> Vec<Table> {
    let names = configured.iter().map(|stream| {
        let descriptor = stream.stream.descriptor();
        let space = descriptor.space().unwrap_or(&configuration.schema);
        if configuration.raw {
            let name = names::raw(space, &descriptor.name);
            (configuration.internal_schema.clone(), name)
        } else {
            (space.to_owned(), descriptor.name.clone())
        }
    });
    let names: Vec<_> = names.collect();
    let plain = names.iter().map(|(schema, name)| Table {
        schema: clean(schema),
        name: clean(name),
    });
    let tables: Vec<_> = plain.collect();
    let collides = |table: &Table| tables.iter().filter(|other| *other == table).count() > 1;
    let told_apart =
        configured
            .iter()
            .zip(&names)
            .zip(&tables)
            .map(|((stream, (schema, name)), table)| {
                let unchanged =
                    table.schema == *schema && table.name == *name && !configuration.raw;
                if !collides(table) || unchanged {
                    return table.clone();
                }
                let descriptor = stream.stream.descriptor();
                let space = descriptor.space().unwrap_or(&configuration.schema);
                Table {
                    name: marked(&table.name, &format!("{space}\0{}", descriptor.name)),
                    ..table.clone()
                }
            });
    told_apart.collect()
}

impl Stream {
    pub(super) fn new(
        configured: &ConfiguredStream,
        real: Table,
        configuration: &Configuration,
    ) -> Result<Self, Fault> {
        let columns = if configuration.raw {
            Columns::raw()
        } else {
            Columns::of(configured)
        };
        let (overwrites, dedups) = match configured.destination_sync_mode {
            DestinationSyncMode::Append => (false, false),
            DestinationSyncMode::Overwrite => (true, false),
            DestinationSyncMode::AppendDedup => (false, true),
            DestinationSyncMode::OverwriteDedup => (true, true),
            DestinationSyncMode::Update | DestinationSyncMode::SoftDelete => {
                let message = "the modes are append, overwrite, append_dedup and overwrite_dedup";
                return Err(Fault::configuration(message));
            }
        };
        let generation = configured.generation_id;
        let earlier = match configured.minimum_generation_id {
            // Who gives no generations, as old servers do, means the mode alone.
            None if overwrites => Earlier::Go,
            None | Some(0) => Earlier::Stay,
            minimum if minimum == generation => Earlier::Go,
            Some(_) => {
                let message =
                    "the minimum generation is neither 0 nor the generation of the stream";
                return Err(Fault::system(message));
            }
        };
        // Raw records are all kept: whoever types them picks the newest.
        let dedups = dedups && !configuration.raw;
        let keys = dedups.then(|| Keys::of(configured, &columns, configuration.hard_deletes));
        let keys = keys.transpose()?;
        Ok(Self {
            descriptor: configured.stream.descriptor(),
            rows: Rows::new(configured.sync_id, generation.unwrap_or(0)),
            beside: Table {
                schema: clean(&configuration.internal_schema),
                name: marked(&real.name, &format!("{real} beside")),
            },
            cursor: keys.as_ref().and_then(|keys| keys.cursor.clone()),
            cascade: if configuration.drop_cascade {
                " CASCADE"
            } else {
                ""
            },
            columns,
            real,
            keys,
            earlier,
            generation,
            is_beside: false,
        })
    }

    pub(super) fn real(&self) -> &Table {
        &self.real
    }

    /// Makes everything ready for the first row.
    pub(super) fn prepare(&mut self, session: &mut Session) -> Result<(), Fault> {
        make_schema(session, &self.real.schema)?;
        if self.real.schema != self.beside.schema {
            make_schema(session, &self.beside.schema)?;
        }
        let left = self.beside.content(session)?;
        self.is_beside = match (self.earlier, &self.keys) {
            (Earlier::Stay, Some(_)) => true,
            (Earlier::Stay, None) => {
                self.real.bring_up(session, &self.columns, self.cascade)?;
                if left.is_some() {
                    self.take_over(session)?;
                }
                false
            }
            (Earlier::Go, keys) => {
                let useful = left.as_ref().is_some_and(|left| self.is_new(left));
                if left.is_some() && !useful {
                    self.beside.drop(session)?;
                }
                // Rows of this generation may be there already, from an attempt before.
                let real = self.real.content(session)?;
                useful || keys.is_some() || !real.is_none_or(|real| self.is_same(&real))
            }
        };
        let table = if self.is_beside {
            &self.beside
        } else {
            &self.real
        };
        table.bring_up(session, &self.columns, self.cascade)
    }

    /// The statement that loads rows.
    pub(super) fn copy(&self) -> Arc<str> {
        let table = if self.is_beside {
            &self.beside
        } else {
            &self.real
        };
        format!("COPY {table} ({}) FROM STDIN", self.columns.list()).into()
    }

    /// Brings the rows to their place; `complete` when this is all of them.
    pub(super) fn finish(&self, session: &mut Session, complete: bool) -> Result<(), Fault> {
        match (&self.keys, self.earlier) {
            (_, Earlier::Go) if self.is_beside && !complete => return Ok(()),
            (None, _) if self.is_beside => self.put_in_place(session, &self.beside, &[])?,
            (None, _) => {}
            (Some(keys), Earlier::Stay) => self.merge(session, keys)?,
            (Some(keys), Earlier::Go) => {
                let real = self.real.content(session)?;
                if real.is_none_or(|real| self.is_same(&real)) {
                    self.merge(session, keys)?;
                } else {
                    self.replace(session, keys)?;
                }
            }
        }
        self.real.index(session, "_airbyte_extracted_at")?;
        if let Some(keys) = &self.keys {
            self.real.index(session, &keys.key.join(", "))?;
        }
        if let Some(cursor) = &self.cursor {
            self.real.index(session, cursor)?;
        }
        Ok(())
    }

    fn merge(&self, session: &mut Session, keys: &Keys) -> Result<(), Fault> {
        self.real.bring_up(session, &self.columns, self.cascade)?;
        keys.merge(session, &self.real, &self.beside)
    }

    /// Takes a new table with one row for each key in place of the old one.
    fn replace(&self, session: &mut Session, keys: &Keys) -> Result<(), Fault> {
        let new = Table {
            schema: self.beside.schema.clone(),
            name: marked(&self.real.name, &format!("{} new", self.real)),
        };
        if new.exists(session)? {
            new.drop(session)?;
        }
        new.create(session, &self.columns)?;
        keys.fill(session, &new, &self.beside)?;
        self.put_in_place(session, &new, &[format!("DROP TABLE {}", self.beside)])
    }

    /// Swaps a table in, and does more at the same moment.
    fn put_in_place(
        &self,
        session: &mut Session,
        table: &Table,
        more: &[String],
    ) -> Result<(), Fault> {
        let (real, cascade) = (&self.real, self.cascade);
        let mut statements = vec![format!("DROP TABLE IF EXISTS {real}{cascade}")];
        let mut moved = table.clone();
        if table.schema != real.schema {
            moved.schema.clone_from(&real.schema);
            let schema = quoted(&real.schema);
            statements.push(format!("ALTER TABLE {table} SET SCHEMA {schema}"));
        }
        let name = quoted(&real.name);
        statements.push(format!("ALTER TABLE {moved} RENAME TO {name}"));
        statements.extend_from_slice(more);
        session.run(&format!("BEGIN; {}; COMMIT", statements.join("; ")))
    }

    /// Rows that an unfinished run left beside stay after all.
    fn take_over(&self, session: &mut Session) -> Result<(), Fault> {
        self.beside.bring_up(session, &self.columns, self.cascade)?;
        let (real, beside, columns) = (&self.real, &self.beside, self.columns.list());
        session.run(&format!(
            "BEGIN; INSERT INTO {real} ({columns}) SELECT {columns} FROM {beside}; \
             DROP TABLE {beside}; COMMIT"
        ))
    }

    /// Whether rows that were left are of the generation that is being loaded.
    fn is_new(&self, left: &Content) -> bool {
        match left {
            Content::Nothing => true,
            Content::Generation(of) => self.generation.is_some() && *of >= self.generation,
        }
    }

    fn is_same(&self, there: &Content) -> bool {
        match there {
            Content::Nothing => true,
            Content::Generation(of) => self.generation.is_some() && *of == self.generation,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::connector::native::postgres::destination::configuration;

    #[test]
    fn streams_that_would_share_a_table_are_told_apart() {
        let configured = |name: &str, namespace: Option<&str>| -> ConfiguredStream {
            serde_json::from_value(json!({
                "stream": {"name": name, "namespace": namespace, "json_schema": {}},
                "sync_mode": "full_refresh", "destination_sync_mode": "append"}))
            .expect("a stream")
        };
        let streams = [
            configured("a-b", None),
            configured("a_b", Some("public")),
            configured("a_b", Some("other")),
            configured("a.b", None),
        ];
        let mut configuration = json!({"host": "h", "database": "d", "username": "u"});
        for raw in [false, true] {
            configuration["disable_type_dedupe"] = raw.into();
            let parsed = configuration::parse(&configuration).expect("a configuration");
            let tables = tables(&streams, &parsed);
            let names: std::collections::HashSet<_> = tables.iter().map(Table::to_string).collect();
            assert_eq!(names.len(), 4);
            if raw {
                let name = r#""airbyte_internal"."other_raw__stream_a_b""#;
                assert_eq!(tables[2].to_string(), name);
            } else {
                assert_eq!(tables[1].to_string(), r#""public"."a_b""#);
            }
        }
    }
}
