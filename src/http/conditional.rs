//! Requests that hang on what the client has seen: `If-None-Match` spares it an answer that it has, and
//! `If-Match` keeps it from changing what somebody else has changed meanwhile. A tag is the hash of the answer
//! to a plain GET, so every resource that can be read and changed at one address has one, and no handler takes
//! part: `edge` sends every request through here, and the store asks before it commits (`store::condition`).

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt as _;
use sha2::{Digest as _, Sha256};
use tower::Service as _;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{HeaderBuilder, ObjectBuilder, PathItem, RefOr, ResponseBuilder, Type};

use super::operations;
use super::problem::Problem;
use crate::app::App;
use crate::error::Error;
use crate::request::Notes;
use crate::store::condition::Condition;

/// How many bytes of the hash are told. Nobody can hope to find two answers with the same 16.
const TOLD: usize = 16;

/// Answers a request with whatever `router` says to it, under the conditions that the request makes.
pub async fn answer(app: &App, router: Router, request: Request, notes: &Notes) -> Response {
    match *request.method() {
        Method::GET => {
            let known = tags(request.headers(), &header::IF_NONE_MATCH);
            let response = ask(router, request).await;
            if response.status() == StatusCode::OK
                && operations::route(notes.route()).is_some_and(operations::Route::is_resource)
            {
                tagged(response, &known).await
            } else {
                response
            }
        }
        Method::PUT | Method::PATCH | Method::DELETE
            if request.headers().contains_key(header::IF_MATCH) =>
        {
            Box::pin(change(app, router, request)).await
        }
        _ => ask(router, request).await,
    }
}

/// A router is always ready, and never fails.
fn ask(mut router: Router, request: Request) -> impl Future<Output = Response> {
    router.call(request).map(IntoResponse::into_response)
}

/// Adds its tag to an answer, or leaves out the answer that the client has.
async fn tagged(response: Response, known: &[String]) -> Response {
    let (mut parts, body) = response.into_parts();
    if body.size_hint().exact().is_none() {
        // A stream, which nobody waits for here.
        return Response::from_parts(parts, body);
    }
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return Problem::from(Error::internal("an answer broke off")).into_response();
    };
    let tag = tag(&body);
    let matches = known.iter().any(|known| known == "*" || *known == tag);
    if let Ok(value) = HeaderValue::try_from(format!("\"{tag}\"")) {
        parts.headers.insert(header::ETAG, value);
    }
    if matches {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, body.into())
}

/// Lets a request change something only while it is what the client believes it to be.
async fn change(app: &App, router: Router, request: Request) -> Response {
    let condition = condition(router.clone(), &request);
    // The check needs a second connection while the change keeps one. With a place for each pair, those who
    // wait for their second one cannot have taken all.
    let Ok(_place) = app.conditional.acquire().await else {
        return Problem::from(Error::internal("nobody closes this")).into_response();
    };
    let response = condition.guard(ask(router, request)).await;
    if !response.status().is_success() {
        return response;
    }
    // What changed nothing has not asked.
    match condition.hold().await {
        Ok(()) => response,
        Err(error) => Problem::from(error).into_response(),
    }
}

/// That a plain GET of the same address, by the same caller, has one of the tags.
fn condition(router: Router, request: &Request) -> Arc<Condition> {
    let wanted = tags(request.headers(), &header::IF_MATCH);
    let path = request.uri().path().to_owned();
    let caller = request.headers().get(header::AUTHORIZATION).cloned();
    Condition::new(Box::new(move || {
        let (router, path, caller) = (router.clone(), path.clone(), caller.clone());
        let wanted = wanted.clone();
        Box::pin(async move {
            let mut plain = Request::new(Body::empty());
            *plain.uri_mut() = path.parse().map_err(Error::internal)?;
            if let Some(caller) = caller {
                plain.headers_mut().insert(header::AUTHORIZATION, caller);
            }
            let response = ask(router, plain).await;
            if response.status().is_server_error() {
                return Err(Error::internal("what is to be changed could not be read"));
            }
            let there = response.status() == StatusCode::OK;
            let body = axum::body::to_bytes(response.into_body(), usize::MAX);
            let tag = tag(&body.await.map_err(Error::internal)?);
            if there && wanted.iter().any(|one| one == "*" || *one == tag) {
                Ok(())
            } else {
                Err(Error::Stale)
            }
        })
    }))
}

/// The tag of an answer, without its quotes.
fn tag(body: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..TOLD])
}

/// The tags that a header lists, without their quotes. A proxy that packs answers makes our tags weak; they
/// stand for the same answer still.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lists = headers.get_all(name).iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|tag| {
            tag.trim()
                .trim_start_matches("W/")
                .trim_matches('"')
                .to_owned()
        })
        .collect()
}

/// Adds to a resource's operations what they do under conditions.
pub fn describe(item: &mut PathItem) {
    if !operations::is_resource(item) {
        return;
    }
    if let Some(operation) = &mut item.get {
        let what = "Tags of answers that the caller has; if one is the answer's still, it is not sent again";
        add(operation, header_parameter("If-None-Match", what));
        let etag = HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .description(Some("For `If-None-Match` and `If-Match`"))
            .build();
        if let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") {
            answer.headers.insert("ETag".to_owned(), etag.into());
        }
        let unchanged = ResponseBuilder::new().description("The caller has the answer");
        let unchanged = unchanged.build().into();
        operation
            .responses
            .responses
            .insert("304".to_owned(), unchanged);
    }
    let changes = [&mut item.put, &mut item.patch, &mut item.delete];
    for operation in changes.into_iter().flatten() {
        let what = "Tags of answers to a plain GET of this address; if none is the current one's, nothing \
                    is changed and the answer is 412";
        add(operation, header_parameter("If-Match", what));
    }
}

fn header_parameter(name: &str, what: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(what))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn add(operation: &mut Operation, parameter: Parameter) {
    let all = operation.parameters.get_or_insert_default();
    all.push(parameter.into());
}
