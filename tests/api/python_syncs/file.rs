//! `airbyte-source-file`: a file of CSV, whole, and again when it has changed.

use std::fmt::Write as _;

use serde_json::json;

use super::{House, Tables};
use crate::python_packages;
use crate::support::engine::is_postgres;

/// More than the source reads at once.
const ROWS: u64 = 12_000;

/// The animals up to a number, as `psql` writes CSV: quotation marks where they are needed, nothing for what is
/// not known.
fn animals(rows: u64, word: &str) -> String {
    let mut file = "id,name,weight,note\n".to_owned();
    for id in 1..=rows {
        let note = match id % 4 {
            0 => "",
            1 => "\"a, b; \"\"c\"\"\"",
            2 => "zoë 東京",
            _ => word,
        };
        writeln!(file, "{id},{word} {id},{id}.25,{note}").expect("text");
    }
    file
}

/// It asks its server's database for nothing that others do not ask it for: once is enough.
#[tokio::test]
async fn what_is_in_a_file_is_in_the_table_to_the_letter() {
    if is_postgres() || !python_packages::there_is_an_old_one() {
        return;
    }
    let tables = Tables::new("file_from_pypi");
    let house = House::start(None);
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("animals.csv");
    let package = json!({ "name": "File", "dockerRepository": "pypi:airbyte-source-file",
                          "dockerImageTag": "0.5.39" });
    let definition = house.define("sources", &package);
    let local = json!({ "dataset_name": "animals", "format": "csv", "url": file,
                        "provider": { "storage": "local" } });
    let streams = [json!({ "name": "animals", "syncMode": "full_refresh_overwrite" })];

    std::fs::write(&file, animals(ROWS, "dog")).expect("written");
    let (_, connection) = house.connect(&definition, &local, &tables, &streams);
    // Fewer of them, and others, take the place of the first.
    for (rows, word) in [(ROWS, "dog"), (7, "cat")] {
        let text = animals(rows, word);
        std::fs::write(&file, &text).expect("written");
        let job = house.sync(&connection);
        assert_eq!(job["rowsSynced"], rows, "{job}");
        let table = tables.csv("SELECT id, name, weight, note FROM animals ORDER BY id");
        let differs = table
            .lines()
            .zip(text.lines())
            .find(|(is, should)| is != should);
        assert_eq!(differs, None);
        assert_eq!(table.len(), text.len());
    }
}
