//! Mappers: what happens to a stream's records between source and destination. Here is what they are
//! and whether they fit a stream's fields; `engine` applies them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One mapper of a stream. They are applied in order; each sees what the one before it left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mapper {
    /// Given by the server when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    #[serde(flatten)]
    pub deed: Deed,
}

/// What a mapper does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(
    tag = "type",
    content = "mapperConfiguration",
    rename_all = "kebab-case"
)]
pub enum Deed {
    Hashing(Hashing),
    FieldRenaming(FieldRenaming),
    FieldFiltering(FieldFiltering),
    RowFiltering(RowFiltering),
    Encryption(Encryption),
}

/// Replaces a field by the hexadecimal hash of its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hashing {
    pub target_field: String,
    pub method: HashMethod,
    /// The new field is named `<targetField><fieldNameSuffix>`.
    pub field_name_suffix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum HashMethod {
    #[serde(rename = "MD2")]
    Md2,
    #[serde(rename = "MD5")]
    Md5,
    #[serde(rename = "SHA-1")]
    Sha1,
    #[serde(rename = "SHA-224")]
    Sha224,
    #[serde(rename = "SHA-256")]
    Sha256,
    #[serde(rename = "SHA-384")]
    Sha384,
    #[serde(rename = "SHA-512")]
    Sha512,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldRenaming {
    pub original_field_name: String,
    pub new_field_name: String,
}

/// Leaves a field out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldFiltering {
    pub target_field: String,
}

/// Lets only those records pass that meet the condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RowFiltering {
    pub conditions: Condition,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
pub enum Condition {
    #[serde(rename_all = "camelCase")]
    Equal {
        field_name: String,
        comparison_value: String,
    },
    /// None of these.
    #[schema(no_recursion)]
    Not { conditions: Vec<Condition> },
}

/// Replaces a field by its encrypted text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "algorithm")]
pub enum Encryption {
    #[serde(rename = "RSA", rename_all = "camelCase")]
    Rsa {
        target_field: String,
        field_name_suffix: String,
        /// PEM, or the base64 inside it.
        public_key: String,
    },
    #[serde(rename = "AES", rename_all = "camelCase")]
    Aes {
        target_field: String,
        field_name_suffix: String,
        /// Hexadecimal, of 16, 24 or 32 bytes. A secret: masked when read.
        key: String,
        mode: AesMode,
        padding: Padding,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum AesMode {
    Cbc,
    Cfb,
    Ofb,
    Ctr,
    Gcm,
    Ecb,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Padding {
    NoPadding,
    #[serde(rename = "PKCS5Padding")]
    Pkcs5Padding,
}

/// Why a mapper does not fit its stream, in the words that clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    InvalidConfiguration,
    FieldNotFound,
    FieldAlreadyExists,
}

impl Misfit {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidConfiguration => "INVALID_MAPPER_CONFIG",
            Self::FieldNotFound => "FIELD_NOT_FOUND",
            Self::FieldAlreadyExists => "FIELD_ALREADY_EXISTS",
        }
    }
}

impl Deed {
    /// Applies the mapper to the names of a stream's fields, as the next mapper will see them.
    ///
    /// # Errors
    /// Why it does not fit, with a sentence.
    pub fn reshape(&self, fields: &mut Vec<String>) -> Result<(), (Misfit, String)> {
        match self {
            Self::Hashing(hashing) => replace(
                fields,
                &hashing.target_field,
                &format!("{}{}", hashing.target_field, hashing.field_name_suffix),
            ),
            Self::FieldRenaming(renaming) => replace(
                fields,
                &renaming.original_field_name,
                &renaming.new_field_name,
            ),
            Self::FieldFiltering(filtering) => {
                let index = found(fields, &filtering.target_field)?;
                fields.remove(index);
                Ok(())
            }
            Self::RowFiltering(filtering) => filtering.conditions.check(fields),
            Self::Encryption(encryption) => {
                let (target, suffix) = encryption.field();
                encryption.check()?;
                replace(fields, target, &format!("{target}{suffix}"))
            }
        }
    }
}

impl Encryption {
    /// The field that is encrypted, and what is appended to its name.
    #[must_use]
    pub fn field(&self) -> (&str, &str) {
        match self {
            Self::Rsa {
                target_field,
                field_name_suffix,
                ..
            }
            | Self::Aes {
                target_field,
                field_name_suffix,
                ..
            } => (target_field, field_name_suffix),
        }
    }

    fn check(&self) -> Result<(), (Misfit, String)> {
        let invalid = |why: &str| Err((Misfit::InvalidConfiguration, why.to_owned()));
        match self {
            Self::Rsa { public_key, .. } if public_key.trim().is_empty() => {
                invalid("publicKey is empty")
            }
            Self::Aes {
                mode: AesMode::Ctr | AesMode::Cfb | AesMode::Ofb | AesMode::Gcm,
                padding: Padding::Pkcs5Padding,
                ..
            } => invalid("this mode of AES works without padding: use NoPadding"),
            Self::Aes {
                mode: AesMode::Cbc | AesMode::Ecb,
                padding: Padding::NoPadding,
                ..
            } => invalid("this mode of AES needs padding: use PKCS5Padding"),
            _ => Ok(()),
        }
    }
}

impl Condition {
    fn check(&self, fields: &[String]) -> Result<(), (Misfit, String)> {
        match self {
            Self::Equal { field_name, .. } => found(fields, field_name).map(|_| ()),
            Self::Not { conditions } if conditions.is_empty() => Err((
                Misfit::InvalidConfiguration,
                "NOT needs a condition".to_owned(),
            )),
            Self::Not { conditions } => conditions.iter().try_for_each(|one| one.check(fields)),
        }
    }
}

fn found(fields: &[String], name: &str) -> Result<usize, (Misfit, String)> {
    fields
        .iter()
        .position(|field| field == name)
        .ok_or_else(|| (Misfit::FieldNotFound, format!("there is no field {name}")))
}

fn replace(fields: &mut [String], old: &str, new: &str) -> Result<(), (Misfit, String)> {
    let index = found(fields, old)?;
    if new.is_empty() {
        return Err((
            Misfit::InvalidConfiguration,
            format!("{old} would have no name"),
        ));
    }
    if old != new && fields.iter().any(|field| field == new) {
        return Err((
            Misfit::FieldAlreadyExists,
            format!("there is a field {new} already"),
        ));
    }
    new.clone_into(&mut fields[index]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn after(mappers: &Value) -> Result<String, String> {
        let mappers: Vec<Mapper> =
            serde_json::from_value(mappers.clone()).map_err(|why| why.to_string())?;
        let mut fields = ["id", "email", "name"].map(str::to_owned).to_vec();
        for mapper in mappers {
            mapper
                .deed
                .reshape(&mut fields)
                .map_err(|(misfit, why)| format!("{}: {why}", misfit.as_str()))?;
        }
        Ok(fields.join(" "))
    }

    #[test]
    fn mappers_change_the_fields_in_order() {
        let hash = |field| json!({"type": "hashing", "mapperConfiguration": {"targetField": field, "method": "SHA-256", "fieldNameSuffix": "_hashed"}});
        let rename = |from, to| json!({"type": "field-renaming", "mapperConfiguration": {"originalFieldName": from, "newFieldName": to}});
        let drop = |field| json!({"type": "field-filtering", "mapperConfiguration": {"targetField": field}});
        let only = |field| json!({"type": "row-filtering", "mapperConfiguration": {"conditions": {"type": "NOT", "conditions": [{"type": "EQUAL", "fieldName": field, "comparisonValue": "x"}]}}});
        let aes = |mode, padding| json!({"type": "encryption", "mapperConfiguration": {"algorithm": "AES", "targetField": "name", "fieldNameSuffix": "_e", "key": "00112233445566778899aabbccddeeff", "mode": mode, "padding": padding}});
        for (mappers, outcome) in [
            (json!([]), Ok("id email name")),
            (json!([hash("email")]), Ok("id email_hashed name")),
            (
                json!([rename("email", "mail"), hash("mail"), drop("name")]),
                Ok("id mail_hashed"),
            ),
            (
                json!([only("name"), aes("GCM", "NoPadding")]),
                Ok("id email name_e"),
            ),
            (
                json!([aes("CBC", "NoPadding")]),
                Err("INVALID_MAPPER_CONFIG: this mode of AES needs padding: use PKCS5Padding"),
            ),
            (
                json!([hash("phone")]),
                Err("FIELD_NOT_FOUND: there is no field phone"),
            ),
            (
                json!([hash("email"), only("email")]),
                Err("FIELD_NOT_FOUND: there is no field email"),
            ),
            (
                json!([rename("email", "name")]),
                Err("FIELD_ALREADY_EXISTS: there is a field name already"),
            ),
            (
                json!([rename("email", "")]),
                Err("INVALID_MAPPER_CONFIG: email would have no name"),
            ),
        ] {
            assert_eq!(
                after(&mappers),
                outcome.map(str::to_owned).map_err(str::to_owned),
                "{mappers}"
            );
        }
    }

    #[test]
    fn a_mapper_comes_back_as_it_was_sent() {
        let sent = json!({"id": "1f0a6f2b-2c0b-4f3e-9d6a-0c1f871d7e5a", "type": "encryption", "mapperConfiguration":
            {"algorithm": "RSA", "targetField": "a", "fieldNameSuffix": "_b", "publicKey": "k"}});
        let mapper: Mapper = serde_json::from_value(sent.clone()).expect("a mapper");
        assert_eq!(serde_json::to_value(mapper).expect("JSON"), sent);
    }
}
