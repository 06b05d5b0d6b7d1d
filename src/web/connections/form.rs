//! The form of a connection, new or not: what it shows, and what it says when it comes back.

use askama::Template;

use super::offered::{Row, capital};
use super::schedule;
use super::words::{self, key, meant};
use crate::clock::Timestamp;
use crate::domain::connection::{Connection, Namespace, NonBreakingChanges};
use crate::domain::cron::CronText;
use crate::domain::schedule::{Schedule, Unit};
use crate::domain::text::{LONGEST_NAME, Name};
use crate::error::Fault;
use crate::ops::connections::Change;
use crate::web::connectors::ground::Room;
use crate::web::form::Fields;
use crate::web::frame::Frame;
use crate::web::moment::Moment;

/// The page with the form.
#[derive(Debug, Template)]
#[template(path = "connections/form.html")]
pub(in crate::web) struct FormPage {
    pub(super) frame: Frame,
    pub(super) room: Room,
    pub(super) title: String,
    pub(super) address: String,
    pub(super) back: String,
    /// What the button says.
    pub(super) deed: &'static str,
    pub(super) source: String,
    pub(super) destination: String,
    pub(super) settings: Settings,
    pub(super) rows: Vec<Row>,
    /// Streams that were chosen and are not offered any more.
    pub(super) gone: Vec<String>,
    /// What is wrong with the whole.
    pub(super) trouble: Option<String>,
    pub(super) preview: Option<Preview>,
}

/// Everything but the streams, as it stands in the fields.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) every: String,
    pub(super) unit: String,
    pub(super) cron: String,
    pub(super) namespace: String,
    pub(super) format: String,
    pub(super) prefix: String,
    pub(super) changes: String,
    pub(super) name_trouble: Option<String>,
    pub(super) every_trouble: Option<String>,
    pub(super) cron_trouble: Option<String>,
    pub(super) format_trouble: Option<String>,
}

/// A schedule in words, before anything is kept.
#[derive(Debug)]
pub(super) struct Preview {
    words: String,
    next: Vec<Moment>,
}

impl Settings {
    /// Of a connection to be.
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            kind: "manual".to_owned(),
            every: "24".to_owned(),
            unit: key(Unit::Hours),
            cron: "0 0 6 * * ?".to_owned(),
            namespace: key(Namespace::default()),
            changes: key(NonBreakingChanges::default()),
            ..Self::default()
        }
    }

    /// Of one that is there.
    pub(super) fn of(connection: &Connection) -> Self {
        let mut settings = Self {
            kind: connection.schedule.kind().to_owned(),
            namespace: key(connection.namespace),
            format: connection.namespace_format.clone().unwrap_or_default(),
            prefix: connection.prefix.clone(),
            changes: key(connection.non_breaking_changes),
            ..Self::new(connection.name.clone())
        };
        match &connection.schedule {
            Schedule::Manual => {}
            Schedule::Cron(cron) => cron.as_str().clone_into(&mut settings.cron),
            Schedule::Basic { every, unit } => {
                settings.every = every.to_string();
                settings.unit = key(unit);
            }
        }
        settings
    }

    /// As a form says them.
    pub(super) fn sent(fields: &Fields) -> Self {
        let of = |name: &str| fields.get(name).trim().to_owned();
        Self {
            name: of("name"),
            kind: of("schedule"),
            every: of("every"),
            unit: of("unit"),
            cron: of("cron"),
            namespace: of("namespace"),
            format: of("format"),
            prefix: of("prefix"),
            changes: of("changes"),
            ..Self::default()
        }
    }

    /// The schedule, or what is wrong with it, told beside its field.
    pub(super) fn schedule(&mut self) -> Option<Schedule> {
        match self.kind.as_str() {
            "cron" => match self.cron.parse::<CronText>() {
                Ok(cron) => Some(Schedule::Cron(cron)),
                Err(why) => {
                    self.cron_trouble = Some(capital(&format!("this {why}")));
                    None
                }
            },
            "basic" => {
                let every = self
                    .every
                    .parse()
                    .ok()
                    .filter(|every| (1..=1000).contains(every));
                let Some(every) = every else {
                    self.every_trouble = Some("Write a whole number from 1 to 1000.".to_owned());
                    return None;
                };
                let unit = meant(&self.unit).unwrap_or(Unit::Hours);
                Some(Schedule::Basic { every, unit })
            }
            _ => Some(Schedule::Manual),
        }
    }

    /// What is wanted, without the streams; nothing when something is wrong.
    pub(super) fn change(&mut self) -> Option<Change> {
        let schedule = self.schedule();
        if let Err(why) = Name::try_from(self.name.clone()) {
            self.name_trouble = Some(match self.name.as_str() {
                "" => "Give the connection a name.".to_owned(),
                _ => format!("The name {why}."),
            });
        }
        let namespace = meant(&self.namespace).unwrap_or_default();
        if namespace == Namespace::CustomFormat && self.format.is_empty() {
            self.format_trouble = Some("Write the namespace.".to_owned());
        }
        if self.name_trouble.is_some() || self.format_trouble.is_some() {
            return None;
        }
        Some(Change {
            name: Some(self.name.clone()),
            schedule: Some(schedule?),
            namespace: Some(namespace),
            namespace_format: Some(self.format.clone()).filter(|format| !format.is_empty()),
            prefix: Some(self.prefix.clone()),
            non_breaking_changes: Some(meant(&self.changes).unwrap_or_default()),
            ..Change::default()
        })
    }
}

impl Preview {
    pub(super) fn of(schedule: &Schedule, now: Timestamp) -> Self {
        Self {
            words: schedule::words(schedule),
            next: schedule::next_runs(schedule, None, now),
        }
    }
}

impl FormPage {
    /// Puts each fault beside its field. `chosen` are the rows that were sent, in their order.
    pub(super) fn blame(&mut self, faults: Vec<Fault>, chosen: &[usize]) {
        let mut rest = Vec::new();
        for fault in faults {
            let place = fault.pointer.strip_prefix("/configurations/streams/");
            let place = place.and_then(|place| place.split_once('/'));
            let row = place.and_then(|(index, field)| {
                let at = chosen.get(index.parse::<usize>().ok()?)?;
                Some((self.rows.get_mut(*at)?, field))
            });
            match row {
                Some((row, field)) => row.blame(field, &fault.message),
                None => rest.push(capital(&fault.message)),
            }
        }
        if !rest.is_empty() {
            self.trouble = Some(rest.join(" "));
        }
    }

    /// The fields that something is wrong with: where they are, and their words.
    fn troubles(&self) -> Vec<(String, String)> {
        let settings = &self.settings;
        let of_settings = [
            ("name", "Name", &settings.name_trouble),
            ("every", "Every", &settings.every_trouble),
            ("cron", "Cron expression", &settings.cron_trouble),
            ("format", "Namespace", &settings.format_trouble),
        ];
        let of_settings = of_settings.into_iter().filter_map(|(at, label, trouble)| {
            let trouble = trouble.as_ref()?;
            Some((at.to_owned(), format!("{label}: {trouble}")))
        });
        let of_rows = self.rows.iter().flat_map(|row| {
            let of = |field: &str, trouble: &Option<String>| {
                let trouble = trouble.as_ref()?;
                Some((
                    format!("{}-{field}", row.mark),
                    format!("{}: {trouble}", row.name),
                ))
            };
            [
                of("mode", &row.trouble),
                of("cursor", &row.cursor_trouble),
                of("key", &row.key_trouble),
            ]
            .into_iter()
            .flatten()
        });
        of_settings.chain(of_rows).collect()
    }

    fn in_trouble(&self) -> bool {
        self.trouble.is_some() || !self.troubles().is_empty()
    }

    fn longest_name() -> usize {
        LONGEST_NAME
    }

    /// What a choice sends, its words, and whether it is chosen.
    fn units(&self) -> Vec<(String, &'static str, bool)> {
        let all = [
            Unit::Minutes,
            Unit::Hours,
            Unit::Days,
            Unit::Weeks,
            Unit::Months,
        ];
        let shown = all.map(|unit| (key(unit), schedule::unit_words(unit).1));
        chosen(&shown, &self.settings.unit)
    }

    fn change_choices(&self) -> Vec<(String, &'static str, bool)> {
        let all = [
            NonBreakingChanges::Ignore,
            NonBreakingChanges::PropagateColumns,
            NonBreakingChanges::PropagateFully,
            NonBreakingChanges::DisableConnection,
        ];
        let shown = all.map(|change| (key(change), words::changes(change)));
        chosen(&shown, &self.settings.changes)
    }
}

fn chosen(all: &[(String, &'static str)], key: &str) -> Vec<(String, &'static str, bool)> {
    let shown = all.iter();
    shown
        .map(|(own, words)| (own.clone(), *words, own == key))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(query: &str) -> Settings {
        Settings::sent(&Fields::parse(query.as_bytes()))
    }

    #[test]
    fn a_schedule_is_read_or_blamed_beside_its_field() {
        assert_eq!(sent("schedule=manual").schedule(), Some(Schedule::Manual));
        let basic = sent("schedule=basic&every=6&unit=hours").schedule();
        let six = Schedule::Basic {
            every: 6,
            unit: Unit::Hours,
        };
        assert_eq!(basic, Some(six));
        for (wrong, told) in [
            (
                "schedule=basic&every=0",
                "Write a whole number from 1 to 1000.",
            ),
            (
                "schedule=basic&every=x",
                "Write a whole number from 1 to 1000.",
            ),
        ] {
            let mut settings = sent(wrong);
            assert_eq!(settings.schedule(), None);
            assert_eq!(settings.every_trouble.as_deref(), Some(told));
        }
        let mut settings = sent("schedule=cron&cron=nonsense");
        assert_eq!(settings.schedule(), None);
        let told = settings.cron_trouble.expect("a trouble");
        assert!(
            told.starts_with("This has 1 fields;") && told.ends_with('.'),
            "{told}"
        );
    }

    #[test]
    fn a_connection_needs_a_name() {
        let mut settings = sent("name=+&schedule=manual");
        assert!(settings.change().is_none());
        assert_eq!(
            settings.name_trouble.as_deref(),
            Some("Give the connection a name.")
        );
        let mut settings = sent("name=x&namespace=custom_format&format=");
        assert!(settings.change().is_none());
        assert!(settings.format_trouble.is_some());
        let change = sent("name=x&namespace=source&prefix=p_")
            .change()
            .expect("a change");
        assert_eq!(change.namespace, Some(Namespace::Source));
        assert_eq!(change.prefix.as_deref(), Some("p_"));
    }
}
