//! Looking names up, with a decision about each address.

use std::net::SocketAddr;
use std::sync::Arc;

use massgen_permissions::{Host, Network, NetworkRefusal};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Nobody knows the name, or nobody could be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UnknownName(pub(super) std::io::Error);

/// Looks names up as the system does and hands on the addresses that may be reached. What is connected to is what was
/// decided about: nobody looks the name up again.
pub(super) struct CheckedNames(pub(super) Arc<Network>);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let network = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(UnknownName)?;
            let reachable = reachable(&network, &Host::name(name.as_str()), found)?;
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a host to which connections may be made.
///
/// # Errors
/// The refusal of the first one, if there is none.
fn reachable(
    network: &Network,
    host: &Host,
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, NetworkRefusal> {
    let mut refusal = None;
    let mut allowed = Vec::new();
    for address in found {
        match network.decide_address(host, address.ip()) {
            Ok(()) => allowed.push(address),
            Err(why) => refusal = refusal.or(Some(why)),
        }
    }
    match refusal {
        Some(why) if allowed.is_empty() => Err(why),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn leads(addresses: &[&str]) -> Result<Vec<String>, NetworkRefusal> {
        let network = Network::of(vec!["example.org".parse().unwrap()]);
        let found = addresses
            .iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 0));
        let reachable = reachable(&network, &Host::name("example.org"), found)?;
        Ok(reachable.iter().map(|one| one.ip().to_string()).collect())
    }

    #[test]
    fn only_public_addresses_of_a_name_are_connected_to() {
        let mixed = leads(&["127.0.0.1", "1.1.1.1", "::1", "169.254.169.254"]);
        assert_eq!(mixed.unwrap(), ["1.1.1.1"]);
        let refusal = leads(&["::ffff:10.0.0.1", "127.0.0.1"]).unwrap_err();
        assert_eq!(refusal.missing(), "10.0.0.1");
        assert!(leads(&[]).unwrap().is_empty());
    }
}
