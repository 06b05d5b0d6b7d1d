//! What mappers make of records, from the request that asks for them to the rows at the destination.

use std::sync::Arc;
use std::time::Duration;

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ferrobyte::ops::work;
use serde_json::{Value, json};
use sha2::Digest;

use crate::support::TestServer;
use crate::support::people::Person;

const KEY: [u8; 16] = [
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];

async fn actor(admin: &Person<'_>, home: &str, kind: &str, configuration: Value) -> Value {
    let body = json!({ "name": kind, "workspaceId": home, "configuration": configuration });
    let made = admin.post(&format!("/{kind}s"), body).await.ok(200);
    made[format!("{kind}Id")].clone()
}

/// The rows of users after a sync with these mappers, and without any.
async fn mapped(mappers: Value) -> (Vec<Value>, Vec<Value>) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("a path");
    let server = TestServer::with(&[("database.data_dir", path)]).await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let faker = json!({ "sourceType": "faker", "count": 30, "seed": 3 });
    let source = actor(&admin, &home, "source", faker).await;
    Arc::new(work::engine(&server.app)).begin(true);
    let mut tables = Vec::new();
    for (folder, mappers) in [("mapped", mappers), ("plain", json!([]))] {
        let files = json!({ "destinationType": "local-json", "destination_path": format!("/local/{folder}") });
        let destination = actor(&admin, &home, "destination", files).await;
        let fields = ["id", "email", "name", "gender"].map(|name| json!({ "fieldPath": [name] }));
        let streams = json!([{ "name": "users", "syncMode": "full_refresh_append",
            "mappers": mappers, "selectedFields": fields }]);
        let body = json!({ "sourceId": source, "destinationId": destination,
                           "configurations": { "streams": streams } });
        let connection = admin.post("/connections", body).await.ok(200);
        let wish = json!({ "connectionId": connection["connectionId"], "jobType": "sync" });
        let job = admin.post("/jobs", wish).await.ok(200)["jobId"].clone();
        ends_well(&admin, &job).await;
        let file = directory
            .path()
            .join("local")
            .join(folder)
            .join("users.jsonl");
        tables.push(rows(&std::fs::read_to_string(file).expect("a file")));
    }
    let plain = tables.pop().expect("two tables");
    (tables.pop().expect("two tables"), plain)
}

async fn ends_well(admin: &Person<'_>, job: &Value) {
    for _ in 0..600 {
        let now = admin.get(&format!("/jobs/{job}")).await.ok(200);
        match now["status"].as_str() {
            Some("succeeded") => return,
            Some("pending" | "running") => tokio::time::sleep(Duration::from_millis(50)).await,
            _ => panic!("{now}"),
        }
    }
    panic!("job {job} does not end");
}

fn rows(text: &str) -> Vec<Value> {
    let data = |line| serde_json::from_str::<Value>(line).expect("a row")["_airbyte_data"].take();
    text.lines().map(data).collect()
}

fn digits(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[tokio::test]
async fn records_arrive_as_the_mappers_of_their_stream_make_them() {
    let hexadecimal = digits(&KEY);
    let (mapped, plain) = mapped(json!([
        { "type": "row-filtering", "mapperConfiguration": { "conditions":
            { "type": "NOT", "conditions": [{ "type": "EQUAL", "fieldName": "id", "comparisonValue": "7" }] } } },
        { "type": "hashing", "mapperConfiguration":
            { "targetField": "email", "method": "SHA-256", "fieldNameSuffix": "_hashed" } },
        { "type": "encryption", "mapperConfiguration": { "algorithm": "AES", "targetField": "name",
            "fieldNameSuffix": "_sealed", "key": hexadecimal, "mode": "GCM", "padding": "NoPadding" } },
        { "type": "field-renaming", "mapperConfiguration":
            { "originalFieldName": "id", "newFieldName": "key" } },
        { "type": "field-filtering", "mapperConfiguration": { "targetField": "gender" } },
    ]))
    .await;
    assert_eq!((plain.len(), mapped.len()), (30, 29));
    let cipher = Aes128Gcm::new_from_slice(&KEY).expect("a key");
    let others = plain.iter().filter(|row| row["id"] != 7);
    for (row, plain) in mapped.iter().zip(others) {
        let names: Vec<_> = row
            .as_object()
            .expect("a row")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert_eq!(row["key"], plain["id"]);
        let email = plain["email"].as_str().expect("text");
        let hash = sha2::Sha256::digest(email);
        assert_eq!(row["email_hashed"], digits(&hash));
        let sealed = BASE64
            .decode(row["name_sealed"].as_str().expect("text"))
            .expect("base64");
        let vector = Nonce::try_from(&sealed[..12]).expect("12 bytes");
        let name = cipher.decrypt(&vector, &sealed[12..]).expect("a name");
        assert_eq!(plain["name"], *String::from_utf8(name).expect("text"));
    }
}

#[tokio::test]
async fn a_public_key_that_is_none_is_refused_by_its_place() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let home = admin.first_workspace().await;
    let source = admin.creates_actor("source", &home).await;
    let destination = admin.creates_actor("destination", &home).await;
    let mapper = json!({ "type": "encryption", "mapperConfiguration": { "algorithm": "RSA", "targetField": "name",
        "fieldNameSuffix": "_e", "publicKey": "bm8ga2V5" } });
    let body = json!({ "sourceId": source, "destinationId": destination,
        "configurations": { "streams": [{ "name": "users", "mappers": [mapper] }] } });
    let faults = admin.post("/connections", body).await.faults();
    assert_eq!(
        faults,
        ["body /configurations/streams/0/mappers/0/mapperConfiguration/publicKey"]
    );
}
