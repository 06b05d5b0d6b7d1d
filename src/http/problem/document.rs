//! The body of an error, as it is sent.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Parts, Problem};
use crate::error::{Fault, Place};

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct Document<'a> {
    /// The HTTP status.
    status: u16,
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    /// A sentence on what is wrong and what to do.
    detail: &'a str,
    documentation_url: Option<&'a str>,
    /// `message` repeats `detail`; `resourceType` and `resourceId` name what was not found.
    #[schema(value_type = Object)]
    data: Data<'a>,
    /// What exactly is wrong with the request, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<DocumentFault<'a>>,
    /// Also in the header `x-request-id` and in the server's log.
    request_id: &'a str,
    /// `error` and `error_description` where OAuth libraries expect them.
    #[serde(flatten)]
    #[schema(ignore)]
    extra: &'a Map<String, Value>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    #[serde(flatten)]
    rest: &'a Map<String, Value>,
    message: &'a str,
}

/// One thing wrong with a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemFault)]
struct DocumentFault<'a> {
    /// `body`, `path` or `query`.
    #[serde(rename = "in")]
    place: &'static str,
    /// JSON pointer into the body, or to the parameter.
    pointer: &'a str,
    message: &'a str,
}

impl<'a> From<&'a Fault> for DocumentFault<'a> {
    fn from(fault: &'a Fault) -> Self {
        let place = match fault.place {
            Place::Body => "body",
            Place::Path => "path",
            Place::Query => "query",
        };
        Self {
            place,
            pointer: &fault.pointer,
            message: &fault.message,
        }
    }
}

impl Problem {
    /// The body as it is sent.
    #[must_use]
    pub fn text(&self, request_id: &str) -> Vec<u8> {
        let mut text = Vec::with_capacity(512);
        // Writing to memory does not fail, and nothing in a document refuses to be written.
        let _ = serde_json::to_writer(&mut text, &self.document(request_id));
        text
    }

    fn document<'a>(&'a self, request_id: &'a str) -> Document<'a> {
        let Parts {
            status,
            kind,
            title,
            detail,
            data,
            faults,
            extra,
            ..
        } = &*self.0;
        Document {
            status: status.as_u16(),
            kind,
            title,
            detail,
            documentation_url: None,
            data: Data {
                rest: data,
                message: detail,
            },
            errors: faults.iter().map(DocumentFault::from).collect(),
            request_id,
            extra,
        }
    }
}
