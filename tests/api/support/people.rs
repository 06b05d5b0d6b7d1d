//! People, and what they say to the server.

use axum::body::Body;
use axum::http::{Method, Request, header};
use ferrobyte::access::caller::{Caller, Standing};
use ferrobyte::domain::ids::UserId;
use ferrobyte::domain::permission::{PermissionScope, PermissionType};
use ferrobyte::domain::text::Name;
use ferrobyte::domain::user::{NewUser, User};
use ferrobyte::ops::{applications, people};
use ferrobyte::store::users;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::TestServer;
use super::answer::Answer;

/// Somebody who talks to a server.
#[derive(Clone)]
pub struct Person<'a> {
    pub server: &'a TestServer,
    pub token: Option<String>,
    /// All zeros for those who were not made here.
    pub id: UserId,
    pub client: Option<(String, String)>,
}

impl<'a> Person<'a> {
    pub fn nobody(server: &'a TestServer) -> Self {
        Self {
            server,
            token: None,
            id: UserId::DEFAULT,
            client: None,
        }
    }

    pub fn with_token(server: &'a TestServer, token: String) -> Self {
        Self {
            token: Some(token),
            ..Self::nobody(server)
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Anything at all. A path of the public API may begin at `/workspaces` and the like.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder().method(method).uri(whole(path));
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.ask(request.expect("a request")).await
    }

    /// A request made by hand; the token is added if there is one and the request has none.
    pub async fn ask(&self, mut request: Request<Body>) -> Answer {
        if let Some(token) = self
            .token
            .as_ref()
            .filter(|_| !request.headers().contains_key(header::AUTHORIZATION))
        {
            let value = format!("Bearer {token}").parse().expect("a header");
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let response = self.server.service.clone().answer(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    /// Trades credentials for a token.
    pub async fn token(&self, client_id: &str, client_secret: &str) -> String {
        let credentials = json!({ "client_id": client_id, "client_secret": client_secret });
        let answer = self
            .post("/api/v1/applications/token", credentials)
            .await
            .ok(200);
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    pub async fn creates_workspace(&self, name: &str) -> String {
        let made = self
            .post("/workspaces", json!({ "name": name }))
            .await
            .ok(200);
        made["workspaceId"].as_str().expect("an id").to_owned()
    }

    /// A source of sample data, or a destination that keeps nothing.
    pub async fn creates_actor(&self, kind: &str, workspace: &str) -> String {
        let configuration = match kind {
            "source" => json!({ "sourceType": "faker", "count": 10 }),
            _ => {
                json!({ "destinationType": "dev-null", "test_destination": { "test_destination_type": "SILENT" } })
            }
        };
        let body =
            json!({ "name": "pets", "workspaceId": workspace, "configuration": configuration });
        let made = self.post(&format!("/{kind}s"), body).await.ok(200);
        made[format!("{kind}Id")]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// A connection from sample data to nowhere.
    pub async fn creates_connection(&self, workspace: &str) -> String {
        let source = self.creates_actor("source", workspace).await;
        let destination = self.creates_actor("destination", workspace).await;
        let body = json!({ "sourceId": source, "destinationId": destination });
        let made = self.post("/connections", body).await.ok(200);
        made["connectionId"].as_str().expect("an id").to_owned()
    }

    pub async fn creates_tag(&self, name: &str, workspace: &str) -> String {
        let body = json!({ "name": name, "color": "ff0000", "workspaceId": workspace });
        let made = self.post("/tags", body).await.ok(200);
        made["tagId"].as_str().expect("an id").to_owned()
    }

    /// The id of the one workspace that exists from the start.
    pub async fn first_workspace(&self) -> String {
        let list = self.get("/workspaces").await.ok(200);
        list["data"][0]["workspaceId"]
            .as_str()
            .expect("a workspace")
            .to_owned()
    }
}

/// The public API's prefix is understood.
pub fn whole(path: &str) -> String {
    if [
        "/workspaces",
        "/permissions",
        "/organizations",
        "/users",
        "/applications",
        "/sources",
        "/destinations",
        "/streams",
        "/connections",
        "/jobs",
        "/connector_definitions",
        "/tags",
        "/regions",
        "/dataplanes",
        "/groups",
        "/embedded",
    ]
    .iter()
    .any(|resource| path.starts_with(resource) && !path.starts_with("/applications/token"))
    {
        return format!("/api/public/v1{path}");
    }
    path.to_owned()
}

impl TestServer {
    /// A new person with these grants, holding a token of an application of their own.
    pub async fn person(
        &self,
        name: &str,
        grants: &[(PermissionType, PermissionScope)],
    ) -> Person<'_> {
        let app = &self.app;
        let id: UserId = app.clock.new_id().into();
        let email = format!("{name}-{id}@example.org");
        let new = NewUser {
            id,
            name: Name::try_from(name.to_owned()).expect("a name"),
            email: email.parse().expect("an address"),
            password_hash: None,
        };
        let mut db = app.db.write().await.expect("a writer");
        assert!(
            users::insert(&mut db, &new, app.clock.now())
                .await
                .expect("a user")
        );
        db.commit().await.expect("a commit");
        for &(grant, scope) in grants {
            people::grant(app, id, grant, scope).await.expect("a grant");
        }
        let user = User {
            id,
            name: name.to_owned(),
            email,
        };
        let caller = Caller::new(Standing::new(user, &[]).into());
        let made = applications::create(app, &caller, new.name)
            .await
            .expect("an application");
        let client = (made.application.client_id, made.secret.reveal().to_owned());
        let token = self.nobody().token(&client.0, &client.1).await;
        Person {
            server: self,
            token: Some(token),
            id,
            client: Some(client),
        }
    }
}
