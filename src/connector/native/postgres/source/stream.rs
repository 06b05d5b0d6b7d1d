//! Reading one stream, within one snapshot of the database. A table is read by the places of its rows, so
//! many pages at a time with a state behind them; what has no places is read in one go. An incremental
//! stream goes on from the greatest value of its column.
//!
//! A value may have come to more rows since it was read. As long as it has as many as then, only greater
//! ones are read; otherwise all of that value are read once more, so none is lost.

use super::progress::{Cursor, Place, Progress, all_of_it};
use super::record::Records;
use super::tables::{Column, Table, literal};
use crate::clock::Clock;
use crate::connector::native::interface::{Fault, Stop};
use crate::connector::native::output::Output;
use crate::connector::native::postgres::quoted;
use crate::connector::native::postgres::session::Session;
use crate::protocol::catalog::{ConfiguredStream, StreamDescriptor, SyncMode};
use crate::protocol::state::State;
use crate::protocol::trace::Status;

/// How many pages are read between two states: eight mebibytes, usually.
const PAGES: i64 = 1024;
/// How many rows come at least between two states of an incremental stream.
const ROWS: u64 = 10_000;
/// How often the clock is asked.
const BLINK: u64 = 256;

pub(super) struct Reading<'a, 'o> {
    pub(super) session: &'a mut Session,
    pub(super) clock: &'a Clock,
    pub(super) out: &'a mut Output<'o>,
    pub(super) table: &'a Table,
    stream: StreamDescriptor,
    columns: Vec<&'a Column>,
    cursor: Option<&'a Column>,
    records: Records,
    /// Since the last state.
    count: u64,
    total: u64,
}

impl<'a, 'o> Reading<'a, 'o> {
    pub(super) fn new(
        session: &'a mut Session,
        clock: &'a Clock,
        out: &'a mut Output<'o>,
        table: &'a Table,
        configured: &ConfiguredStream,
    ) -> Result<Self, Fault> {
        let properties = configured.stream.json_schema["properties"].as_object();
        let chosen = |column: &&Column| properties.is_none_or(|all| all.contains_key(&column.name));
        let columns: Vec<_> = table.columns.iter().filter(chosen).collect();
        let stream = configured.stream.descriptor();
        let cursor = match (configured.sync_mode, configured.cursor_field.as_slice()) {
            (SyncMode::FullRefresh, _) => None,
            (SyncMode::Incremental, [field]) => match table.column(field) {
                Some(column) => Some(column),
                None => {
                    let message = format!("{stream} has no column {field} to be its cursor");
                    return Err(Fault::configuration(message));
                }
            },
            (SyncMode::Incremental, _) => {
                let message = format!("{stream} needs one column as its cursor to be incremental");
                return Err(Fault::configuration(message));
            }
        };
        Ok(Self {
            records: Records::new(&stream, &columns),
            session,
            clock,
            out,
            table,
            stream,
            columns,
            cursor,
            count: 0,
            total: 0,
        })
    }

    pub(super) fn read(&mut self, progress: Option<Progress>) -> Result<(), Stop> {
        self.session
            .run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        self.estimate()?;
        match self.cursor {
            None => self.read_all(progress.as_ref())?,
            Some(column) => self.read_new(column, progress)?,
        }
        self.session.run("COMMIT")?;
        Ok(())
    }

    fn read_all(&mut self, progress: Option<&Progress>) -> Result<(), Stop> {
        if !self.table.has_places {
            let statement = format!("SELECT {} FROM {}", self.list(), self.table.quoted());
            self.copy(&statement, |_, _| Ok(()))?;
            let state = all_of_it(&self.stream, self.count);
            return self.say(state);
        }
        let behind = match progress {
            Some(Progress::Places { behind, file, .. }) => Some((*behind, *file)),
            _ => None,
        };
        self.read_places(behind, None)
    }

    fn read_new(&mut self, column: &Column, progress: Option<Progress>) -> Result<(), Stop> {
        match progress {
            Some(Progress::Cursor(cursor)) if cursor.field == column.name => {
                self.read_behind(column, Some(cursor))
            }
            Some(Progress::Places {
                behind,
                file,
                then: Some(then),
            }) if self.table.has_places && then.field == column.name => {
                self.read_places(Some((behind, file)), Some(&then))?;
                // Time has passed since it was begun.
                self.read_behind(column, Some(then))
            }
            _ if self.table.has_places => {
                let greatest = self.greatest(column)?;
                self.read_places(None, Some(&greatest))
            }
            _ => self.read_behind(column, None),
        }
    }

    /// Reads the rows behind a place. A state of another file than today's says nothing.
    fn read_places(
        &mut self,
        behind: Option<(Place, Option<i64>)>,
        then: Option<&Cursor>,
    ) -> Result<(), Stop> {
        let (file, pages) = self.file()?;
        let mut behind = match behind {
            Some((place, of)) if of.is_none() || of == file => place,
            Some(_) => {
                let message = format!(
                    "{} was written anew since, so all of it is read",
                    self.stream
                );
                self.out.log("WARN", message)?;
                Place::START
            }
            None => Place::START,
        };
        loop {
            let end = Place {
                page: behind.page.saturating_add(PAGES).min(pages),
                within: 0,
            };
            let statement = format!(
                "SELECT {} FROM {} WHERE ctid > '{behind}'::tid AND ctid < '{end}'::tid",
                self.list(),
                self.table.quoted()
            );
            if behind.page < end.page {
                self.copy(&statement, |_, _| Ok(()))?;
                behind = end;
            }
            let is_last = behind.page >= pages;
            let progress = match (then, is_last) {
                (Some(cursor), true) => Progress::Cursor(cursor.clone()),
                _ => Progress::Places {
                    behind,
                    file,
                    then: then.cloned(),
                },
            };
            self.say_progress(&progress)?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Reads what is greater than the cursor, in its order; all of it if there is none. The order is that of
    /// the column: a bare name would mean the text of it that is selected.
    fn read_behind(&mut self, column: &Column, from: Option<Cursor>) -> Result<(), Stop> {
        let name = quoted(&column.name);
        // Rows without a value come first, and only the first time: an index has them last.
        let nulls = if from.is_none() { " NULLS FIRST" } else { "" };
        let condition = match &from {
            None => "TRUE".to_owned(),
            Some(Cursor { value: None, .. }) => format!("{name} IS NOT NULL"),
            Some(Cursor {
                value: Some(value),
                count,
                ..
            }) => {
                let sign = if self.with_value(column, value)? == *count {
                    ">"
                } else {
                    ">="
                };
                format!("{name} {sign} {}::{}", literal(value), column.type_name)
            }
        };
        let statement = format!(
            "SELECT {}{name}::text FROM {} AS rows WHERE {condition} ORDER BY rows.{name}{nulls}",
            self.list_before(),
            self.table.quoted()
        );
        let mut seen = from.unwrap_or_else(|| Cursor {
            field: column.name.clone(),
            value: None,
            count: 0,
        });
        let mut fresh = false;
        self.copy(&statement, |pen, value| {
            let value =
                (value != b"\\N").then(|| String::from_utf8_lossy(&unescaped(value)).into_owned());
            if fresh && seen.value == value {
                seen.count += 1;
                return Ok(());
            }
            // All rows of the value before are out, so it can be gone on from there.
            if fresh && pen.count >= ROWS {
                pen.say_progress(&Progress::Cursor(seen.clone()))?;
            }
            fresh = true;
            seen.value = value;
            seen.count = 1;
            Ok(())
        })?;
        if seen.value.is_none() {
            seen.count = 0;
        }
        self.say_progress(&Progress::Cursor(seen))
    }

    /// Copies the rows of a query into records. Before each, `seen` is given what its last column says.
    fn copy(
        &mut self,
        query: &str,
        mut seen: impl FnMut(&mut Pen<'_, '_>, &[u8]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let Self {
            session,
            clock,
            out,
            stream,
            records,
            count,
            total,
            ..
        } = self;
        let mut pen = Pen {
            out,
            stream,
            count: *count,
        };
        session.copy_out(&format!("COPY ({query}) TO STDOUT"), |row| {
            if *total == 0 {
                pen.out.status(pen.stream, Status::Running)?;
            }
            if *total % BLINK == 0 {
                records.emitted_at = clock.now().timestamp_millis();
            }
            let row = row.strip_suffix(b"\n").unwrap_or(row);
            let last = memchr::memrchr(b'\t', row).map_or(row, |at| &row[at + 1..]);
            seen(&mut pen, last)?;
            let mut is_whole = false;
            pen.out.line(|line| is_whole = records.write(line, row))?;
            if !is_whole {
                return Err(Fault::system("the server sends a row of other columns").into());
            }
            pen.count += 1;
            *total += 1;
            Ok(())
        })?;
        *count = pen.count;
        Ok(())
    }

    fn say_progress(&mut self, progress: &Progress) -> Result<(), Stop> {
        let state = progress.state(&self.stream, self.count);
        self.say(state)
    }

    fn say(&mut self, state: State) -> Result<(), Stop> {
        self.count = 0;
        self.out.state(state)
    }

    fn list(&self) -> String {
        let expressions = self
            .columns
            .iter()
            .map(|column| column.kind.expression(&column.name));
        expressions.collect::<Vec<_>>().join(", ")
    }

    fn list_before(&self) -> String {
        match self.list() {
            list if list.is_empty() => list,
            list => list + ", ",
        }
    }

    fn estimate(&mut self) -> Result<(), Stop> {
        let query = "SELECT GREATEST(c.reltuples, 0)::bigint, COALESCE(pg_catalog.pg_relation_size(c.oid), 0)::bigint \
                     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'm')";
        let rows: Vec<(i64, i64)> = self
            .session
            .rows(query, &[&self.table.schema, &self.table.name])?;
        match rows.first() {
            Some((rows, bytes)) if *rows > 0 => {
                self.out
                    .estimate(&self.stream, rows.unsigned_abs(), bytes.unsigned_abs())
            }
            _ => Ok(()),
        }
    }

    /// The file that the table is in, and how many pages it has.
    fn file(&mut self) -> Result<(Option<i64>, i64), Fault> {
        let query = "SELECT pg_catalog.pg_relation_filenode(c.oid)::bigint, pg_catalog.pg_relation_size(c.oid) \
                     / pg_catalog.current_setting('block_size')::bigint \
                     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                     WHERE n.nspname = $1 AND c.relname = $2";
        let rows: Vec<(Option<i64>, i64)> = self
            .session
            .rows(query, &[&self.table.schema, &self.table.name])?;
        rows.into_iter()
            .next()
            .ok_or_else(|| Fault::transient(format!("{} is gone", self.stream)))
    }

    fn greatest(&mut self, column: &Column) -> Result<Cursor, Fault> {
        let (name, table) = (quoted(&column.name), self.table.quoted());
        let query = format!(
            "SELECT {name}::text FROM {table} AS rows WHERE {name} IS NOT NULL ORDER BY rows.{name} DESC LIMIT 1"
        );
        let value = self
            .session
            .rows::<(String,)>(&query, &[])?
            .pop()
            .map(|row| row.0);
        let count = match &value {
            Some(value) => self.with_value(column, value)?,
            None => 0,
        };
        Ok(Cursor {
            field: column.name.clone(),
            value,
            count,
        })
    }

    /// How many rows have this value.
    fn with_value(&mut self, column: &Column, value: &str) -> Result<i64, Fault> {
        let query = format!(
            "SELECT count(*) FROM {} WHERE {} = {}::{}",
            self.table.quoted(),
            quoted(&column.name),
            literal(value),
            column.type_name
        );
        let rows: Vec<(i64,)> = self.session.rows(&query, &[])?;
        Ok(rows.first().map_or(0, |row| row.0))
    }
}

/// What is at hand between two rows.
struct Pen<'p, 'o> {
    out: &'p mut Output<'o>,
    stream: &'p StreamDescriptor,
    /// Records since the last state.
    count: u64,
}

impl Pen<'_, '_> {
    fn say_progress(&mut self, progress: &Progress) -> Result<(), Stop> {
        let records = std::mem::take(&mut self.count);
        self.out.state(progress.state(self.stream, records))
    }
}

/// A value without COPY's escapes.
fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'v') => 11,
                Some(&other) => other,
                None => byte,
            },
            byte => byte,
        });
    }
    plain
}
