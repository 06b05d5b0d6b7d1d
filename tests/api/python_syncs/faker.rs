//! `airbyte-source-faker`: incremental and deduplicated.

use serde_json::json;

use super::{House, Tables, text};
use crate::python_packages;
use crate::support::engine::{Database, is_postgres};

/// People whom the source makes up.
const COUNT: u64 = 300;

/// Rows of each table; every id must be there once.
fn rows(tables: &Tables) -> [u64; 3] {
    ["users", "purchases", "products"].map(|table| {
        let all = tables.number(&format!("SELECT count(*) FROM {table}"));
        let ids = tables.number(&format!("SELECT count(DISTINCT id) FROM {table}"));
        assert_eq!(all, ids, "{table}");
        all
    })
}

#[tokio::test]
async fn faker_of_the_package_index_keeps_one_row_for_each_id_in_postgres() {
    if !python_packages::there() {
        return;
    }
    let database = if is_postgres() {
        Some(Database::fresh().await)
    } else {
        None
    };
    let tables = Tables::new("faker_from_pypi");
    let house = House::start(database.as_ref());

    // The package, not the source of that name that is compiled in.
    let package = json!({ "name": "Faker of the index", "dockerRepository": "pypi:airbyte-source-faker",
                          "dockerImageTag": "7.2.1" });
    let definition = house.define("sources", &package);
    let sample = json!({ "count": COUNT, "seed": 11, "parallelism": 2, "always_updated": true });
    let streams = ["users", "purchases", "products"].map(|name| {
        json!({ "name": name, "syncMode": "incremental_deduped_history", "cursorField": ["updated_at"],
                "primaryKey": [["id"]] })
    });
    let (source, connection) = house.connect(&definition, &sample, &tables, &streams);

    let first = house.sync(&connection);
    let [users, purchases, products] = rows(&tables);
    assert_eq!((users, products), (COUNT, 100));
    assert!(purchases > 0);
    let all = users + purchases + products;
    assert_eq!(first["rowsSynced"], all, "{first}");
    tables.ask("CREATE TABLE before AS SELECT id, updated_at FROM users");

    // Everybody comes again, changed, and takes the place of who was there.
    let second = house.sync(&connection);
    assert_eq!(rows(&tables), [users, purchases, products]);
    assert_eq!(second["rowsSynced"], all, "{second}");
    let newer = "SELECT count(*) FROM users JOIN before USING (id) WHERE users.updated_at > before.updated_at";
    assert_eq!(tables.number(newer), users);

    // With the state of the second run the source has nothing that it has not told yet.
    let path = format!("/sources/{}", text(&source));
    let change = json!({ "configuration": { "always_updated": false } });
    house.ask("PATCH", &path, &change);
    let third = house.sync(&connection);
    assert_eq!(third["rowsSynced"], 0, "{third}");
    assert_eq!(rows(&tables), [users, purchases, products]);
    println!(
        "faker from the index: {users} users, {purchases} purchases, {products} products; three syncs"
    );
}
