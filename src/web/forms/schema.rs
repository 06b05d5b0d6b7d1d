//! From a connector's JSON schema (draft 7, with `airbyte_secret`, `order` and the like) to [`Node`]s in
//! the order in which they are shown. Nothing is refused: what a form cannot tell is asked for as JSON,
//! and the configuration is held against the schema afterwards anyway.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::prose::Prose;
use super::shape::{Kind, Node, Offer, Shape, Text};
use super::words::{hints, title_of};

/// Deeper than any known specification; a schema may refer to itself.
const DEEPEST: usize = 16;

/// More parts than any known specification has; one that refers to itself twice doubles on its way down.
const MOST_PARTS: usize = 20_000;

/// The whole specification, and the parts of the form as (key, title) in their order.
pub(super) fn read(schema: &Value) -> (Arc<Node>, Vec<(String, String)>) {
    let reader = Reader {
        root: schema,
        left: Cell::new(MOST_PARTS),
    };
    let place = Place {
        key: "",
        required: true,
        wrapped: true,
    };
    let root = Arc::new(reader.node(schema, place, 0));
    let groups = schema["groups"].as_array().into_iter().flatten();
    let groups = groups.filter_map(|group| {
        let key = group["id"].as_str()?;
        let title = group["title"].as_str().unwrap_or_default();
        Some((key.to_owned(), title.to_owned()))
    });
    (root, groups.collect())
}

struct Reader<'a> {
    root: &'a Value,
    /// How many more parts may be read.
    left: Cell<usize>,
}

/// Where a schema stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    key: &'a str,
    required: bool,
    /// Something around it decides already whether it is there.
    wrapped: bool,
}

impl Reader<'_> {
    fn node(&self, schema: &Value, place: Place<'_>, depth: usize) -> Node {
        let schema = self.resolved(schema, depth);
        let nullable = is_nullable(&schema);
        let text = |name: &str| schema.get(name).and_then(Value::as_str);
        let flag = |name: &str| schema.get(name).and_then(Value::as_bool) == Some(true);
        let mut node = Node {
            key: place.key.to_owned(),
            title: text("title").map_or_else(|| title_of(place.key), str::to_owned),
            help: Prose::of(text("description").unwrap_or_default()),
            hints: hints(&schema),
            required: place.required && !nullable,
            secret: flag("airbyte_secret"),
            always_show: flag("always_show"),
            group: text("group").map(str::to_owned),
            default: schema
                .get("default")
                .filter(|value| !value.is_null())
                .cloned(),
            shape: self.shape(&schema, depth),
        };
        if matches!(node.shape, Shape::Group(_)) && !node.required && !place.wrapped {
            node.shape = Shape::OneOf(vec![Arc::new(Node::option("", node.shape))]);
        }
        node
    }

    fn shape(&self, schema: &Map<String, Value>, depth: usize) -> Shape {
        if schema.get("airbyte_hidden") == Some(&Value::Bool(true)) {
            return Shape::Hidden;
        }
        if let Some(value) = schema.get("const") {
            return Shape::Constant(value.clone());
        }
        if self.is_exhausted(depth) {
            return Shape::Json(Kind::Any);
        }
        if let Some(shape) = self.alternatives(schema, depth) {
            return shape;
        }
        let number = |name: &str| match schema.get(name) {
            Some(Value::Number(number)) => Some(number.clone()),
            _ => None,
        };
        let kind = kind(schema);
        let secret = schema.get("airbyte_secret") == Some(&Value::Bool(true));
        match kind {
            // A secret is stored and masked as one value.
            "object" if secret => Shape::Json(Kind::Object),
            "array" if secret => Shape::Json(Kind::Array),
            "object" => self.group(schema, depth),
            "array" => self.list(schema, depth),
            "boolean" => Shape::Switch,
            _ if schema.get("enum").is_some_and(Value::is_array) => Shape::Choice(offers(schema)),
            "integer" | "number" => Shape::Number {
                integer: kind == "integer",
                least: number("minimum"),
                most: number("maximum"),
            },
            _ => Shape::Text(text(schema)),
        }
    }

    /// `oneOf` and `anyOf`, when they describe values; some only say which fields go together.
    fn alternatives(&self, schema: &Map<String, Value>, depth: usize) -> Option<Shape> {
        let (word, found) = ["oneOf", "anyOf"].into_iter().find_map(|word| {
            let found = schema.get(word)?.as_array()?;
            (!found.is_empty()).then_some((word, found))
        })?;
        let found: Vec<_> = found
            .iter()
            .map(|option| self.resolved(option, depth + 1))
            .collect();
        let describes = |option: &Map<String, Value>| {
            ["type", "properties", "const", "enum", "oneOf", "anyOf"]
                .iter()
                .any(|word| option.contains_key(*word))
        };
        if !found.iter().all(describes) {
            return None;
        }
        let mut base = schema.clone();
        for word in [word, "title", "description", "default", "order"] {
            base.shift_remove(word);
        }
        let mut found: Vec<_> = found
            .into_iter()
            .filter(|option| !is_null(option))
            .collect();
        let is_plain = |option: &Map<String, Value>| {
            option
                .get("const")
                .is_some_and(|value| !value.is_object() && !value.is_array())
        };
        if !found.is_empty() && found.iter().all(is_plain) {
            let offers = found.iter().filter_map(|option| {
                let plain = Offer::plain(option.get("const")?);
                let title = option.get("title").and_then(Value::as_str);
                Some(Offer {
                    label: title.map_or(plain.label, str::to_owned),
                    value: plain.value,
                })
            });
            return Some(Shape::Choice(offers.collect()));
        }
        if found.len() == 1 {
            let only = merged(base, found.remove(0));
            return Some(self.shape(&only, depth + 1));
        }
        let options = found.into_iter().enumerate().map(|(index, option)| {
            Arc::new(self.option(&merged(base.clone(), option), index, depth + 1))
        });
        Some(Shape::OneOf(options.collect()))
    }

    /// One of several: its constants tell it apart, and serve as its name when it has none.
    fn option(&self, schema: &Map<String, Value>, index: usize, depth: usize) -> Node {
        let schema = as_constants(schema);
        let place = Place {
            key: "",
            required: true,
            wrapped: true,
        };
        let mut node = self.node(&Value::Object(schema), place, depth);
        if node.title.is_empty() {
            let constant = match &node.shape {
                Shape::Group(nodes) => nodes.iter().find_map(|node| match &node.shape {
                    Shape::Constant(Value::String(text)) => Some(text.clone()),
                    _ => None,
                }),
                Shape::Text(_) => Some("Text".to_owned()),
                Shape::Number { .. } => Some("Number".to_owned()),
                Shape::List { .. } | Shape::Several { .. } => Some("List".to_owned()),
                _ => None,
            };
            node.title = constant.unwrap_or_else(|| format!("Option {}", index + 1));
        }
        node
    }

    fn group(&self, schema: &Map<String, Value>, depth: usize) -> Shape {
        let Some(Value::Object(properties)) = schema.get("properties") else {
            return Shape::Json(Kind::Object);
        };
        if properties.is_empty() && schema.get("additionalProperties") != Some(&Value::Bool(false))
        {
            return Shape::Json(Kind::Object);
        }
        let required: Vec<_> = strings(schema.get("required")).collect();
        let mut ordered: Vec<_> = properties.iter().collect();
        // Those without a place of their own come last, as they are written.
        let place = |property: &Value| property["order"].as_f64().unwrap_or(f64::INFINITY);
        ordered.sort_by(|(_, one), (_, other)| place(one).total_cmp(&place(other)));
        let nodes = ordered.into_iter().map(|(key, property)| {
            let place = Place {
                key,
                required: required.contains(&key.as_str()),
                wrapped: false,
            };
            Arc::new(self.node(property, place, depth + 1))
        });
        Shape::Group(nodes.collect())
    }

    fn list(&self, schema: &Map<String, Value>, depth: usize) -> Shape {
        let Some(items) = schema.get("items").filter(|items| items.is_object()) else {
            return Shape::Json(Kind::Array);
        };
        let least = count(schema, "minItems");
        let items = self.resolved(items, depth + 1);
        if items.get("enum").is_some_and(Value::is_array) {
            return Shape::Several {
                offers: offers(&items),
                least: least.unwrap_or(0),
            };
        }
        let place = Place {
            key: "",
            required: true,
            wrapped: true,
        };
        Shape::List {
            item: Arc::new(self.node(&Value::Object(items), place, depth + 1)),
            least: least.unwrap_or(0),
        }
    }

    fn is_exhausted(&self, depth: usize) -> bool {
        depth >= DEEPEST || self.left.get() == 0
    }

    /// The schema with what it refers to and what it combines.
    fn resolved(&self, schema: &Value, depth: usize) -> Map<String, Value> {
        let Value::Object(schema) = schema else {
            return Map::new();
        };
        let mut schema = schema.clone();
        self.left.set(self.left.get().saturating_sub(1));
        if self.is_exhausted(depth) {
            return schema;
        }
        if let Some(Value::String(address)) = schema.shift_remove("$ref") {
            let found = address
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer));
            if let Some(found) = found {
                schema = merged(self.resolved(found, depth + 1), schema);
            }
        }
        if let Some(Value::Array(parts)) = schema.shift_remove("allOf") {
            let whole = parts.iter().fold(Map::new(), |whole, part| {
                merged(whole, self.resolved(part, depth + 1))
            });
            schema = merged(whole, schema);
        }
        schema
    }
}

/// Both schemas at once: properties and what is required are joined, of everything else the narrower
/// one counts.
fn merged(mut wide: Map<String, Value>, narrow: Map<String, Value>) -> Map<String, Value> {
    for (word, value) in narrow {
        match (wide.get_mut(&word), value) {
            (Some(Value::Object(held)), Value::Object(more)) if word == "properties" => {
                held.extend(more);
            }
            (Some(Value::Array(held)), Value::Array(more)) if word == "required" => {
                held.extend(more);
            }
            (_, value) => {
                wide.insert(word, value);
            }
        }
    }
    wide
}

/// Inside an option, a property with a single possible value is a constant, however it is written.
fn as_constants(schema: &Map<String, Value>) -> Map<String, Value> {
    let mut schema = schema.clone();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for property in properties.values_mut().filter_map(Value::as_object_mut) {
            if let Some(Value::Array(values)) = property.get("enum")
                && let [only] = values.as_slice()
            {
                let only = only.clone();
                property.entry("const").or_insert(only);
            }
        }
    }
    schema
}

pub(super) fn kind(schema: &Map<String, Value>) -> &str {
    let named = match schema.get("type") {
        Some(Value::String(kind)) => Some(kind.as_str()),
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        _ => None,
    };
    named.unwrap_or(if schema.contains_key("properties") {
        "object"
    } else if schema.contains_key("items") {
        "array"
    } else {
        "string"
    })
}

fn is_null(schema: &Map<String, Value>) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

fn is_nullable(schema: &Map<String, Value>) -> bool {
    let by_type = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "null"),
        _ => false,
    };
    let by_option = ["oneOf", "anyOf"].iter().any(|word| {
        let options = schema.get(*word).and_then(Value::as_array);
        let mut options = options.into_iter().flatten().filter_map(Value::as_object);
        options.any(is_null)
    });
    by_type || by_option
}

fn text(schema: &Map<String, Value>) -> Text {
    let flag = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    Text {
        multiline: flag("multiline"),
        day: schema.get("format").and_then(Value::as_str) == Some("date"),
        shortest: count(schema, "minLength").unwrap_or(0),
        longest: count(schema, "maxLength"),
    }
}

fn count(schema: &Map<String, Value>, name: &str) -> Option<usize> {
    schema.get(name)?.as_u64()?.try_into().ok()
}

fn offers(schema: &Map<String, Value>) -> Vec<Offer> {
    let values = schema.get("enum").and_then(Value::as_array);
    let values = values.into_iter().flatten();
    values
        .filter(|value| !value.is_null())
        .map(Offer::plain)
        .collect()
}

fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}
