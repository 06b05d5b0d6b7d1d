//! The OpenAPI document held against the published contract: every operation of it exists, and each
//! path, parameter, field, enum value and success code of the contract is there. What we add is listed
//! in `EXTENSIONS`.

use std::collections::{BTreeMap, BTreeSet};

use ferrobyte::http::openapi;
use serde_json::Value;

/// How many operations the contract has: 92, and five of the older API.
const OPERATIONS: usize = 97;

/// What we have besides the contract.
const EXTENSIONS: &[&str] = &[
    "field ApplicationRead.lastUsedAt",
    "field ApplicationTokenRequestWithGrant.grant-type",
    "field ApplicationTokenRequestWithGrant.grant_type",
    "field ConnectionResponse.dataResidency",
    "field InitiateOauthRequest.definitionId",
    "field PublicAccessTokenResponse.expires_in",
    "field PublicAccessTokenResponse.token_type",
    "field ConnectionResponse.dataResidency",
    "header Idempotency-Key",
    "header If-Match",
    "header If-None-Match",
    "operation DELETE /api/public/v1/users/{userId}/applications/{applicationId}",
    "operation GET /api/public/v1/connections/{connectionId}/state",
    "operation GET /api/public/v1/jobs/{jobId}/attempts",
    "operation GET /api/public/v1/jobs/{jobId}/logs",
    "operation GET /api/public/v1/organizations/{organizationId}/auditLog",
    "operation GET /api/public/v1/organizations/{organizationId}/auditLog/export",
    "operation GET /api/public/v1/users/{userId}",
    "operation GET /api/public/v1/users/{userId}/applications",
    "operation GET /api/public/v1/workspaces/{workspaceId}/deliveries",
    "operation GET /api/public/v1/workspaces/{workspaceId}/webhookSecret",
    "operation GET /health",
    "operation GET /health/live",
    "operation GET /health/ready",
    "operation PATCH /api/public/v1/users/{userId}",
    "operation POST /api/public/v1/connections/{connectionId}/clear",
    "operation POST /api/public/v1/connections/{connectionId}/refresh",
    "operation POST /api/public/v1/connections/{connectionId}/schema/refresh",
    "operation POST /api/public/v1/destinations/check",
    "operation POST /api/public/v1/destinations/{destinationId}/check",
    "operation POST /api/public/v1/organizations",
    "operation POST /api/public/v1/sources/check",
    "operation POST /api/public/v1/sources/{sourceId}/check",
    "operation POST /api/public/v1/users",
    "operation POST /api/public/v1/users/{userId}/applications",
    "operation POST /api/public/v1/users/{userId}/invitation",
    "operation POST /api/public/v1/workspaces/{workspaceId}/deliveries/test",
    "operation POST /api/public/v1/workspaces/{workspaceId}/move",
    "operation POST /api/public/v1/workspaces/{workspaceId}/webhookSecret/rotate",
    "operation POST /api/v1/connections/get",
    "operation POST /api/v1/connections/sync",
    "operation POST /api/v1/destinations/check_connection",
    "operation POST /api/v1/jobs/get",
    "operation POST /api/v1/sources/check_connection",
    "operation POST /api/v1/state/create_or_update_safe",
    "operation POST /api/v1/state/get",
    "operation POST /api/v1/workspaces/get_organization_info",
    "operation PUT /api/public/v1/connections/{connectionId}/state",
    "parameter GET /api/public/v1/connections?cursor",
    "parameter GET /api/public/v1/destinations?cursor",
    "parameter GET /api/public/v1/jobs?cursor",
    "parameter GET /api/public/v1/sources?cursor",
    "parameter GET /api/public/v1/workspaces?cursor",
    "value PermissionType \"workspace_destination_editor\"",
    "value PermissionType \"workspace_source_editor\"",
    "value PublicPermissionType \"workspace_destination_editor\"",
    "value PublicPermissionType \"workspace_source_editor\"",
];

/// What the contract leaves out: nobody has a token before the first one.
const ANONYMOUS: &[&str] = &["POST /api/v1/applications/token"];

fn ours() -> Value {
    serde_json::to_value(openapi::document()).expect("a document")
}

fn contract() -> Value {
    serde_json::from_str(include_str!("../fixtures/contract.json")).expect("the contract")
}

/// Every operation by its method and path. Ids do not do: the contract uses some of them twice.
fn operations(paths: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (path, item) in paths.as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            found.insert(
                format!("{} {path}", method.to_uppercase()),
                operation.clone(),
            );
        }
    }
    found
}

/// Follows references, and looks through "this or null".
fn resolve<'a>(schema: &'a Value, schemas: &'a Value) -> &'a Value {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        return resolve(&schemas[name], schemas);
    }
    for kind in ["oneOf", "anyOf"] {
        let options = schema[kind].as_array().into_iter().flatten();
        let mut real = options.filter(|option| option["type"] != "null");
        if let (Some(only), None) = (real.next(), real.next()) {
            return resolve(only, schemas);
        }
    }
    schema
}

/// The name of the type that a schema refers to, looking through "or null".
fn type_name(schema: &Value) -> Option<&str> {
    let direct = schema["$ref"].as_str();
    let mut options = schema["oneOf"].as_array().into_iter().flatten();
    let path = direct.or_else(|| options.find_map(|option| option["$ref"].as_str()))?;
    path.rsplit('/').next()
}

/// The type without "or null".
fn kind(schema: &Value) -> String {
    match &schema["type"] {
        Value::Array(kinds) => {
            let real = kinds
                .iter()
                .filter_map(Value::as_str)
                .find(|kind| *kind != "null");
            real.unwrap_or_default().to_owned()
        }
        Value::String(kind) => kind.clone(),
        _ if schema.get("enum").is_some() => "string".to_owned(),
        _ => String::new(),
    }
}

/// Differences found while walking, and extensions met on the way.
#[derive(Default)]
struct Report {
    lacking: BTreeSet<String>,
    extensions: BTreeSet<String>,
}

struct Sides<'a> {
    theirs: &'a Value,
    ours: &'a Value,
}

impl Report {
    fn schema(&mut self, at: &str, theirs: &Value, ours: &Value, sides: &Sides<'_>, request: bool) {
        let named = type_name(ours).unwrap_or(at).to_owned();
        let (theirs, ours) = (resolve(theirs, sides.theirs), resolve(ours, sides.ours));
        let (their_kind, our_kind) = (kind(theirs), kind(ours));
        if !their_kind.is_empty() && their_kind != our_kind {
            self.lacking
                .insert(format!("{at}: is {our_kind}, should be {their_kind}"));
        }
        // `set` tells the reference's generator what to make of an array, and nothing else.
        if let Some(format) = theirs["format"].as_str().filter(|format| *format != "set") {
            let same = ours["format"]
                .as_str()
                .is_some_and(|our| our.eq_ignore_ascii_case(format));
            if !same {
                self.lacking.insert(format!(
                    "{at}: has format {}, should have {format}",
                    ours["format"]
                ));
            }
        }
        for bound in ["minimum", "maximum", "default"] {
            if theirs.get(bound).is_some() && theirs[bound] != ours[bound] {
                self.lacking.insert(format!(
                    "{at}: {bound} is {}, should be {}",
                    ours[bound], theirs[bound]
                ));
            }
        }
        self.values(at, &named, theirs, ours);
        let fields = |schema: &Value| {
            schema["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default()
        };
        let (their_fields, our_fields) = (fields(theirs), fields(ours));
        for (name, field) in &their_fields {
            let at = format!("{at}.{name}");
            match our_fields.get(name) {
                Some(our) => self.schema(&at, field, our, sides, request),
                None => drop(self.lacking.insert(format!("{at}: is not there"))),
            }
        }
        for name in our_fields
            .keys()
            .filter(|name| !their_fields.is_empty() && !their_fields.contains_key(*name))
        {
            self.extensions.insert(format!("field {named}.{name}"));
        }
        self.required(at, theirs, ours, &their_fields, request);
        if let Some(items) = theirs.get("items") {
            self.schema(&format!("{at}[]"), items, &ours["items"], sides, request);
        }
    }

    fn values(&mut self, at: &str, named: &str, theirs: &Value, ours: &Value) {
        let values = |schema: &Value| -> BTreeSet<String> {
            schema["enum"]
                .as_array()
                .into_iter()
                .flatten()
                .map(ToString::to_string)
                .collect()
        };
        let (their_values, our_values) = (values(theirs), values(ours));
        for value in their_values.difference(&our_values) {
            self.lacking
                .insert(format!("{at}: lacks the value {value}"));
        }
        if !their_values.is_empty() {
            for value in our_values.difference(&their_values) {
                self.extensions.insert(format!("value {named} {value}"));
            }
        }
    }

    /// A request may not need more than the contract says; an answer may not promise less.
    fn required(
        &mut self,
        at: &str,
        theirs: &Value,
        ours: &Value,
        their_fields: &serde_json::Map<String, Value>,
        request: bool,
    ) {
        let names = |schema: &Value| -> BTreeSet<String> {
            let list = schema["required"].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let (theirs, ours) = (names(theirs), names(ours));
        let (wider, narrower) = if request {
            (&ours, &theirs)
        } else {
            (&theirs, &ours)
        };
        for name in wider
            .difference(narrower)
            .filter(|name| their_fields.contains_key(*name))
        {
            let word = if request {
                "is required and should not be"
            } else {
                "should be required"
            };
            self.lacking.insert(format!("{at}.{name}: {word}"));
        }
    }

    fn operation(&mut self, id: &str, theirs: &Value, ours: &Value, sides: &Sides<'_>) {
        for parameter in theirs["parameters"].as_array().into_iter().flatten() {
            let (name, place) = (&parameter["name"], &parameter["in"]);
            let at = format!("{id}?{}", name.as_str().unwrap_or_default());
            let same = |our: &&Value| our["name"] == *name && our["in"] == *place;
            match ours["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .find(same)
            {
                Some(our) => {
                    if our["required"].as_bool().unwrap_or(false)
                        != parameter["required"].as_bool().unwrap_or(false)
                    {
                        self.lacking.insert(format!("{at}: required differs"));
                    }
                    self.schema(&at, &parameter["schema"], &our["schema"], sides, true);
                }
                None => drop(self.lacking.insert(format!("{at}: is not there"))),
            }
        }
        for our in ours["parameters"].as_array().into_iter().flatten() {
            let same = |one: &&Value| one["name"] == our["name"] && one["in"] == our["in"];
            let mut all = theirs["parameters"].as_array().into_iter().flatten();
            if all.find(same).is_none() {
                let name = our["name"].as_str().unwrap_or_default();
                let extension = match our["in"].as_str() {
                    Some("header") => format!("header {name}"),
                    _ => format!("parameter {id}?{name}"),
                };
                self.extensions.insert(extension);
            }
        }
        if let Some(body) = theirs.get("requestBody") {
            for (media, schema) in body
                .as_object()
                .expect("a body")
                .iter()
                .filter(|(media, _)| media.contains('/'))
            {
                let our = &ours["requestBody"]["content"][media]["schema"];
                self.schema(&format!("{id}<"), schema, our, sides, true);
            }
        }
        for (code, content) in theirs["responses"].as_object().expect("responses") {
            if !code.starts_with('2') {
                continue;
            }
            let our = &ours["responses"][code];
            if our.is_null() {
                self.lacking.insert(format!("{id}: does not answer {code}"));
            }
            for (media, schema) in content.as_object().into_iter().flatten() {
                if our["content"].get(media).is_none() {
                    self.lacking
                        .insert(format!("{id}: does not answer {code} as {media}"));
                }
                if schema.get("$ref").is_some() || schema.get("type").is_some() {
                    self.schema(
                        &format!("{id}>"),
                        schema,
                        &our["content"][media]["schema"],
                        sides,
                        false,
                    );
                }
            }
        }
        for code in ours["responses"]
            .as_object()
            .expect("responses")
            .keys()
            .filter(|code| code.starts_with('2'))
        {
            if theirs["responses"].get(code).is_none() {
                self.lacking.insert(format!(
                    "{id}: answers {code}, which the contract does not know"
                ));
            }
        }
    }
}

#[test]
fn the_document_has_all_that_the_contract_has() {
    let (contract, document) = (contract(), ours());
    let (theirs, mine) = (
        operations(&contract["paths"]),
        operations(&document["paths"]),
    );
    let sides = Sides {
        theirs: &contract["schemas"],
        ours: &document["components"]["schemas"],
    };
    let mut report = Report::default();
    let mut missing = BTreeSet::new();
    for (id, operation) in &theirs {
        match mine.get(id) {
            None => drop(missing.insert(id.as_str())),
            Some(our) => {
                let open = our["security"].is_array();
                let public = operation["public"] == true || ANONYMOUS.contains(&id.as_str());
                assert_eq!(open, public, "{id}: whether it needs a token");
                report.operation(id, operation, our, &sides);
            }
        }
    }
    for id in mine.keys().filter(|id| !theirs.contains_key(*id)) {
        report.extensions.insert(format!("operation {id}"));
    }
    assert_eq!(theirs.len(), OPERATIONS, "operations of the contract");
    assert!(missing.is_empty(), "missing operations: {missing:#?}");
    assert!(report.lacking.is_empty(), "{:#?}", report.lacking);
    assert_eq!(
        report.extensions,
        EXTENSIONS.iter().map(ToString::to_string).collect(),
        "extensions"
    );
}

#[test]
fn the_document_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = ours();
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap_or_default();
        assert!(
            document["components"]["schemas"].get(name).is_some(),
            "{name}"
        );
    }
    for operation in operations(&document["paths"]).values() {
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| text.ends_with('.')),
            "{operation}"
        );
        assert!(
            operation["responses"].get("default").is_some(),
            "{operation}"
        );
    }
}
