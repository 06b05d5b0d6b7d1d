//! People in front of a browser.

use axum::body::Body;
use axum::http::{Method, Request, header};
use axum::response::Response;
use ferrobyte::domain::ids::WorkspaceId;
use ferrobyte::domain::permission::{PermissionScope, PermissionType};
use ferrobyte::ops::{people, sessions};

use super::TestServer;
use super::answer::Answer;
use super::people::Person;

const SOURCE: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Somebody in front of a browser.
pub struct Browser<'a> {
    person: Person<'a>,
    cookie: String,
}

impl<'a> Browser<'a> {
    pub async fn of(server: &'a TestServer, email: &str, password: &str) -> Self {
        let begun = sessions::begin(&server.app, SOURCE, email, password)
            .await
            .expect("in");
        Self {
            person: server.nobody(),
            cookie: format!("ferrobyte_session={}", begun.cookie.reveal()),
        }
    }

    /// Somebody with this permission in a workspace.
    pub async fn with(
        server: &'a TestServer,
        grant: PermissionType,
        workspace: WorkspaceId,
    ) -> Self {
        Self::holding(server, &[(grant, PermissionScope::Workspace(workspace))]).await
    }

    /// Somebody with these permissions.
    pub async fn holding(
        server: &'a TestServer,
        grants: &[(PermissionType, PermissionScope)],
    ) -> Self {
        let person = server.person("grace", grants).await;
        let password = "a password of grace";
        people::set_password(&server.app, person.id, password)
            .await
            .expect("a password");
        Self::of(
            server,
            &format!("grace-{}@example.org", person.id),
            password,
        )
        .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, String::new()).await
    }

    /// What the script of a page follows, to be read as it comes.
    pub async fn follows(&self, path: &str) -> Response {
        let request = Request::get(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::ACCEPT, "text/event-stream")
            .body(Body::empty());
        let service = self.person.server.service.clone();
        service.answer(request.expect("a request")).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        self.send(Method::POST, path, form.extend_pairs(fields).finish())
            .await
    }

    pub async fn send(&self, method: Method, path: &str, body: String) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        self.person.ask(request.expect("a request")).await
    }
}
