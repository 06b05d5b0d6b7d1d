//! Every operation × every role × {own, foreign, unknown, malformed id}, from one table; and a count
//! that no operation of the document is missing from it.

mod table;

use std::collections::BTreeSet;

use ferrobyte::domain::ids::{OrganizationId, WorkspaceId};
use ferrobyte::domain::permission::PermissionScope::{Instance, Organization, Workspace};
use ferrobyte::domain::permission::{PermissionType as P, ScopeKind};
use ferrobyte::http::openapi;
use ferrobyte::ops::people;
use ferrobyte::store::db::{Exec as _, Link};
use serde_json::json;

use table::{ANONYMOUS, Other, Row, Target, low_code};

use crate::definitions::{brings, list_of};
use crate::support::TestServer;
use crate::support::answer::Answer;
use crate::support::people::Person;

/// Lists that take workspaces as a filter.
const FILTERED: [&str; 6] = [
    "listWorkspaces",
    "listSources",
    "listDestinations",
    "listConnections",
    "listJobs",
    "listTags",
];

const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";

#[test]
fn every_operation_of_the_document_is_in_the_table() {
    let document = serde_json::to_value(openapi::document()).expect("a document");
    let paths = document["paths"].as_object().expect("paths");
    let documented: BTreeSet<_> = paths
        .values()
        .flat_map(|item| item.as_object().into_iter().flatten())
        .filter_map(|(_, operation)| operation["operationId"].as_str())
        .collect();
    let tried: BTreeSet<_> = table::rows()
        .map(|row| row.operation)
        .chain(ANONYMOUS.iter().copied())
        .collect();
    assert_eq!(documented, tried);
}

/// Two organizations, each with what operations can be asked about.
struct World<'a> {
    server: &'a TestServer,
    admin: Person<'a>,
    own: OrganizationId,
    foreign: OrganizationId,
}

impl<'a> World<'a> {
    async fn new(server: &'a TestServer) -> Self {
        let name = "Elsewhere".to_owned().try_into().expect("a name");
        let foreign = people::create_organization(&server.app, &name)
            .await
            .expect("an organization");
        Self {
            server,
            admin: server.admin().await,
            own: OrganizationId::DEFAULT,
            foreign,
        }
    }

    async fn workspace(&self, organization: OrganizationId) -> String {
        let body = json!({ "name": "pets", "organizationId": organization });
        let made = self.admin.post("/workspaces", body).await.ok(200);
        made["workspaceId"].as_str().expect("an id").to_owned()
    }

    async fn permission(&self, workspace: &str) -> String {
        let user = self.server.person("holder", &[]).await.id;
        let body = json!({ "permissionType": "workspace_reader", "userId": user, "workspaceId": workspace });
        let made = self.admin.post("/permissions", body).await.ok(200);
        made["permissionId"].as_str().expect("an id").to_owned()
    }

    async fn definition(&self, workspace: &str, kind: &str) -> String {
        format!("{workspace}/{}", brings(&self.admin, workspace, kind).await)
    }

    /// A name that nothing else has.
    fn name(&self) -> String {
        self.server.app.clock.new_id().simple().to_string()[20..].to_owned()
    }

    async fn region(&self, organization: OrganizationId) -> String {
        let body = json!({ "name": self.name(), "organizationId": organization });
        let made = self.admin.post("/regions", body).await.ok(200);
        made["regionId"].as_str().expect("an id").to_owned()
    }

    async fn group(&self, organization: OrganizationId) -> String {
        let body = json!({ "name": self.name(), "organizationId": organization });
        let made = self.admin.post("/groups", body).await.ok(200);
        made["groupId"].as_str().expect("an id").to_owned()
    }

    /// A fresh thing to ask about in this workspace of this organization.
    async fn thing(
        &self,
        target: Target,
        organization: OrganizationId,
        workspace: &str,
        of: &Person<'_>,
    ) -> String {
        match target {
            Target::None => String::new(),
            Target::Organization => organization.to_string(),
            Target::Workspace => workspace.to_owned(),
            Target::Permission => self.permission(workspace).await,
            Target::Source => self.admin.creates_actor("source", workspace).await,
            Target::Destination => self.admin.creates_actor("destination", workspace).await,
            Target::Pair => {
                let source = self.admin.creates_actor("source", workspace).await;
                let destination = self.admin.creates_actor("destination", workspace).await;
                format!("{source}/{destination}")
            }
            Target::Connection => self.admin.creates_connection(workspace).await,
            Target::Job => {
                let connection = self.admin.creates_connection(workspace).await;
                let body = json!({ "connectionId": connection, "jobType": "sync" });
                let made = self.admin.post("/jobs", body).await.ok(200);
                made["jobId"].to_string()
            }
            Target::Tag => self.admin.creates_tag(&self.name(), workspace).await,
            Target::Region => self.region(organization).await,
            Target::Dataplane => {
                let region = self.region(organization).await;
                let body = json!({ "name": "first", "regionId": region });
                let made = self.admin.post("/dataplanes", body).await.ok(200);
                made["dataplaneId"].as_str().expect("an id").to_owned()
            }
            Target::Group => self.group(organization).await,
            Target::GroupPermission => {
                let group = self.group(organization).await;
                let body = json!({ "permissionType": "organization_reader", "organizationId": organization });
                let path = format!("/groups/{group}/permissions");
                let made = self.admin.post(&path, body).await.ok(201);
                format!("{group}/{}", made["permissionId"].as_str().expect("an id"))
            }
            Target::SourceDefinition => self.definition(workspace, "sources").await,
            Target::DestinationDefinition => self.definition(workspace, "destinations").await,
            Target::LowCode => {
                let list = list_of(workspace, "declarative_sources");
                let made = self.admin.post(&list, low_code()).await.ok(200);
                format!("{workspace}/{}", made["id"].as_str().expect("an id"))
            }
            Target::Human => {
                let email = format!("{}@example.org", self.name());
                let body =
                    json!({ "name": "Grace", "email": email, "organizationId": organization });
                let made = self.admin.post("/users", body).await.ok(200);
                made["id"].as_str().expect("an id").to_owned()
            }
            Target::User => self.service(organization).await,
            Target::UserApplication => {
                let user = self.service(organization).await;
                let path = format!("/users/{user}/applications");
                let made = self.admin.post(&path, json!({ "name": "etl" })).await;
                format!("{user}/{}", made.ok(200)["id"].as_str().expect("an id"))
            }
            Target::Application => {
                let made = of
                    .post("/applications", json!({ "name": "mine" }))
                    .await
                    .ok(200);
                made["id"].as_str().expect("an id").to_owned()
            }
        }
    }

    async fn service(&self, organization: OrganizationId) -> String {
        let body = json!({ "name": "etl", "serviceAccount": true, "organizationId": organization });
        let made = self.admin.post("/users", body).await.ok(200);
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Somebody in a group with this one grant, who is but a member of the own organization otherwise.
    async fn holder_by_group(&self, grant: P, workspace: &str) -> Person<'a> {
        let member = (P::OrganizationMember, Organization(self.own));
        let person = self.server.person(grant.as_str(), &[member]).await;
        let path = format!("/groups/{}", self.group(self.own).await);
        let body = match grant.scope_kind() {
            ScopeKind::Workspace => json!({ "permissionType": grant, "workspaceId": workspace }),
            _ => json!({ "permissionType": grant, "organizationId": self.own }),
        };
        let granted = self.admin.post(&format!("{path}/permissions"), body).await;
        granted.ok(201);
        let body = json!({ "userId": person.id });
        let added = self.admin.post(&format!("{path}/members"), body).await;
        added.ok(201);
        person
    }

    /// Somebody with this one grant on the own organization, or on this workspace of it.
    async fn holder(&self, grant: P, workspace: &str) -> Person<'a> {
        let workspace: WorkspaceId = workspace.parse().expect("an id");
        let scope = match grant {
            P::InstanceAdmin => Instance,
            grant if grant.as_str().starts_with("organization") => Organization(self.own),
            _ => Workspace(workspace),
        };
        self.server.person(grant.as_str(), &[(grant, scope)]).await
    }

    async fn other(&self) -> Other {
        Other {
            user: self.server.person("other", &[]).await.id.to_string(),
        }
    }
}

async fn ask(who: &Person<'_>, row: &Row, id: &str, other: &Other) -> Answer {
    let (method, path, body) = (row.request)(id, other);
    who.send(method, &path, body).await
}

/// What is said to be wrong, without what differs by id.
fn voice(answer: &Answer, id: &str) -> String {
    let problem = answer.json();
    let said = format!("{} {}", problem["title"], problem["detail"]);
    format!("{} {}", answer.status, said.replace(id, "ID"))
}

/// Operations that send a body and change nothing, or nothing that anybody owns.
const HARMLESS: &[&str] = &[
    "checkSource",
    "checkSourceConfiguration",
    "checkDestination",
    "checkDestinationConfiguration",
    // The table moves it to where it is.
    "moveWorkspace",
];

/// Verbs of the internal API, which asks by POST.
const READING: &[&str] = &["internalGet", "internalList", "internalCheck"];

fn changes(row: &Row, id: &str, other: &Other) -> bool {
    let (method, ..) = (row.request)(id, other);
    let reads = READING.iter().any(|verb| row.operation.starts_with(verb));
    !method.is_safe() && !reads && !HARMLESS.contains(&row.operation)
}

/// The operations that the audit log has for the request of this answer.
async fn written(server: &TestServer, answer: &Answer) -> Vec<String> {
    const FIND: &str = "SELECT operation FROM audit_log WHERE request_id = $1";
    let id = answer.headers["x-request-id"].to_str().expect("text");
    let mut db = server.app.db.read().await.expect("a reader");
    let found = match db.link() {
        Link::Postgres(link) => sqlx::query_scalar(FIND).bind(id).fetch_all(link).await,
        Link::Sqlite(link) => sqlx::query_scalar(FIND).bind(id).fetch_all(link).await,
    };
    found.expect("rows")
}

async fn walk(rows: impl Iterator<Item = &'static Row>) {
    let server = TestServer::start().await;
    let world = World::new(&server).await;
    let foreign_workspace = world.workspace(world.foreign).await;
    for row in rows {
        let other = world.other().await;
        for grant in P::ALL {
            let context = format!(
                "{} {:?} as {}",
                row.operation,
                row.target as u8,
                grant.as_str()
            );
            let workspace = world.workspace(world.own).await;
            let who = world.holder(grant, &workspace).await;
            let own = world.thing(row.target, world.own, &workspace, &who).await;
            let admin = grant == P::InstanceAdmin;

            assert_eq!(
                ask(&server.nobody(), row, &own, &other).await.status,
                401,
                "{context}: nobody"
            );
            if row.target != Target::None {
                let malformed = ask(&who, row, "not-an-id", &other).await;
                assert_eq!(
                    malformed.status, 400,
                    "{context}: malformed: {}",
                    malformed.text
                );

                let foreign = world
                    .thing(row.target, world.foreign, &foreign_workspace, &world.admin)
                    .await;
                let unknown = if row.target == Target::Job {
                    "999999999"
                } else {
                    UNKNOWN
                };
                let of_unknown = ask(&who, row, unknown, &other).await;
                match (row.target, admin) {
                    (Target::Application, _) => {
                        assert_eq!(of_unknown.status, 404, "{context}: unknown");
                        let of_foreign = ask(&who, row, &foreign, &other).await;
                        assert_eq!(
                            voice(&of_foreign, &foreign),
                            voice(&of_unknown, unknown),
                            "{context}"
                        );
                    }
                    // An unknown id in a filter is nothing to an administrator.
                    (Target::Workspace, true) if FILTERED.contains(&row.operation) => {
                        assert_eq!(of_unknown.ok(200)["data"], json!([]), "{context}: unknown");
                    }
                    (_, true) => assert_eq!(of_unknown.status, 404, "{context}: unknown"),
                    (_, false) => {
                        assert_eq!(
                            of_unknown.status, 403,
                            "{context}: unknown: {}",
                            of_unknown.text
                        );
                        let of_foreign = ask(&who, row, &foreign, &other).await;
                        assert_eq!(
                            voice(&of_foreign, &foreign),
                            voice(&of_unknown, unknown),
                            "{context}"
                        );
                    }
                }
            }
            let expected = if row.roles.contains(&grant) {
                row.ok
            } else {
                403
            };
            let answer = ask(&who, row, &own, &other).await;
            assert_eq!(answer.status, expected, "{context}: own: {}", answer.text);
            if answer.status.is_success() && changes(row, &own, &other) {
                assert_eq!(
                    written(&server, &answer).await,
                    [row.operation],
                    "{context}"
                );
            } else {
                assert!(written(&server, &answer).await.is_empty(), "{context}");
            }
        }
    }
}

/// The table in parts, so that they run side by side.
macro_rules! walks {
    ($($name:ident: $target:path;)*) => {$(
        #[tokio::test]
        async fn $name() {
            walk(table::rows().filter(|row| row.target == $target)).await;
        }
    )*};
}

walks! {
    roles_without_a_target: Target::None;
    roles_on_organizations: Target::Organization;
    roles_on_workspaces: Target::Workspace;
    roles_on_permissions: Target::Permission;
    roles_on_applications: Target::Application;
    roles_on_people: Target::Human;
    roles_on_users: Target::User;
    roles_on_applications_of_users: Target::UserApplication;
    roles_on_sources: Target::Source;
    roles_on_destinations: Target::Destination;
    roles_on_pairs_of_source_and_destination: Target::Pair;
    roles_on_connections: Target::Connection;
    roles_on_jobs: Target::Job;
    roles_on_tags: Target::Tag;
    roles_on_regions: Target::Region;
    roles_on_dataplanes: Target::Dataplane;
    roles_on_groups: Target::Group;
    roles_on_group_permissions: Target::GroupPermission;
    roles_on_source_definitions: Target::SourceDefinition;
    roles_on_destination_definitions: Target::DestinationDefinition;
    roles_on_low_code_definitions: Target::LowCode;
}

/// Each operation once for each role: whether a grant is one's own or a group's makes no difference.
#[tokio::test]
async fn a_grant_of_a_group_opens_what_it_opens_to_who_holds_it() {
    let server = TestServer::start().await;
    let world = World::new(&server).await;
    let other = world.other().await;
    for grant in P::ALL
        .into_iter()
        .filter(|&grant| grant != P::InstanceAdmin)
    {
        let workspace = world.workspace(world.own).await;
        let who = world.holder_by_group(grant, &workspace).await;
        for row in table::rows() {
            // A workspace that is deleted is no place for the rows after it.
            if row.operation == "deleteWorkspace" || row.target == Target::Application {
                continue;
            }
            let thing = world.thing(row.target, world.own, &workspace, &who).await;
            let answer = ask(&who, row, &thing, &other).await;
            let opens = |grant| row.roles.contains(&grant);
            let expected = if opens(grant) || opens(P::OrganizationMember) {
                row.ok
            } else {
                403
            };
            let context = format!("{} by a group as {}", row.operation, grant.as_str());
            assert_eq!(answer.status, expected, "{context}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_list_shows_what_the_caller_may_read_and_nothing_else() {
    let server = TestServer::start().await;
    let world = World::new(&server).await;
    let (here, there) = (
        world.workspace(world.own).await,
        world.workspace(world.foreign).await,
    );
    let first = world.admin.first_workspace().await;
    let seen = async |grants: &[_]| {
        let list = server
            .person("somebody", grants)
            .await
            .get("/workspaces")
            .await
            .ok(200);
        let ids = list["data"].as_array().expect("a list").iter();
        ids.filter_map(|item| item["workspaceId"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let workspace = |id: &str| Workspace(id.parse().expect("an id"));
    assert_eq!(seen(&[]).await, Vec::<String>::new());
    assert_eq!(
        seen(&[(P::OrganizationMember, Organization(world.own))]).await,
        Vec::<String>::new()
    );
    assert_eq!(
        seen(&[(P::OrganizationReader, Organization(world.own))]).await,
        [first.clone(), here.clone()]
    );
    assert_eq!(
        seen(&[(P::WorkspaceReader, workspace(&there))]).await,
        std::slice::from_ref(&there)
    );
    let both = [
        (P::WorkspaceReader, workspace(&here)),
        (P::OrganizationReader, Organization(world.foreign)),
    ];
    assert_eq!(seen(&both).await, [here.clone(), there.clone()]);
    assert_eq!(
        seen(&[(P::InstanceAdmin, Instance)]).await,
        [first, here, there]
    );
}

#[tokio::test]
async fn organizations_are_listed_to_those_who_hold_something_in_them() {
    let server = TestServer::start().await;
    let world = World::new(&server).await;
    let there = world.workspace(world.foreign).await;
    let seen = async |grants: &[_]| {
        let list = server
            .person("somebody", grants)
            .await
            .get("/organizations")
            .await
            .ok(200);
        let names = list["data"].as_array().expect("a list").iter();
        names
            .filter_map(|item| item["organizationName"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(&[]).await, Vec::<String>::new());
    assert_eq!(
        seen(&[(P::OrganizationMember, Organization(world.own))]).await,
        ["Default Organization"]
    );
    assert_eq!(
        seen(&[(P::WorkspaceReader, Workspace(there.parse().expect("an id")))]).await,
        ["Elsewhere"]
    );
    assert_eq!(
        seen(&[(P::InstanceAdmin, Instance)]).await,
        ["Default Organization", "Elsewhere"]
    );
}
