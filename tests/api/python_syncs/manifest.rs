//! A low-code source, run by the generic runner, against a server of the tests.

use serde_json::{Value, json};

use super::{House, Tables};
use crate::python_packages;
use crate::support::engine::is_postgres;
use crate::support::pokemon;

fn read(tables: &Tables, rows: &str) -> Vec<Value> {
    let text = tables.ask(&format!("SELECT row_to_json(t) FROM ({rows}) AS t"));
    let row = |line| serde_json::from_str(line).expect("a row");
    text.lines().map(row).collect()
}

/// It asks its server's database for nothing that others do not ask it for: once is enough.
#[tokio::test]
async fn what_a_server_serves_is_in_the_tables_of_a_manifest() {
    if is_postgres() || !python_packages::there() {
        return;
    }
    let tables = Tables::new("pokemon_from_a_manifest");
    let house = House::start(None);
    let manifest = json!({ "name": "Pokemon", "manifest": pokemon::manifest() });
    let definition = house.define("declarative_sources", &manifest);
    let configuration =
        json!({ "pokemon_name": "ditto", "server": pokemon::server(), "token": pokemon::TOKEN });
    let streams = ["pokemon", "names"]
        .map(|name| json!({ "name": name, "syncMode": "full_refresh_overwrite" }));
    let (_, connection) = house.connect(&definition, &configuration, &tables, &streams);
    let names = pokemon::names();
    // The second time everything takes the place of itself.
    for _ in 0..2 {
        let job = house.sync(&connection);
        assert_eq!(job["rowsSynced"], names.len() + 1, "{job}");
        let fields =
            "id, name, base_experience, height, weight, \"order\", is_default, abilities, species";
        let found = read(&tables, &format!("SELECT {fields} FROM pokemon"));
        assert_eq!(found, [pokemon::ditto()]);
        let found = read(
            &tables,
            "SELECT name, url FROM names ORDER BY substr(url, 10)::int",
        );
        assert_eq!(found, names);
    }
}
