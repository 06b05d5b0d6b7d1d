//! `source-postgres`: the rows of tables and views, read by COPY. Tables can be gone on with in the middle,
//! and what is new is found by a column that grows. Changes are not followed through the server's log.

mod configuration;
mod kinds;
mod progress;
mod record;
mod stream;
mod tables;

use serde_json::Value;

use self::configuration::Configuration;
use self::progress::Progress;
use self::stream::Reading;
use self::tables::Table;
use super::session::Session;
use crate::connector::native::interface::{self, Fault, Stop, Surroundings, Wanted};
use crate::connector::native::output::Output;
use crate::protocol::catalog::{Catalog, ConfiguredStream};
use crate::protocol::message::Specification;
use crate::protocol::trace::{FailureType, Status};

#[derive(Debug)]
pub(in crate::connector::native) struct Postgres;

impl interface::Source for Postgres {
    fn specification(&self) -> Specification {
        serde_json::from_str(include_str!("specification.json")).expect("it is compiled in")
    }

    fn check(&self, configuration: &Value, surroundings: &Surroundings) -> Result<(), Fault> {
        let configuration = configuration::parse(configuration)?;
        let mut session = open(&configuration, surroundings)?;
        for schema in &configuration.schemas {
            let query = "SELECT pg_catalog.has_schema_privilege(oid, 'USAGE') FROM pg_catalog.pg_namespace \
                         WHERE nspname = $1";
            let found: Vec<(bool,)> = session.rows(query, &[schema])?;
            match found.first() {
                Some((true,)) => {}
                Some((false,)) => {
                    let message = format!("schemas: the user may not use the schema {schema}");
                    return Err(Fault::configuration(message));
                }
                None => {
                    let message = format!("schemas: there is no schema {schema}");
                    return Err(Fault::configuration(message));
                }
            }
        }
        tables::list(&mut session, &configuration.schemas)?;
        session.close();
        Ok(())
    }

    fn discover(
        &self,
        configuration: &Value,
        surroundings: &Surroundings,
    ) -> Result<Catalog, Fault> {
        let configuration = configuration::parse(configuration)?;
        let mut session = open(&configuration, surroundings)?;
        let tables = tables::list(&mut session, &configuration.schemas)?;
        session.close();
        Ok(tables::catalog(&tables))
    }

    /// A stream that fails does not keep the others from being read; the run fails in the end. Without a
    /// connection there is nothing more to read.
    fn read(
        &self,
        wanted: &Wanted<'_>,
        surroundings: &Surroundings,
        out: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let configuration = configuration::parse(wanted.configuration)?;
        let mut session = open(&configuration, surroundings)?;
        let tables = tables::list(&mut session, &configuration.schemas)?;
        let mut failed = None;
        for configured in &wanted.catalog.streams {
            let stream = configured.stream.descriptor();
            out.status(&stream, Status::Started)?;
            let read = read(&mut session, &tables, configured, wanted, surroundings, out);
            match read {
                Ok(()) => out.status(&stream, Status::Complete)?,
                Err(Stop::Gone) => return Err(Stop::Gone),
                Err(Stop::Fault(fault)) => {
                    out.status(&stream, Status::Incomplete)?;
                    let fault = fault.of_stream(stream);
                    if fault.kind == FailureType::TransientError || session.run("ROLLBACK").is_err()
                    {
                        return Err(fault.into());
                    }
                    if let Some(earlier) = failed.replace(fault) {
                        out.error(earlier)?;
                    }
                }
            }
        }
        session.close();
        failed.map_or(Ok(()), |fault| Err(fault.into()))
    }
}

fn read(
    session: &mut Session,
    tables: &[Table],
    configured: &ConfiguredStream,
    wanted: &Wanted<'_>,
    surroundings: &Surroundings,
    out: &mut Output<'_>,
) -> Result<(), Stop> {
    let stream = configured.stream.descriptor();
    let is_it =
        |table: &&Table| table.name == stream.name && Some(table.schema.as_str()) == stream.space();
    let Some(table) = tables.iter().find(is_it) else {
        let message = format!("there is no table or view {stream}, or it may not be read");
        return Err(Fault::configuration(message).into());
    };
    let progress = Progress::of(&wanted.states, &stream)?;
    Reading::new(session, &surroundings.clock, out, table, configured)?.read(progress)
}

fn open(configuration: &Configuration, surroundings: &Surroundings) -> Result<Session, Fault> {
    Session::open(&configuration.address, surroundings.cancel.clone())
}
