//! What may be referred to, and what is said of the rest.

use serde_json::json;

use super::*;
use crate::vault::store::Reply;

fn secrets(pairs: &[(&str, &str)]) -> Secrets {
    let pair = |(field, text): &(&str, &str)| ((*field).to_owned(), SecretValue::new(json!(text)));
    pairs.iter().map(pair).collect()
}

fn variable(name: &str) -> Option<String> {
    (name == "FERROBYTE_SECRET_A" || name == "HOME").then(|| "hush-env".to_owned())
}

fn resolver(stores: Stores) -> Resolver {
    let fetch = Fetch::new(|request: Request| async move {
        assert_eq!(request.token, "the-token");
        let (status, body) = match request.url.as_str() {
            "http://store/v1/secret/data/db" => (
                200,
                json!({ "data": { "data": { "password": "hush-2", "port": 5432 }, "metadata": {} } }),
            ),
            "http://store/v1/kv/db" => (200, json!({ "data": { "password": "hush-1" } })),
            "http://store/v1/closed" => (403, json!({})),
            "http://store/v1/text" => (200, json!("text")),
            "http://store/v1/down" => return Err("cannot be looked up".to_owned()),
            _ => (404, json!({})),
        };
        let body = body.to_string().into_bytes();
        Ok(Reply { status, body })
    });
    Resolver {
        stores,
        variable,
        fetch,
    }
}

async fn look_up(resolver: &Resolver, coordinate: &str) -> Result<Value, String> {
    let text = format!("{PREFIX}{coordinate}");
    let found = resolver.resolve(secrets(&[("/a", &text)])).await;
    let only = |unresolved: Vec<Unresolved>| {
        assert_eq!((unresolved.len(), unresolved[0].field.as_str()), (1, "/a"));
        unresolved[0].why.clone()
    };
    found
        .map(|found| found["/a"].reveal().clone())
        .map_err(only)
}

#[test]
fn a_coordinate_is_read_strictly() {
    let good = [
        "env:FERROBYTE_SECRET_A",
        "file:token",
        "file:/run/secrets/token",
        "vault:secret/data/db#password",
        "vault:kv/a_b-c.d#with space",
    ];
    for coordinate in good {
        let text = format!("{PREFIX}{coordinate}");
        let parsed = Coordinate::parse(&text).expect("meant").expect(coordinate);
        assert_eq!(parsed.to_string(), coordinate);
    }
    let bad = [
        "",
        "nonsense",
        "env:",
        "env:A B",
        "env:A=B",
        "file:",
        "file:/",
        "file:../token",
        "file:a/../../b",
        "vault:secret/data/db",
        "vault:#x",
        "vault:a//b#x",
        "vault:a/../b#x",
        "vault:a#",
        "vault:a?b#x",
        "vault:a%2fb#x",
        "aws:x",
    ];
    for coordinate in bad {
        let text = format!("{PREFIX}{coordinate}");
        assert!(
            Coordinate::parse(&text).expect("meant").is_err(),
            "{coordinate}"
        );
    }
    assert!(Coordinate::parse("env:FERROBYTE_SECRET_A").is_none());
}

#[tokio::test]
async fn every_store_is_closed_until_the_operator_opens_it() {
    let closed = resolver(Stores::default());
    for (coordinate, setting) in [
        ("env:FERROBYTE_SECRET_A", "vault.references_env"),
        ("file:token", "vault.references_dir"),
        ("vault:kv/db#password", "vault.store_address"),
    ] {
        let why = look_up(&closed, coordinate).await.expect_err("closed");
        assert!(why.contains(coordinate) && why.contains(setting), "{why}");
    }
}

#[tokio::test]
async fn variables_with_the_right_beginning_are_looked_up() {
    let open = resolver(Stores {
        environment: Some("FERROBYTE_SECRET_".to_owned()),
        ..Stores::default()
    });
    assert_eq!(
        look_up(&open, "env:FERROBYTE_SECRET_A").await,
        Ok(json!("hush-env"))
    );
    let why = look_up(&open, "env:HOME")
        .await
        .expect_err("another beginning");
    assert!(
        why.contains("begin with FERROBYTE_SECRET_") && !why.contains("hush"),
        "{why}"
    );
    let why = look_up(&open, "env:FERROBYTE_SECRET_B")
        .await
        .expect_err("not set");
    assert!(why.ends_with("names a variable that is not set"), "{why}");
}

#[tokio::test]
async fn files_below_the_directory_are_read_and_no_way_leads_out() {
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("secrets");
    std::fs::create_dir_all(directory.join("more")).expect("directories");
    std::fs::write(directory.join("token"), "hush-file\n").expect("a file");
    std::fs::write(directory.join("more/key"), "two\nlines\n").expect("a file");
    std::fs::write(parent.path().join("outside"), "hush-outside").expect("a file");
    std::os::unix::fs::symlink("../outside", directory.join("link")).expect("a link");
    let open = resolver(Stores {
        directory: Some(directory.clone()),
        ..Stores::default()
    });
    assert_eq!(look_up(&open, "file:token").await, Ok(json!("hush-file")));
    assert_eq!(
        look_up(&open, "file:more/key").await,
        Ok(json!("two\nlines"))
    );
    let whole = format!("file:{}", directory.join("token").display());
    assert_eq!(look_up(&open, &whole).await, Ok(json!("hush-file")));
    let outside = format!("file:{}", parent.path().join("outside").display());
    for (coordinate, said) in [
        ("file:link", "must be below"),
        (outside.as_str(), "must be below"),
        ("file:/etc/no-such-file", "must be below"),
        ("file:more", "names no file"),
        ("file:missing", "could not be read"),
    ] {
        let why = look_up(&open, coordinate).await.expect_err(coordinate);
        assert!(why.contains(said) && !why.contains("hush"), "{why}");
    }
}

#[tokio::test]
async fn both_versions_of_a_vaults_key_value_store_are_read() {
    let open = resolver(Stores {
        vault: Some(VaultStore {
            address: "http://store".to_owned(),
            token: "the-token".to_owned(),
        }),
        ..Stores::default()
    });
    assert_eq!(
        look_up(&open, "vault:secret/data/db#password").await,
        Ok(json!("hush-2"))
    );
    assert_eq!(
        look_up(&open, "vault:secret/data/db#port").await,
        Ok(json!(5432))
    );
    assert_eq!(
        look_up(&open, "vault:kv/db#password").await,
        Ok(json!("hush-1"))
    );
    for (coordinate, said) in [
        ("vault:kv/db#user", "a field that the store does not have"),
        ("vault:closed#a", "refused"),
        ("vault:nowhere#a", "not known"),
        ("vault:text#a", "a field that the store does not have"),
        ("vault:down#a", "cannot be looked up"),
    ] {
        let why = look_up(&open, coordinate).await.expect_err(coordinate);
        assert!(
            why.contains(said) && !why.contains("hush") && !why.contains("the-token"),
            "{why}"
        );
    }
    assert!(!format!("{open:?}").contains("the-token"));
}

#[tokio::test]
async fn plain_secrets_stay_and_every_failing_reference_is_named() {
    let closed = resolver(Stores::default());
    let plain = secrets(&[("/a", "hush"), ("/b", "env:NOT_A_REFERENCE")]);
    assert_eq!(closed.resolve(plain.clone()).await, Ok(plain));
    let (one, two) = (format!("{PREFIX}env:A"), format!("{PREFIX}file:b"));
    let several = secrets(&[("/a", "hush"), ("/b", &one), ("/c", &two)]);
    let unresolved = closed.resolve(several).await.expect_err("closed");
    let fields: Vec<_> = unresolved.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["/b", "/c"]);
}
