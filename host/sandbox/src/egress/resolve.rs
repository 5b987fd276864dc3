//! Looking names up, with a decision about each address.

use std::net::SocketAddr;
use std::sync::Arc;

use massgen_permissions::{Host, Network};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Nobody knows the name, or nobody could be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UnknownName(std::io::Error);

/// Looks names up as the system does and hands on the addresses that may be reached. What is connected to is what was
/// decided about: nobody looks the name up again.
pub(super) struct CheckedNames(pub(super) Arc<Network>);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let network = Arc::clone(&self.0);
        Box::pin(async move {
            let host = Host::name(name.as_str());
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(UnknownName)?;
            let mut refusal = None;
            let mut allowed: Vec<SocketAddr> = Vec::new();
            for address in found {
                match network.decide_address(&host, address.ip()) {
                    Ok(()) => allowed.push(address),
                    Err(why) => refusal = refusal.or(Some(why)),
                }
            }
            match refusal {
                Some(why) if allowed.is_empty() => Err(why.into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}
