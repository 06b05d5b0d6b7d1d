//! The one vocabulary of failures. It knows nothing of HTTP: `http::problem` gives each a status.
//!
//! Two voices never mix: what a variant carries as text may be read by the caller; the inner story
//! of [`Error::Internal`] and [`Error::Unavailable`] goes to the log only.

use std::time::Duration;

use thiserror::Error;

/// The result of nearly everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done. A new variant is due when some reader would act differently.
#[derive(Debug, Error)]
pub enum Error {
    /// The request says something that cannot be meant; each fault names its place.
    #[error("{}", sentence(.faults))]
    Invalid { rule: Rule, faults: Vec<Fault> },
    /// No connector of this kind has this short name.
    #[error(
        "there is no {kind} connector called {name:?}; GET /connector_definitions?type={kind} lists what there is"
    )]
    UnknownConnector { kind: &'static str, name: String },
    /// The request is well formed, but what it asks for is never allowed.
    #[error("{0}")]
    Unprocessable(String),
    /// The reference server offers it, we do not. The text says what to do instead.
    #[error("{0}")]
    NotOffered(&'static str),
    /// Nobody known is asking. The text says what was wrong with the credentials.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The caller is known and may not do this, or may not know whether the thing exists.
    #[error("{0}")]
    Forbidden(String),
    /// The caller could see the thing, but it is not there (any more).
    #[error("no {what} with id {id}")]
    NotFound { what: Noun, id: String },
    /// The state of things forbids it for now.
    #[error("{0}")]
    Conflict(String),
    /// It is no longer what the caller believes it to be.
    #[error("this has changed since you read it; read it again, and change what you find then")]
    Stale,
    /// There is one already: of this name, or of this kind in this place.
    #[error("{message}")]
    Taken { what: Noun, message: String },
    /// A job of the connection has not ended, and only one may run at a time.
    #[error("{message}")]
    Running { message: String, job: i64 },
    /// It takes longer than the caller should wait. It goes on, and asking again finds what came of it.
    #[error("{message}")]
    NotYet {
        message: String,
        retry_after: Duration,
    },
    /// A connector broke, or did not finish in time: neither the caller's fault nor ours.
    #[error("{message}")]
    Connector {
        /// Whether time ran out.
        late: bool,
        message: String,
        story: Story,
    },
    /// Asked too often.
    #[error("too many failed attempts; try again in {} seconds", .retry_after.as_secs().max(1))]
    TooMany { retry_after: Duration },
    /// Something that we depend on does not answer; asking again later may help.
    #[error("the service is not available at the moment")]
    Unavailable(#[source] Story),
    /// A fault of ours.
    #[error("the server failed to answer this request")]
    Internal(#[source] Story),
}

/// The inner story of a failure, for the log.
pub type Story = Box<dyn std::error::Error + Send + Sync>;

/// Which rule an invalid request broke. Clients tell some of them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Any rule without a name of its own.
    Request,
    /// A webhook was enabled without a URL.
    NotificationUrl,
    /// The configuration does not fit the connector's specification.
    Configuration,
    TagName,
    TagColor,
    /// A workspace has no room for another tag.
    TagLimit,
}

/// The things that can be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    Application,
    Connection,
    Dataplane,
    Destination,
    DestinationDefinition,
    Group,
    GroupMember,
    GroupPermission,
    Job,
    Organization,
    Permission,
    Region,
    Source,
    SourceDefinition,
    Tag,
    User,
    Workspace,
}

impl std::fmt::Display for Noun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Application => "application",
            Self::Connection => "connection",
            Self::Dataplane => "data plane",
            Self::Group => "group",
            Self::GroupMember => "group member",
            Self::GroupPermission => "group permission",
            Self::Job => "job",
            Self::Destination => "destination",
            Self::DestinationDefinition => "destination definition",
            Self::Organization => "organization",
            Self::Permission => "permission",
            Self::Region => "region",
            Self::Source => "source",
            Self::SourceDefinition => "source definition",
            Self::Tag => "tag",
            Self::User => "user",
            Self::Workspace => "workspace",
        })
    }
}

/// Which part of a request a fault lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Body,
    Path,
    Query,
}

/// One thing wrong with a request: where, as a JSON pointer in the caller's own spelling, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub place: Place,
    pub pointer: String,
    pub message: String,
}

impl Fault {
    /// A fault in the body, at a JSON pointer such as `/name`; the empty pointer is the whole body.
    pub fn in_body(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: Place::Body,
            pointer: pointer.into(),
            message: message.into(),
        }
    }

    /// A fault in a parameter of the query or the path.
    pub fn in_parameter(place: Place, name: &str, message: impl Into<String>) -> Self {
        Self {
            place,
            pointer: format!("/{name}"),
            message: message.into(),
        }
    }
}

impl Error {
    /// An invalid field of the body.
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::faults(vec![Fault::in_body(pointer, message)])
    }

    /// Several faults at once.
    #[must_use]
    pub fn faults(faults: Vec<Fault>) -> Self {
        Self::Invalid {
            rule: Rule::Request,
            faults,
        }
    }

    pub fn forbidden(why: impl Into<String>) -> Self {
        Self::Forbidden(why.into())
    }

    /// The one voice for an id that the caller may not see, whether or not it exists.
    #[must_use]
    pub fn out_of_sight(what: Noun) -> Self {
        Self::Forbidden(format!("there is no such {what}, or you may not see it"))
    }

    pub fn not_found(what: Noun, id: impl std::fmt::Display) -> Self {
        Self::NotFound {
            what,
            id: id.to_string(),
        }
    }

    pub fn conflict(why: impl Into<String>) -> Self {
        Self::Conflict(why.into())
    }

    pub fn taken(what: Noun, why: impl Into<String>) -> Self {
        Self::Taken {
            what,
            message: why.into(),
        }
    }

    pub fn internal(story: impl Into<Story>) -> Self {
        Self::Internal(story.into())
    }
}

fn sentence(faults: &[Fault]) -> String {
    let named = |fault: &Fault| match fault.pointer.as_str() {
        "" => fault.message.clone(),
        pointer => format!(
            "{}: {}",
            pointer.trim_start_matches('/').replace('/', "."),
            fault.message
        ),
    };
    faults.iter().map(named).collect::<Vec<_>>().join("; ")
}
