//! `serve`: the server from start to stop.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{explained, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Role};
use crate::domain::secret::PlainSecret;
use crate::ops::administrator::{self, Credentials};
use crate::ops::{deliveries, registry, setup, work};
use crate::shutdown::Shutdown;
use crate::{http, web};

/// How often the last uses of applications are written.
const WRITE_USES: Duration = Duration::from_secs(1);

/// How long stopping waits until the containers of connectors are gone.
const REMOVE_CONTAINERS: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT, then lets requests and jobs finish.
pub(super) async fn serve(config: Config) -> Result<ExitCode> {
    prepare(&config)?;
    let role = config.server.role;
    let listener = match role {
        Role::All | Role::Api => Some(listen(&config).await?),
        Role::Worker => None,
    };
    let (app, welcome) = setup::start(config, Clock::System)
        .await
        .map_err(explained)?;
    registry::follow_order(&app).await.map_err(explained)?;
    let shutdown = app.shutdown.clone();
    let url = match listener {
        Some(listener) => {
            let address = listener.local_addr()?;
            serve_requests(&app, listener);
            format!("http://{}", reachable(address))
        }
        None => String::new(),
    };
    shutdown.spawn(settle(Arc::clone(&app)));
    shutdown.spawn(collect_orphans(Arc::clone(&app)));
    shutdown.spawn(deliveries::run(Arc::clone(&app)));
    Arc::new(work::engine(&app)).begin(role != Role::Api);

    let url = app.config.server.external_url.clone().unwrap_or(url);
    let place = match &app.config.database.url {
        Some(_) => app.db.engine().to_owned(),
        None => format!(
            "{} in {}",
            app.db.engine(),
            app.config.database.data_dir.display()
        ),
    };
    let does = match role {
        Role::All | Role::Api => format!("listens on {url}"),
        Role::Worker => format!("runs up to {} jobs at once", app.config.worker.slots),
    };
    say(&format!(
        "Ferrobyte {} {does} ({place})",
        env!("CARGO_PKG_VERSION")
    ));
    if let Some(welcome) = welcome {
        announce(&app, &welcome, &url);
    }

    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let mut stopped = async || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    stopped().await;
    tracing::info!("stopping: open requests may finish, jobs are given back");
    let finished = finish(&shutdown, app.config.server.drain_timeout, stopped()).await;
    if let Err(error) = app.callers.uses.write(&app.db, app.clock.now()).await {
        tracing::warn!(
            "the last uses of applications were not written: {}",
            explained(error)
        );
    }
    let removed = app.launcher.containers().settle();
    if tokio::time::timeout(REMOVE_CONTAINERS, removed)
        .await
        .is_err()
    {
        tracing::warn!("containers are left; the next start removes them");
    }
    app.db.close().await;
    Ok(if finished {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn listen(config: &Config) -> Result<TcpListener> {
    let address = config.server.listen;
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

fn serve_requests(app: &Arc<App>, listener: TcpListener) {
    let shutdown = &app.shutdown;
    let service = http::service(app, web::routes, web::missing);
    let head = app.config.server.header_timeout;
    shutdown.spawn(http::server::serve(
        listener,
        service,
        shutdown.clone(),
        head,
    ));
    shutdown.spawn(write_uses(Arc::clone(app), shutdown.clone()));
}

/// The address as somebody on this machine would type it: listening on every interface is no place to go.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}

async fn finish(shutdown: &Shutdown, limit: Duration, insist: impl Future<Output = ()>) -> bool {
    let finished = shutdown.finish(limit, insist).await;
    if finished {
        tracing::info!("stopped");
    } else {
        tracing::warn!("stopped before every request was answered");
    }
    finished
}

/// Makes the data directory, for its owner only.
pub(super) fn prepare(config: &Config) -> Result<()> {
    let directory = &config.database.data_dir;
    if config.database.url.is_none() && !directory.exists() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .with_context(|| format!("cannot create the data directory {}", directory.display()))?;
    }
    Ok(())
}

/// Shows the credentials of the first start; what was generated is shown only here.
pub(super) fn announce(app: &App, now: &Credentials, url: &str) {
    let shown = |secret: Option<&PlainSecret>| {
        secret.map_or("(the one you gave)".to_owned(), |secret| {
            secret.reveal().to_owned()
        })
    };
    let email = &now.email;
    let password = shown(now.password.as_ref());
    let client = now.client.as_ref();
    let id = client.map_or("", |client| &client.id);
    let secret = shown(client.and_then(|client| client.secret.as_ref()));
    let sent = client
        .and_then(|client| client.secret.as_ref())
        .map_or("YOUR_CLIENT_SECRET", PlainSecret::reveal);
    let minutes = app.tokens.lifetime.num_minutes();
    say(&format!(
        "
First start. Keep this, it is shown only once:

  page           {url}/
  e-mail         {email}
  password       {password}
  client id      {id}
  client secret  {secret}

Next, in another terminal: trade the credentials for a token ({minutes} minutes), then ask for the workspaces.

  TOKEN=$(curl -sS {url}/api/v1/applications/token -H 'Content-Type: application/json' \\
    -d '{{\"client_id\":\"{id}\",\"client_secret\":\"{sent}\"}}' \\
    | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')
  curl -sS {url}/api/public/v1/workspaces -H \"Authorization: Bearer $TOKEN\"
"
    ));
}

async fn settle(app: Arc<App>) {
    if let Err(error) = administrator::settle(&app).await {
        tracing::error!(
            "the administrator's password is not in effect yet: {}",
            explained(error)
        );
    }
}

/// Without an engine there is nothing to collect.
async fn collect_orphans(app: Arc<App>) {
    if let Err(failure) = app.launcher.containers().collect_orphans().await {
        tracing::debug!(
            story = failure.story,
            "no containers were looked through: {}",
            failure.message
        );
    }
}

async fn write_uses(app: Arc<App>, shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(WRITE_USES) => {}
            () = shutdown.begun() => return,
        }
        if let Err(error) = app.callers.uses.write(&app.db, app.clock.now()).await {
            tracing::warn!("the last uses of applications wait: {}", explained(error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_told_is_one_to_go_to() {
        for (given, told) in [
            ("0.0.0.0:8000", "127.0.0.1:8000"),
            ("[::]:8000", "[::1]:8000"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            let address = given.parse().expect("an address");
            assert_eq!(reachable(address).to_string(), told);
        }
    }
}
