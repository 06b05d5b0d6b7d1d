//! The stylesheet, the script and the logo, served from memory. Their addresses carry a piece of their
//! content's hash, so a browser may keep them for ever and still sees every change at once.

use std::sync::LazyLock;

use axum::extract::RawPathParams;
use axum::http::Uri;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::failure::Failure;

/// The routes of every asset. Without a version it is for pages that do not know it.
pub(super) const ROUTES: [&str; 2] = ["/assets/{name}", "/assets/{version}/{name}"];

const STYLE: &[u8] = include_bytes!("assets/style.css");
const SCRIPT: &[u8] = include_bytes!("assets/app.js");
const LOGO: &[u8] = include_bytes!("assets/logo.svg");

/// One file and where it is found.
struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static [u8],
    address: String,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        asset("style.css", "text/css; charset=utf-8", STYLE),
        asset("app.js", "text/javascript; charset=utf-8", SCRIPT),
        asset("logo.svg", "image/svg+xml", LOGO),
    ]
});

fn asset(name: &'static str, kind: &'static str, body: &'static [u8]) -> Asset {
    let version = URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..6]);
    Asset {
        name,
        kind,
        body,
        address: format!("/assets/{version}/{name}"),
    }
}

/// Where the stylesheet is.
pub(super) fn style() -> &'static str {
    &ASSETS[0].address
}

/// Where the script is.
pub(super) fn script() -> &'static str {
    &ASSETS[1].address
}

/// Where the logo is.
pub(super) fn logo() -> &'static str {
    &ASSETS[2].address
}

/// Serves an asset. Without its version, or with another one, it is not to be kept: a page of an older
/// replica may ask for it while this one has been updated already.
pub(super) async fn get(path: RawPathParams, uri: Uri) -> Response {
    let name = path
        .iter()
        .find_map(|(key, value)| (key == "name").then_some(value));
    let Some(asset) = ASSETS.iter().find(|asset| name == Some(asset.name)) else {
        return Failure::no_such_page().into_response();
    };
    let current = asset.address == uri.path();
    let keep = if current {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    (
        [(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, keep)],
        asset.body,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_served_under_its_own_address() {
        for (address, end) in [
            (style(), "/style.css"),
            (script(), "/app.js"),
            (logo(), "/logo.svg"),
        ] {
            assert!(
                address.starts_with("/assets/") && address.ends_with(end),
                "{address}"
            );
        }
    }

    #[test]
    fn no_asset_asks_another_host() {
        for asset in ASSETS.iter() {
            let text = String::from_utf8_lossy(asset.body);
            let text = text
                .replace("http://www.w3.org/2000/svg", "")
                .replace("url(#", "");
            for way in ["http://", "https://", "url("] {
                assert!(!text.contains(way), "{} has {way}", asset.name);
            }
            assert!(!text.contains("@import"), "{}", asset.name);
            // Only what a page of ours names, and the policy lets nothing else through.
            for way in ["fetch(", "EventSource("] {
                let named = format!("{way}piece.dataset.live");
                let (asked, named) = (text.matches(way).count(), text.matches(&named).count());
                assert_eq!(asked, named, "{} {way}", asset.name);
            }
        }
    }
}
