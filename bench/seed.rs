//! Fills a migrated database with organizations, workspaces and three callers, by bulk statements; what
//! else a database is to hold follows them.
//!
//! Workspaces lie in the table in order of creation, one second apart, and belong in turn to
//! organizations of 800 (below 1,600 workspaces: all to the default one). The times are in the past,
//! so the default workspace of the first start comes last in every list.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use super::seed_syncs;
use super::server::Home;

const PER_ORGANIZATION: u32 = 800;
const GRANTS: u32 = 1_000;

const NOTIFICATIONS: &str = r#"{"failure":{"email":{"enabled":true},"webhook":{"enabled":false}},"success":{"email":{"enabled":false},"webhook":{"enabled":false}},"connectionUpdate":{"email":{"enabled":true},"webhook":{"enabled":false}},"connectionUpdateActionRequired":{"email":{"enabled":true},"webhook":{"enabled":false}},"syncDisabled":{"email":{"enabled":true},"webhook":{"enabled":false}},"syncDisabledWarning":{"email":{"enabled":true},"webhook":{"enabled":false}}}"#;

/// A user with one application, to be signed in by its secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    number: u8,
    pub(crate) name: &'static str,
}

pub(crate) const ADMIN: Person = Person {
    number: 1,
    name: "instance admin",
};
/// Reader of 1,000 single workspaces, evenly spread.
pub(crate) const GRANTED: Person = Person {
    number: 2,
    name: "reader of 1,000 workspaces",
};
/// Reader of one organization with 800 workspaces.
pub(crate) const MEMBER: Person = Person {
    number: 3,
    name: "reader of a small organization",
};

impl Person {
    fn id(self, kind: u8) -> String {
        format!("{kind:x}0000000-0000-4000-8000-{:012x}", self.number)
    }

    pub(crate) fn client_id(self) -> String {
        self.id(0xc)
    }

    pub(crate) fn secret(self) -> String {
        format!(
            "the-secret-of-an-application-in-the-benchmark-{}",
            self.number
        )
    }
}

/// What the two engines spell differently.
pub(crate) struct Words {
    /// `series(n)` from 1 to N, to be put before an INSERT … SELECT … FROM series.
    pub(crate) series: fn(u32) -> String,
    new_id: &'static str,
    pub(crate) uuid: fn(&str) -> String,
    pub(crate) bytes: fn(&[u8]) -> String,
    /// An id that ends in the number of an expression, the rest zero.
    pub(crate) numbered: fn(&str) -> String,
    /// A time that many seconds after [`EPOCH`].
    pub(crate) time: fn(&str) -> String,
    /// Makes `series CROSS JOIN …` insert in the order of the series. SQLite never reorders a
    /// CROSS JOIN, so there it is nothing.
    pub(crate) in_order: &'static str,
}

/// The beginning of 2025, in seconds since 1970; the engines' words spell it out.
pub(crate) const EPOCH: u64 = 1_735_689_600;

const POSTGRES: Words = Words {
    series: |count| format!("WITH series(n) AS (SELECT generate_series(1, {count}))"),
    new_id: "gen_random_uuid()",
    uuid: |id| format!("'{id}'::uuid"),
    bytes: |bytes| format!("'\\x{}'::bytea", hex(bytes)),
    numbered: |number| format!("lpad(to_hex({number}), 32, '0')::uuid"),
    time: |seconds| format!("(to_timestamp(1735689600 + {seconds}) + INTERVAL '123456 us')"),
    in_order: "ORDER BY n",
};

const SQLITE: Words = Words {
    series: |count| {
        format!(
            "WITH RECURSIVE series(n) AS \
             (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count})"
        )
    },
    new_id: "randomblob(16)",
    uuid: |id| format!("x'{}'", id.replace('-', "")),
    bytes: |bytes| format!("x'{}'", hex(bytes)),
    numbered: |number| format!("unhex(printf('%032x', {number}))"),
    time: |seconds| {
        format!(
            "(strftime('%Y-%m-%dT%H:%M:%S', 1735689600 + {seconds}, 'unixepoch') \
             || '.123456+00:00')"
        )
    },
    in_order: "",
};

/// What a database is to hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amounts {
    pub(crate) workspaces: u32,
    /// Whether the workspaces have sources, destinations and connections.
    pub(crate) connections: bool,
    pub(crate) jobs: u32,
}

/// Fills the database at `home`, which a first start of the server has migrated.
pub(crate) async fn fill(home: Home<'_>, amounts: Amounts) -> Result<()> {
    if let Some(url) = home.database_url {
        let mut db = PgConnection::connect(url).await?;
        let mut all = statements(&POSTGRES, amounts)?;
        // What autovacuum and the checkpointer would do in the hours after such an import.
        all.extend(["VACUUM (FREEZE, ANALYZE)".into(), "CHECKPOINT".into()]);
        for statement in all {
            let done = sqlx::raw_sql(AssertSqlSafe(statement.clone()))
                .execute(&mut db)
                .await;
            done.with_context(|| format!("seeding: {statement}"))?;
        }
        db.close().await?;
    } else {
        let mut db = SqliteConnection::connect(&format!("sqlite://{}", home.database())).await?;
        let mut all = statements(&SQLITE, amounts)?;
        all.push("PRAGMA wal_checkpoint(TRUNCATE)".into());
        for statement in all {
            let done = sqlx::raw_sql(AssertSqlSafe(statement.clone()))
                .execute(&mut db)
                .await;
            done.with_context(|| format!("seeding: {statement}"))?;
        }
        db.close().await?;
    }
    Ok(())
}

/// The version of the SQLite that is compiled into the server and into the floor alike.
pub(crate) async fn sqlite_version() -> Result<String> {
    let mut db = SqliteConnection::connect("sqlite::memory:").await?;
    Ok(sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(&mut db)
        .await?)
}

fn statements(words: &Words, amounts: Amounts) -> Result<Vec<String>> {
    let workspaces = amounts.workspaces;
    let organizations = if workspaces < 2 * PER_ORGANIZATION {
        1
    } else {
        workspaces / PER_ORGANIZATION
    };
    let time = words.time;
    let new_id = words.new_id;
    let mut all = vec!["BEGIN".to_owned()];
    if organizations > 1 {
        let series = (words.series)(organizations - 1);
        let (id, at) = ((words.numbered)("n"), time("n"));
        all.push(format!(
            "{series} INSERT INTO organizations (id, name, email, created_at) \
             SELECT {id}, 'Organization ' || n, 'owner@bench.example', {at} FROM series"
        ));
        all.push(format!(
            "{series} INSERT INTO regions (id, organization_id, name, created_at, updated_at) \
             SELECT {new_id}, {id}, 'AUTO', {at}, {at} FROM series"
        ));
    }
    let series = (words.series)(workspaces);
    let (owner, at) = ((words.numbered)(&format!("n % {organizations}")), time("n"));
    let in_order = words.in_order;
    all.push(format!(
        "{series} INSERT INTO workspaces \
         (id, organization_id, region_id, name, email, notifications, created_at) \
         SELECT {new_id}, r.organization_id, r.id, 'Workspace ' || n, 'owner@bench.example', \
         '{NOTIFICATIONS}', {at} FROM series CROSS JOIN regions r \
         WHERE r.organization_id = {owner} AND r.deleted_at IS NULL {in_order}"
    ));
    for person in [ADMIN, GRANTED, MEMBER] {
        all.extend(sign_up(words, person));
    }
    let (admin, granted, member) = (
        (words.uuid)(&ADMIN.id(0xa)),
        (words.uuid)(&GRANTED.id(0xa)),
        (words.uuid)(&MEMBER.id(0xa)),
    );
    let permissions = "INSERT INTO permissions \
         (id, user_id, permission_type, organization_id, workspace_id, created_at)";
    let at = time("0");
    all.push(format!(
        "{permissions} SELECT {new_id}, {admin}, 'instance_admin', NULL, NULL, {at}"
    ));
    let spacing = (workspaces / GRANTS).max(1);
    all.push(format!(
        "{permissions} SELECT {new_id}, {granted}, 'workspace_reader', NULL, id, {at} \
         FROM workspaces WHERE name LIKE 'Workspace %' \
         AND CAST(substr(name, 11) AS INTEGER) % {spacing} = {}",
        spacing / 2
    ));
    let small = (words.numbered)(&(organizations / 2).to_string());
    all.push(format!(
        "{permissions} SELECT {new_id}, {member}, 'organization_reader', {small}, NULL, {at}"
    ));
    if amounts.connections {
        all.extend(seed_syncs::connections(words, workspaces));
    }
    if amounts.jobs > 0 {
        all.extend(seed_syncs::jobs(words, workspaces, amounts.jobs)?);
    }
    all.push("COMMIT".to_owned());
    Ok(all)
}

fn sign_up(words: &Words, person: Person) -> [String; 2] {
    let (user, at) = ((words.uuid)(&person.id(0xa)), (words.time)("0"));
    let application = (words.uuid)(&person.id(0xb));
    let hash = (words.bytes)(&Sha256::digest(person.secret().as_bytes()));
    let (name, client_id, number) = (person.name, person.client_id(), person.number);
    [
        format!(
            "INSERT INTO users (id, name, email, created_at) \
             VALUES ({user}, '{name}', 'person{number}@bench.example', {at})"
        ),
        format!(
            "INSERT INTO applications \
             (id, user_id, name, client_id, secret_hash, secret_generation, created_at) \
             VALUES ({application}, {user}, 'bench', '{client_id}', {hash}, 1, {at})"
        ),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
