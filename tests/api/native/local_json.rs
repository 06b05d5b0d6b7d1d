//! `destination-local-json`: rows, generations, and where files may be.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use super::{Place, Run, Way, configured, one_stream, parse, record, state, status};

fn folder(path: &str) -> Value {
    json!({"destination_path": path})
}

/// The ids of the records in a file, and their generations.
fn rows(place: &Place, file: &str) -> Vec<(i64, i64)> {
    let text = std::fs::read_to_string(place.local().join(file)).unwrap_or_default();
    let row = |row: Value| {
        Some((
            row["_airbyte_data"]["id"].as_i64()?,
            row["_airbyte_generation_id"].as_i64()?,
        ))
    };
    parse(&text).into_iter().filter_map(row).collect()
}

fn write_pets(place: &Place, way: Way, catalog: &Value, ids: &[i64], ended: &str) -> Run {
    let mut input: String = ids.iter().map(|id| record("pets", *id)).collect();
    input.push_str(&state("pets", 1));
    if !ended.is_empty() {
        input.push_str(&status("pets", ended));
    }
    place.write(way, "local-json", &folder("/local/zoo"), catalog, &input)
}

const PETS: &str = "zoo/pets.jsonl";
const BESIDE: &str = "zoo/pets.jsonl.next";

#[test]
fn a_row_holds_the_record_and_what_is_known_of_it() {
    let place = Place::new();
    let meta = json!({"changes": [{"field": "big", "change": "NULLED", "reason": "SOURCE_FIELD_SIZE_LIMITATION"}]});
    let record = r#"{"type":"RECORD","record":{"stream":"pets","namespace":"a b/c","data":{"id":1,"n":12345678901234567890123},"emitted_at":1700000000001,"meta":META}}"#;
    let mut catalog = one_stream("append", 4, 0);
    catalog["streams"][0]["stream"]["namespace"] = "a b/c".into();
    let ended = status("pets", "COMPLETE").replace(
        r#"{"name":"pets"}"#,
        r#"{"name":"pets","namespace":"a b/c"}"#,
    );
    let input = format!("{}\n{ended}", record.replace("META", &meta.to_string()));
    let run = place.write(Way::Child, "local-json", &folder("zoo"), &catalog, &input);
    assert_eq!(run.code, Some(0), "{run:?}");
    let text =
        std::fs::read_to_string(place.local().join("zoo/a b%2Fc.pets.jsonl")).expect("a file");
    assert!(
        text.contains(r#""_airbyte_data":{"id":1,"n":12345678901234567890123}}"#),
        "{text}"
    );
    let row = &parse(&text)[0];
    assert_eq!(row["_airbyte_raw_id"].as_str().map(str::len), Some(36));
    assert_eq!(row["_airbyte_extracted_at"], 1_700_000_000_001_i64);
    assert_eq!(
        row["_airbyte_meta"],
        json!({"sync_id": 9, "changes": meta["changes"]})
    );
    assert_eq!(row["_airbyte_generation_id"], 4);
}

#[test]
fn appending_keeps_what_was_there() {
    let place = Place::new();
    for (way, generation) in [(Way::Child, 0), (Way::Inside, 1)] {
        let run = write_pets(
            &place,
            way,
            &one_stream("append", generation, 0),
            &[1, 2],
            "COMPLETE",
        );
        assert_eq!((run.code, run.all("STATE").len()), (Some(0), 1), "{run:?}");
        assert_eq!(run.all("STATE")[0]["destinationStats"]["recordCount"], 2.0);
    }
    assert_eq!(rows(&place, PETS), [(1, 0), (2, 0), (1, 1), (2, 1)]);
    // The mode says overwrite, the generations say that everything stays: a later attempt of a refresh.
    write_pets(
        &place,
        Way::Inside,
        &one_stream("overwrite", 2, 0),
        &[3],
        "INCOMPLETE",
    );
    assert_eq!(rows(&place, PETS).last(), Some(&(3, 2)));
}

#[test]
fn earlier_generations_go_when_the_stream_is_complete_and_not_before() {
    let place = Place::new();
    let write = |catalog: &Value, ids: &[i64], ended: &str| {
        write_pets(&place, Way::Inside, catalog, ids, ended)
    };
    assert_eq!(
        write(&one_stream("overwrite", 1, 1), &[1, 2], "COMPLETE").code,
        Some(0)
    );
    assert_eq!(rows(&place, PETS), [(1, 1), (2, 1)]);
    // A truncating run that breaks off leaves the old rows alone and its own beside them.
    assert_eq!(
        write(&one_stream("overwrite", 2, 2), &[3], "").code,
        Some(1)
    );
    assert_eq!(
        write(&one_stream("overwrite", 2, 2), &[4], "INCOMPLETE").code,
        Some(0)
    );
    assert_eq!(
        (rows(&place, PETS), rows(&place, BESIDE)),
        (vec![(1, 1), (2, 1)], vec![(3, 2), (4, 2)])
    );
    // The next attempt goes on with them, and completes.
    assert_eq!(
        write(&one_stream("overwrite", 2, 2), &[5], "COMPLETE").code,
        Some(0)
    );
    assert_eq!(
        (rows(&place, PETS), rows(&place, BESIDE)),
        (vec![(3, 2), (4, 2), (5, 2)], vec![])
    );
    // What an attempt of an older generation left is of no use to a newer one.
    write(&one_stream("overwrite", 3, 3), &[6], "INCOMPLETE");
    write(&one_stream("overwrite", 4, 4), &[7], "COMPLETE");
    assert_eq!(rows(&place, PETS), [(7, 4)]);
    // A later attempt of the same generation adds to what is there already.
    write(&one_stream("overwrite", 4, 4), &[8], "COMPLETE");
    assert_eq!(rows(&place, PETS), [(7, 4), (8, 4)]);
    // A clear: no records, everything goes.
    write(&one_stream("overwrite", 5, 5), &[], "COMPLETE");
    assert_eq!(
        std::fs::read(place.local().join(PETS)).expect("an empty file"),
        b""
    );
    assert!(!place.local().join(BESIDE).exists());
}

#[test]
fn rows_of_a_refresh_that_was_given_up_stay_when_everything_is_to_stay() {
    let place = Place::new();
    let write = |catalog: &Value, ids: &[i64], ended: &str| {
        write_pets(&place, Way::Inside, catalog, ids, ended);
    };
    write(&one_stream("append", 0, 0), &[1], "COMPLETE");
    write(&one_stream("append", 1, 1), &[2], "INCOMPLETE");
    assert_eq!(rows(&place, PETS), [(1, 0)]);
    write(&one_stream("append", 1, 0), &[3], "COMPLETE");
    assert_eq!(rows(&place, PETS), [(1, 0), (2, 1), (3, 1)]);
    assert!(!place.local().join(BESIDE).exists());
}

#[test]
fn without_generations_the_mode_alone_counts() {
    let place = Place::new();
    for (mode, wanted) in [
        ("append", 2),
        ("append", 4),
        ("overwrite", 2),
        ("overwrite", 2),
    ] {
        let catalog = json!({"streams": [configured("pets", mode, None)]});
        assert_eq!(
            write_pets(&place, Way::Inside, &catalog, &[1, 2], "COMPLETE").code,
            Some(0)
        );
        assert_eq!(rows(&place, PETS).len(), wanted);
    }
}

#[test]
fn modes_and_generations_that_files_cannot_have_are_refused() {
    let place = Place::new();
    for (catalog, kind) in [
        (one_stream("append_dedup", 1, 0), "config_error"),
        (one_stream("append", 3, 2), "system_error"),
    ] {
        let run = write_pets(&place, Way::Inside, &catalog, &[1], "COMPLETE");
        assert_eq!(
            (run.code, run.error().map(|error| error.0)),
            (Some(1), Some(kind))
        );
        assert!(run.all("STATE").is_empty());
    }
}

#[test]
fn a_record_whose_data_is_no_json_never_reaches_the_file() {
    let place = Place::new();
    let input = format!(
        "{}{}\n",
        record("pets", 1),
        r#"{"type":"RECORD","record":{"stream":"pets","data":{"id":1 oops},"emitted_at":1}}"#
    );
    let run = place.write(
        Way::Inside,
        "local-json",
        &folder("zoo"),
        &one_stream("append", 0, 0),
        &input,
    );
    assert_eq!(
        (run.code, run.error().map(|error| error.0)),
        (Some(1), Some("system_error"))
    );
    assert!(rows(&place, PETS).len() <= 1);
}

#[test]
fn a_state_is_given_back_only_when_its_rows_are_in_the_file() {
    let place = Place::new();
    let (config, catalog) = (
        place.file("c", &folder("zoo")),
        place.file("k", &one_stream("append", 0, 0)),
    );
    let words = [
        "destination-local-json",
        "write",
        "--config",
        &config,
        "--catalog",
        &catalog,
    ];
    let mut child = place.child(&words);
    let mut input = child.stdin.take().expect("its input");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    for round in 1..4 {
        let sent = [
            record("pets", round),
            state("pets", round),
            record("pets", 100 + round),
        ]
        .concat();
        input.write_all(sent.as_bytes()).expect("sent");
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        assert_eq!(parse(&line)[0]["state"]["id"], round);
        assert!(rows(&place, PETS).iter().any(|(id, _)| *id == round));
    }
    child.kill().expect("killed");
    child.wait().expect("an end");
    let count = rows(&place, PETS).len();
    // As if the last row had only been written in part.
    let file = place.local().join(PETS);
    let whole = std::fs::read(&file).expect("rows");
    std::fs::write(&file, [&whole[..], b"{\"_airbyte_raw"].concat()).expect("written");
    write_pets(
        &place,
        Way::Inside,
        &one_stream("append", 0, 0),
        &[7],
        "COMPLETE",
    );
    assert_eq!(rows(&place, PETS).len(), count + 1);
}

#[test]
fn nothing_is_written_outside_of_the_local_folder() {
    let place = Place::new();
    let outside = place.0.path().join("outside");
    std::fs::create_dir_all(&outside).expect("a folder");
    std::fs::create_dir_all(place.local().join("zoo")).expect("a folder");
    std::os::unix::fs::symlink(&outside, place.local().join("link")).expect("a link");
    std::os::unix::fs::symlink(outside.join("pets"), place.local().join(PETS)).expect("a link");
    std::fs::write(place.local().join("file"), "").expect("written");
    for path in [
        "/local/../outside",
        "..",
        "link",
        "/local/link/deeper",
        "file",
    ] {
        let config = place.file("c", &folder(path));
        let check = Run::of_child(&place.output(
            &["destination-local-json", "check", "--config", &config],
            "",
        ));
        let status = &check.messages[0]["connectionStatus"];
        assert_eq!(
            (check.code, &status["status"]),
            (Some(0), &json!("FAILED")),
            "{path}"
        );
        assert!(
            status["message"]
                .as_str()
                .is_some_and(|message| message.contains("destination_path")),
            "{status}"
        );
        let run = place.write(
            Way::Inside,
            "local-json",
            &folder(path),
            &one_stream("append", 0, 0),
            &record("pets", 1),
        );
        assert_eq!(
            (run.code, run.error().map(|error| error.0)),
            (Some(1), Some("config_error")),
            "{path}"
        );
    }
    let run = write_pets(
        &place,
        Way::Inside,
        &one_stream("append", 0, 0),
        &[1],
        "COMPLETE",
    );
    assert_eq!(run.code, Some(1), "the file itself is a link");
    assert_eq!(std::fs::read_dir(&outside).expect("the folder").count(), 0);
    let config = place.file("c", &folder("/etc/zoo"));
    let check = Run::of_child(&place.output(
        &["destination-local-json", "check", "--config", &config],
        "",
    ));
    assert_eq!(
        check.messages[0]["connectionStatus"]["status"], "SUCCEEDED",
        "below /local like all others"
    );
    assert!(place.local().join("etc/zoo").is_dir() && !Path::new("/etc/zoo").exists());
    assert_eq!(
        std::fs::read_dir(place.local().join("etc/zoo"))
            .expect("the folder")
            .count(),
        0,
        "the probe is gone"
    );
}
