//! The OpenAPI document, generated from the routes, and its route. It is made when somebody asks for
//! it first.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::Modify;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};

use super::problem::{Document, Problem};
use super::{conditional, operations};
use crate::app::App;
use crate::error::Error;

#[derive(OpenApi)]
#[openapi(
    info(title = "Ferrobyte API", description = "An Airbyte-compatible API."),
    components(schemas(Document)),
    modifiers(&Finish)
)]
struct Base;

/// What every operation shares: the bearer token, and problems for everything but success.
struct Finish;

impl Modify for Finish {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        document.security = Some(vec![SecurityRequirement::new(
            "bearer",
            Vec::<String>::new(),
        )]);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let problem = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let answer = ResponseBuilder::new()
            .description("A problem; `detail` says what is wrong and what to do")
            .content("application/json", problem)
            .build();
        for item in document.paths.paths.values_mut() {
            conditional::describe(item);
            let operations = [
                &mut item.get,
                &mut item.post,
                &mut item.put,
                &mut item.patch,
                &mut item.delete,
            ];
            for operation in operations.into_iter().flatten() {
                operation
                    .responses
                    .responses
                    .insert("default".to_owned(), answer.clone().into());
            }
        }
    }
}

/// The document.
pub fn document() -> &'static utoipa::openapi::OpenApi {
    static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(make);
    &DOCUMENT
}

/// The document, for those who need a part of it once: it takes more room than most servers ever need.
#[must_use]
pub fn make() -> utoipa::openapi::OpenApi {
    let mut document = Base::openapi();
    document.merge(operations::described().into_openapi());
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    Finish.modify(&mut document);
    document
}

pub async fn show(State(_app): State<Arc<App>>) -> Result<Response, Problem> {
    let text = document().to_json().map_err(Error::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}
