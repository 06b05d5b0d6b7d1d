//! The operations of the API. How one is answered is known from the start; how it is described takes time and
//! room, and is found out when somebody asks: for the OpenAPI document, or for what a route knows of the request
//! that is being answered.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, OnceLock};

use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{PathItem, RefOr};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::{internal, public};
use crate::app::App;

/// A handler, whatever it takes out of a request.
pub(super) type Answer = fn(Request, Arc<App>) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// Who answers which method.
pub(super) type Answers = &'static [(Method, Answer)];

/// The [`Answers`] of handlers, each as `module::handler`.
macro_rules! answers {
    ($($method:ident $module:ident :: $handler:ident),+ $(,)?) => {
        &[$((
            axum::http::Method::$method,
            |request, app| axum::handler::Handler::call($module::$handler, request, app),
        )),+]
    };
}
pub(super) use answers;

/// The operations at one address, as the macro `operations` puts them together from handlers.
#[derive(Debug, Clone, Copy)]
pub struct Operations {
    pub(super) path: &'static str,
    pub(super) answers: Answers,
    pub(super) described: fn() -> UtoipaMethodRouter<Arc<App>>,
}

/// The [`Operations`] at an address: for each method a handler, as `module::handler`.
macro_rules! operations {
    ($path:literal: $($method:ident $module:ident :: $handler:ident),+ $(,)?) => {
        $crate::http::operations::Operations {
            path: $path,
            answers: $crate::http::operations::answers!($($method $module::$handler),+),
            described: || utoipa_axum::routes!($($module::$handler),+),
        }
    };
}
pub(super) use operations;

/// Whoever answers GET answers HEAD.
pub(super) fn answered_as(method: &Method) -> &Method {
    match *method {
        Method::HEAD => &Method::GET,
        _ => method,
    }
}

/// All there are.
pub(super) fn all() -> impl Iterator<Item = &'static Operations> {
    [
        public::OPERATIONS,
        public::ADMINISTRATION,
        internal::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}

/// All of them, described.
pub fn described() -> OpenApiRouter<Arc<App>> {
    all().fold(OpenApiRouter::new(), |router, one| {
        router.routes((one.described)())
    })
}

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
        self.operation(answered_as(method))?.parameters.as_deref()
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

/// The route of the API with this pattern, such as `/api/public/v1/workspaces/{workspaceId}`.
pub fn route(pattern: &str) -> Option<&'static Route> {
    type Routes = HashMap<&'static str, (&'static Operations, OnceLock<Route>)>;
    static ROUTES: LazyLock<Routes> = LazyLock::new(|| {
        all()
            .map(|one| (one.path, (one, OnceLock::new())))
            .collect()
    });
    let (operations, route) = ROUTES.get(pattern)?;
    Some(route.get_or_init(|| {
        let (_, paths, _) = (operations.described)();
        of(&paths.paths[pattern])
    }))
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_address_stands_in_the_lists_once_as_its_handlers_describe_it() {
        let mut seen = HashSet::new();
        for one in all() {
            let path = one.path;
            let (_, described, _) = (one.described)();
            let described: Vec<_> = described.paths.into_keys().collect();
            assert_eq!(described, [path]);
            let route = route(path).expect("listed");
            let mut known: Vec<_> = route.operations.iter().map(|known| &known.method).collect();
            let mut answered: Vec<_> = one.answers.iter().map(|(method, _)| method).collect();
            known.sort_by_key(|method| method.as_str());
            answered.sort_by_key(|method| method.as_str());
            assert_eq!(answered, known, "{path}");
            assert!(seen.insert(path), "{path} stands there twice");
        }
        assert!(route("/nowhere").is_none());
    }
}
