//! `destination-csv`: the same files as those of JSON lines, in another form.

use serde_json::{Value, json};

use super::{Place, Run, Way, one_stream, record, state, status};

const PETS: &str = "zoo/pets.csv";

/// The rows of a file, as any reader of CSV sees them.
fn rows(place: &Place, file: &str, delimiter: char) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(place.local().join(file)).unwrap_or_default();
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            letter if letter == delimiter && !quoted => row.push(std::mem::take(&mut field)),
            letter => field.push(letter),
        }
    }
    assert!(row.is_empty() && field.is_empty(), "a line without an end");
    rows
}

/// The generations of the rows, below the line of names.
fn generations(place: &Place, file: &str) -> Vec<String> {
    let rows = rows(place, file, ',').into_iter();
    rows.skip(1).map(|mut row| row.swap_remove(3)).collect()
}

fn write(place: &Place, configuration: &Value, catalog: &Value, input: &str) -> Run {
    place.write(Way::Inside, "csv", configuration, catalog, input)
}

fn pets(ids: &[i64], ended: &str) -> String {
    let mut input: String = ids.iter().map(|id| record("pets", *id)).collect();
    input.push_str(&state("pets", 1));
    if !ended.is_empty() {
        input.push_str(&status("pets", ended));
    }
    input
}

#[test]
fn a_row_of_csv_holds_the_record_as_json_whatever_stands_in_it() {
    let place = Place::new();
    let data = r#"{"id":1,"says":"\"a,b\"; c\nd","n":12345678901234567890123}"#;
    let record = format!(
        r#"{{"type":"RECORD","record":{{"stream":"pets","data":{data},"emitted_at":1700000000001}}}}"#
    );
    let input = format!("{record}\n{}", status("pets", "COMPLETE"));
    for (delimiter, letter) in [("\\u002c", ','), ("\\u003b", ';'), ("\\u0009", '\t')] {
        let path = format!("/local/{}", u32::from(letter));
        let configuration =
            json!({ "destination_path": path, "delimiter_type": { "delimiter": delimiter } });
        let run = write(&place, &configuration, &one_stream("append", 4, 0), &input);
        assert_eq!(run.code, Some(0), "{run:?}");
        let file = format!("{}/pets.csv", u32::from(letter));
        let rows = rows(&place, &file, letter);
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert_eq!(
            rows[0].join(" "),
            "_airbyte_raw_id _airbyte_extracted_at _airbyte_meta _airbyte_generation_id _airbyte_data"
        );
        assert_eq!(rows[1][0].len(), 36);
        assert_eq!(
            rows[1][1..],
            ["1700000000001", r#"{"sync_id":9,"changes":[]}"#, "4", data]
        );
    }
    let wrong = json!({ "destination_path": "zoo", "delimiter_type": { "delimiter": "x" } });
    assert_eq!(
        write(&place, &wrong, &one_stream("append", 0, 0), &input).code,
        Some(1)
    );
}

#[test]
fn files_of_csv_are_added_to_and_replaced_with_one_line_of_names() {
    let place = Place::new();
    let zoo = json!({ "destination_path": "/local/zoo" });
    for _ in 0..2 {
        let run = write(
            &place,
            &zoo,
            &one_stream("append", 0, 0),
            &pets(&[1, 2], "COMPLETE"),
        );
        assert_eq!((run.code, run.all("STATE").len()), (Some(0), 1), "{run:?}");
    }
    assert_eq!(generations(&place, PETS), ["0", "0", "0", "0"]);
    // A replacement that breaks off is gone on with, and takes the place of the rest when it is complete.
    write(
        &place,
        &zoo,
        &one_stream("overwrite", 2, 2),
        &pets(&[3], ""),
    );
    assert_eq!(generations(&place, PETS).len(), 4);
    write(
        &place,
        &zoo,
        &one_stream("overwrite", 2, 2),
        &pets(&[4], "COMPLETE"),
    );
    assert_eq!(generations(&place, PETS), ["2", "2"]);
    // One that was given up leaves its rows to what comes after.
    write(
        &place,
        &zoo,
        &one_stream("overwrite", 3, 3),
        &pets(&[5], "INCOMPLETE"),
    );
    write(
        &place,
        &zoo,
        &one_stream("append", 3, 0),
        &pets(&[6], "COMPLETE"),
    );
    assert_eq!(generations(&place, PETS), ["2", "2", "3", "3"]);
}
