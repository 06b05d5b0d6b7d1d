//! Which places of a value a schema marks as secret. Every branch of a `oneOf` counts, also one that
//! does not fit: better a value too many hidden than one shown.

use serde_json::Value;

/// Subschemas that describe the same value as the schema they stand in.
const SAME_VALUE: &[&str] = &["allOf", "anyOf", "oneOf", "if", "then", "else"];

/// Subschemas by property name that describe the object which has the property.
const SAME_OBJECT: &[&str] = &["dependencies", "dependentSchemas"];

/// The part of a schema that describes one place.
#[derive(Debug, Clone)]
pub(super) struct Marks<'a> {
    root: &'a Value,
    /// References followed, combinations opened.
    nodes: Vec<&'a Value>,
}

impl<'a> Marks<'a> {
    pub(super) fn of(schema: &'a Value) -> Self {
        let mut marks = Self {
            root: schema,
            nodes: Vec::new(),
        };
        marks.add(schema);
        marks
    }

    /// Whether the value here is secret as a whole.
    pub(super) fn secret(&self) -> bool {
        let is_set = |mark: &Value| mark == &Value::Bool(true) || mark == "true";
        self.nodes
            .iter()
            .any(|node| node.get("airbyte_secret").is_some_and(is_set))
    }

    /// What describes a member of the object here.
    pub(super) fn member(&self, name: &str) -> Self {
        let mut marks = self.nothing();
        for node in &self.nodes {
            let mut known = false;
            if let Some(schema) = node.get("properties").and_then(|named| named.get(name)) {
                marks.add(schema);
                known = true;
            }
            let patterns = node.get("patternProperties").and_then(Value::as_object);
            for (pattern, schema) in patterns.into_iter().flatten() {
                if fits(pattern, name) {
                    marks.add(schema);
                    known = true;
                }
            }
            if !known {
                for rest in ["additionalProperties", "unevaluatedProperties"] {
                    marks.add_if(node.get(rest));
                }
            }
        }
        marks
    }

    /// What describes an element of the array here.
    pub(super) fn element(&self, index: usize) -> Self {
        let mut marks = self.nothing();
        for node in &self.nodes {
            for tuple in ["items", "prefixItems"] {
                match node.get(tuple) {
                    Some(Value::Array(each)) => marks.add_if(each.get(index)),
                    Some(every) => marks.add(every),
                    None => {}
                }
            }
            for rest in ["additionalItems", "unevaluatedItems", "contains"] {
                marks.add_if(node.get(rest));
            }
        }
        marks
    }

    fn nothing(&self) -> Self {
        Self {
            root: self.root,
            nodes: Vec::new(),
        }
    }

    fn add_if(&mut self, schema: Option<&'a Value>) {
        if let Some(schema) = schema {
            self.add(schema);
        }
    }

    /// Adds a schema and everything that it says of the same value. Schemas may refer to themselves.
    fn add(&mut self, schema: &'a Value) {
        if !schema.is_object() || self.nodes.iter().any(|node| std::ptr::eq(*node, schema)) {
            return;
        }
        self.nodes.push(schema);
        for keyword in SAME_VALUE {
            match schema.get(keyword) {
                Some(Value::Array(each)) => each.iter().for_each(|schema| self.add(schema)),
                Some(one) => self.add(one),
                None => {}
            }
        }
        for keyword in SAME_OBJECT {
            let named = schema.get(keyword).and_then(Value::as_object);
            named
                .into_iter()
                .flatten()
                .for_each(|(_, schema)| self.add(schema));
        }
        let reference = schema.get("$ref").and_then(Value::as_str);
        if let Some(found) = reference.and_then(|name| resolve(self.root, name)) {
            self.add(found);
        }
    }
}

/// The schema that a reference within the document names.
fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    match reference.strip_prefix('#') {
        Some("") => Some(root),
        Some(pointer) if pointer.starts_with('/') => {
            let decoded: String = form_urlencoded::parse(pointer.replace('+', "%2B").as_bytes())
                .map(|(name, _)| name.into_owned())
                .collect();
            root.pointer(pointer).or_else(|| root.pointer(&decoded))
        }
        Some(anchor) => named(root, &["$anchor", "$id", "id"], &[anchor, reference]),
        None => named(root, &["$id", "id"], &[reference]),
    }
}

/// The schema that gives itself one of these names.
fn named<'a>(within: &'a Value, keywords: &[&str], names: &[&str]) -> Option<&'a Value> {
    let own = |keyword: &&str| within.get(keyword).and_then(Value::as_str);
    if keywords
        .iter()
        .filter_map(own)
        .any(|own| names.contains(&own))
    {
        return Some(within);
    }
    match within {
        Value::Object(members) => members
            .values()
            .find_map(|member| named(member, keywords, names)),
        Value::Array(elements) => elements
            .iter()
            .find_map(|element| named(element, keywords, names)),
        _ => None,
    }
}

/// Whether a property's name matches a pattern; a pattern that cannot be read matches every name.
fn fits(pattern: &str, name: &str) -> bool {
    let schema = serde_json::json!({ "pattern": pattern });
    jsonschema::validator_for(&schema).map_or(true, |matcher| matcher.is_valid(&Value::from(name)))
}
