//! Names to addresses: only those that may be called are handed out, and the connection is made to one
//! of these, so that a name cannot lead elsewhere between the check and the connection.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::trouble::RefusedName;
use crate::domain::network::Allowed;

#[derive(Debug)]
pub(super) struct Resolver {
    allowed: Arc<Allowed>,
}

impl Resolver {
    pub(super) fn new(allowed: Arc<Allowed>) -> Self {
        Self { allowed }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.allowed);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let fit = admitted(name.as_str(), found, &allowed)?;
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

/// Those of the found addresses that may be called.
fn admitted(
    name: &str,
    found: Vec<SocketAddr>,
    allowed: &Allowed,
) -> Result<Vec<SocketAddr>, RefusedName> {
    if allowed.names(name) {
        return Ok(found);
    }
    let mut refused = None;
    let fit: Vec<_> = found
        .into_iter()
        .filter(|address| {
            let answer = allowed.admit(address.ip());
            refused = refused.or(answer.err());
            answer.is_ok()
        })
        .collect();
    match refused {
        Some(kind) if fit.is_empty() => Err(RefusedName {
            host: name.to_owned(),
            kind,
        }),
        _ => Ok(fit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_mixed_addresses_only_the_public_ones_are_connected_to() {
        let found = ["10.0.0.1:0", "9.9.9.9:0", "[::1]:0"];
        let found: Vec<SocketAddr> = found.iter().map(|text| text.parse().expect(text)).collect();
        let nothing = Allowed::default();
        let fit = admitted("mixed.example.org", found.clone(), &nothing).expect("one");
        assert_eq!(fit, [found[1]]);
        assert!(admitted("inward.example.org", vec![found[0], found[2]], &nothing).is_err());
        let named = Allowed::new(vec!["inward.example.org".parse().expect("a name")]);
        assert_eq!(
            admitted("Inward.Example.org", found, &named)
                .expect("all")
                .len(),
            3
        );
    }
}
