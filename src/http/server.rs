//! Connections: accepting them, serving HTTP/1.1 on them, and letting them finish when the server
//! stops. Done by hand rather than by `axum::serve`, for a limit on slow request heads.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::extract::Request;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::Service;
use super::patience::Patience;
use crate::request::Peer;
use crate::shutdown::Shutdown;

/// Accepts connections until stopping begins. Each is a task that stopping waits for.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    shutdown: Shutdown,
    header_timeout: Duration,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.begun() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(
                    stream,
                    Peer(peer),
                    service.clone(),
                    shutdown.clone(),
                    header_timeout,
                );
                shutdown.spawn(connection);
            }
            Err(error) => {
                // Out of file descriptors, most likely: let some connections end first.
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    service: Service,
    shutdown: Shutdown,
    header_timeout: Duration,
) {
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer);
        service.clone().answer(request).map(Ok::<_, Infallible>)
    });
    let connection = http1::Builder::new()
        .timer(Patience)
        .header_read_timeout(header_timeout)
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = pin!(connection);
    let mut stopping = pin!(shutdown.begun());
    let mut stopped = false;
    let mut ticks = Patience::ticks(header_timeout);
    let ended = loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => break ended,
            () = stopping.as_mut(), if !stopped => {
                connection.as_mut().graceful_shutdown();
                stopped = true;
            }
            // So that hyper looks at its timer.
            _ = ticks.tick() => {}
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %peer.0, "connection ended: {error}");
    }
}
