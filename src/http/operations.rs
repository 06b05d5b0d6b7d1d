//! What the OpenAPI document says about each route, as a table that requests can be held against while they
//! are answered. It is made once, when it is asked for first.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::Method;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{PathItem, RefOr};

use super::openapi;

/// The operations of one route.
#[derive(Debug)]
pub struct Route {
    operations: Vec<Known>,
    resource: bool,
}

#[derive(Debug)]
struct Known {
    method: Method,
    id: Option<String>,
    /// The parameters of the query; `None` knows any.
    parameters: Option<Vec<String>>,
}

impl Route {
    /// Whether one thing is read and changed at this address.
    #[must_use]
    pub fn is_resource(&self) -> bool {
        self.resource
    }

    /// The parameters of the query that an operation knows, unless it knows any, or is not there.
    #[must_use]
    pub fn parameters(&self, method: &Method) -> Option<&[String]> {
        let method = match *method {
            // Answered as GET.
            Method::HEAD => &Method::GET,
            _ => method,
        };
        self.operation(method)?.parameters.as_deref()
    }

    fn operation(&self, method: &Method) -> Option<&Known> {
        self.operations.iter().find(|known| known.method == *method)
    }
}

/// What an operation is called: its id in the document or, of a page, its method and the pattern of its
/// address.
#[must_use]
pub fn name(method: &Method, pattern: &str) -> String {
    let known = route(pattern).and_then(|route| route.operation(method));
    let id = known.and_then(|known| known.id.clone());
    id.unwrap_or_else(|| format!("{method} {pattern}"))
}

/// The route of the API with this pattern, such as `/api/public/v1/workspaces/{workspaceId}`. Whoever only asks
/// for the health of a server does not make it read its description.
pub fn route(pattern: &str) -> Option<&'static Route> {
    static ROUTES: LazyLock<HashMap<String, Route>> = LazyLock::new(|| {
        let paths = openapi::make().paths.paths.into_iter();
        paths.map(|(path, item)| (path, of(&item))).collect()
    });
    if pattern.starts_with("/api/") {
        ROUTES.get(pattern)
    } else {
        None
    }
}

fn of(item: &PathItem) -> Route {
    let all = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    let there = all.into_iter().filter_map(|(method, operation)| {
        let operation = operation.as_ref()?;
        Some(Known {
            method,
            id: operation.operation_id.clone(),
            parameters: in_query(operation),
        })
    });
    Route {
        operations: there.collect(),
        resource: is_resource(item),
    }
}

/// Whether one thing is read and changed at this address.
#[must_use]
pub fn is_resource(item: &PathItem) -> bool {
    let changed = [&item.put, &item.patch, &item.delete];
    item.get.is_some() && changed.into_iter().any(Option::is_some)
}

/// `None` when there is a map among them: each of its members is a parameter of its own.
fn in_query(operation: &Operation) -> Option<Vec<String>> {
    let all = operation.parameters.iter().flatten();
    let all = all.filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter),
        _ => None,
    });
    all.map(|parameter| {
        let schema = serde_json::to_value(&parameter.schema).unwrap_or_default();
        let map = schema.get("additionalProperties").is_some();
        (!map).then(|| parameter.name.clone())
    })
    .collect()
}
