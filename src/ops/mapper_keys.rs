//! The secrets of a connection: the keys of mappers that encrypt. They are sealed under the connection's
//! id, each by its place in the list of streams, and masked wherever somebody reads. A mask that is sent
//! back keeps the key of the mapper with the same id, wherever it stands now; else of the one that does
//! the same to the same field of the same stream.

use crate::app::App;
use crate::domain::ids::ConnectionId;
use crate::domain::mapper::{Deed, Encryption, Mapper};
use crate::domain::stream::StreamChoice;
use crate::engine::relay::values;
use crate::error::{Error, Fault, Result};
use crate::store::db::Exec;
use crate::vault::configuration::{MASK, SecretValue, Secrets};
use crate::vault::references::{Coordinate, Unresolved};

use super::secrets;

/// What is stored of a connection's streams, opened.
#[derive(Debug)]
pub struct Opened {
    streams: Vec<StreamChoice>,
    secrets: Secrets,
}

/// The streams of a connection with the keys in their places: for a run, never for a reader. Its secrets
/// are given, too, to be hidden.
///
/// # Errors
/// Each reference that cannot be looked up.
pub async fn for_run(
    app: &App,
    opened: Opened,
) -> std::result::Result<(Vec<StreamChoice>, Secrets), Vec<Unresolved>> {
    let Opened {
        mut streams,
        secrets,
    } = opened;
    let secrets = app.references.resolve(secrets).await?;
    for (place, mapper) in places(&mut streams) {
        if let (Some(key), Some(secret)) = (key_of(mapper), secrets.get(&place))
            && let Some(text) = secret.reveal().as_str()
        {
            text.clone_into(key);
        }
    }
    Ok((streams, secrets))
}

/// # Errors
/// When a key does not open.
pub async fn open(
    app: &App,
    db: &mut dyn Exec,
    connection: ConnectionId,
    streams: &str,
) -> Result<Opened> {
    Ok(Opened {
        streams: serde_json::from_str(streams).map_err(Error::internal)?,
        secrets: secrets::open(app, db, connection.into()).await?,
    })
}

/// Takes the keys out of streams that were sent, and gives ids to mappers that have none.
///
/// # Errors
/// Every mask that keeps nothing, and every key that is none.
pub(super) fn take(
    streams: &mut [StreamChoice],
    stored: Option<&Opened>,
    new_id: impl Fn() -> uuid::Uuid,
) -> Result<Secrets, Vec<Fault>> {
    let mut taken = Secrets::new();
    let mut faults = Vec::new();
    for (stream, choice) in streams.iter_mut().enumerate() {
        let (name, namespace) = (choice.name.clone(), choice.namespace.clone());
        for (index, mapper) in choice.mappers.iter_mut().enumerate() {
            let place = place(stream, index);
            let twin = stored.and_then(|stored| stored.twin(&name, namespace.as_deref(), mapper));
            mapper.id.get_or_insert_with(&new_id);
            let fault = |why: &str, place: &str| {
                Fault::in_body(format!("/configurations/streams{place}"), why.to_owned())
            };
            if let Some(why) = unreadable(mapper) {
                let place = place.replace("/key", "/publicKey");
                faults.push(fault(&why, &place));
            }
            let Some(key) = key_of(mapper) else { continue };
            if key == MASK {
                match twin {
                    Some(secret) => drop(taken.insert(place, secret.clone())),
                    None => {
                        let why = "is a mask, and no key is stored for this mapper";
                        faults.push(fault(why, &place));
                    }
                }
                continue;
            }
            match refusal(key) {
                Some(why) => faults.push(fault(&why, &place)),
                None => {
                    let secret = std::mem::replace(key, MASK.to_owned());
                    taken.insert(place, SecretValue::new(secret.into()));
                }
            }
        }
    }
    if faults.is_empty() {
        Ok(taken)
    } else {
        Err(faults)
    }
}

impl Opened {
    /// The key of what was this mapper.
    fn twin(&self, name: &str, namespace: Option<&str>, mapper: &Mapper) -> Option<&SecretValue> {
        let all = || {
            self.streams
                .iter()
                .enumerate()
                .flat_map(|(stream, choice)| {
                    let mappers = choice.mappers.iter().enumerate();
                    mappers.map(move |(index, mapper)| (choice, mapper, place(stream, index)))
                })
        };
        let same_id = |other: &Mapper| mapper.id.is_some() && other.id == mapper.id;
        let same_deed = |choice: &StreamChoice, other: &Mapper| {
            choice.name == name
                && choice.namespace.as_deref() == namespace
                && field(other).is_some()
                && field(other) == field(mapper)
        };
        let by_id = all().find(|(_, other, _)| same_id(other));
        let found = by_id.or_else(|| all().find(|(choice, other, _)| same_deed(choice, other)));
        found.and_then(|(_, _, place)| self.secrets.get(&place))
    }
}

/// Why nothing can be encrypted by the public key of a mapper.
fn unreadable(mapper: &Mapper) -> Option<String> {
    match &mapper.deed {
        Deed::Encryption(Encryption::Rsa { public_key, .. }) => values::public(public_key).err(),
        _ => None,
    }
}

/// Why a text is no key of AES.
fn refusal(key: &str) -> Option<String> {
    if let Some(coordinate) = Coordinate::parse(key) {
        return coordinate.err();
    }
    let hexadecimal = key.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!hexadecimal || !matches!(key.len(), 32 | 48 | 64))
        .then(|| "must be a key of 16, 24 or 32 bytes, in hexadecimal digits".to_owned())
}

fn field(mapper: &Mapper) -> Option<&str> {
    match &mapper.deed {
        Deed::Encryption(Encryption::Aes { target_field, .. }) => Some(target_field),
        _ => None,
    }
}

fn key_of(mapper: &mut Mapper) -> Option<&mut String> {
    match &mut mapper.deed {
        Deed::Encryption(Encryption::Aes { key, .. }) => Some(key),
        _ => None,
    }
}

fn places(streams: &mut [StreamChoice]) -> impl Iterator<Item = (String, &mut Mapper)> {
    streams.iter_mut().enumerate().flat_map(|(stream, choice)| {
        let mappers = choice.mappers.iter_mut().enumerate();
        mappers.map(move |(index, mapper)| (place(stream, index), mapper))
    })
}

/// Where the key of a mapper stands in the list of streams.
fn place(stream: usize, mapper: usize) -> String {
    format!("/{stream}/mappers/{mapper}/mapperConfiguration/key")
}
