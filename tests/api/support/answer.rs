//! What came back, with the questions that tests ask of it.

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The body as JSON, if the status is this one.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// The problem, if the status is this one and the body is a whole problem document.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(
            self.header("content-type"),
            "application/json",
            "{}",
            self.text
        );
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        for text in ["type", "title", "detail", "requestId"] {
            assert!(
                problem[text].as_str().is_some_and(|text| !text.is_empty()),
                "{text}: {problem}"
            );
        }
        assert_eq!(problem["data"]["message"], problem["detail"], "{problem}");
        assert_eq!(
            problem["requestId"],
            self.header("x-request-id"),
            "{problem}"
        );
        assert!(
            problem
                .as_object()
                .is_some_and(|members| members.contains_key("documentationUrl"))
        );
        problem
    }

    /// The places that the problem names, if the status is 400.
    #[track_caller]
    pub fn faults(&self) -> Vec<String> {
        let problem = self.problem(400);
        let faults = problem["errors"].as_array().cloned().unwrap_or_default();
        faults
            .iter()
            .map(|fault| {
                assert!(
                    fault["message"]
                        .as_str()
                        .is_some_and(|text| !text.is_empty()),
                    "{problem}"
                );
                let text = |name: &str| fault[name].as_str().unwrap_or("?").to_owned();
                format!("{} {}", text("in"), text("pointer"))
            })
            .collect()
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}
