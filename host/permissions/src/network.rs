//! Which places of the network a guest may reach: a list of [`Destination`]s and two decisions, without I/O.
//!
//! Guests have no sockets. They hand whole HTTP requests to the host, which asks [`Network::decide`] about the place a
//! request names before anything is looked up, and [`Network::decide_address`] about each address that a name leads to
//! before a connection is made. What no destination names is refused.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The protocols of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The scheme as it stands in a URL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port of a URL that names none (RFC 9110 §4.2).
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A host as a URL names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name, in lower case and without a dot at its end.
    Name(String),
    /// An address. One of IPv4 inside IPv6 (`::ffff:127.0.0.1`) is that of IPv4.
    Address(IpAddr),
}

impl Host {
    /// A host of this name.
    pub fn name(name: &str) -> Self {
        Self::Name(name.trim_end_matches('.').to_ascii_lowercase())
    }

    /// A host of this address.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(address.to_canonical())
    }

    /// True for this machine by its names and addresses (RFC 6761 §6.3, RFC 6890).
    pub fn is_local(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Self::Address(address) => address.is_loopback(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
            Self::Address(address) => write!(formatter, "{address}"),
        }
    }
}

/// Where a request goes: what a URL calls its origin (RFC 6454).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The protocol.
    pub scheme: Scheme,
    /// The host.
    pub host: Host,
    /// The port, also where it is the scheme's own.
    pub port: u16,
}

impl Origin {
    /// The destination that contains just this origin, as short as it can be written.
    fn as_destination(&self) -> String {
        let implied = self.scheme == Scheme::Https || self.host.is_local();
        let text = self.to_string();
        match (implied, text.split_once("://")) {
            (true, Some((_, place))) => place.to_owned(),
            _ => text,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme.name(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(formatter, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// The hosts that a destination stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    One(Host),
    /// `*.example.org`: every name below, not the name itself. Kept with its leading dot.
    Below(String),
    /// `*`: every name and every public address.
    All,
}

/// A place that a guest may reach: `[http://|https://]HOST[:PORT]`.
///
/// `HOST` is a name, an address (of IPv6 in brackets), `*.NAME` for the names below one, or `*` for all of the public
/// network. Without a protocol it means `https`, and for this machine (`localhost` and loopback addresses) `http` too;
/// without a port the protocol's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    schemes: &'static [Scheme],
    hosts: Hosts,
    port: Option<u16>,
}

/// A text that is no destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no place of the network: {reason}. Write [http://]HOST[:PORT], e.g. api.example.org, *.example.org or http://localhost:8000"
)]
pub struct InvalidDestination {
    text: String,
    reason: &'static str,
}

impl FromStr for Destination {
    type Err = InvalidDestination;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|reason| InvalidDestination {
            text: text.to_owned(),
            reason,
        })
    }
}

fn parse(text: &str) -> Result<Destination, &'static str> {
    let (scheme, place) = match text.split_once("://") {
        Some(("http", place)) => (Some(Scheme::Http), place),
        Some(("https", place)) => (Some(Scheme::Https), place),
        Some(_) => return Err("only http and https go out"),
        None => (None, text),
    };
    let place = place.strip_suffix('/').unwrap_or(place);
    if place.contains(['/', '?', '#']) {
        return Err("it has a path, and paths are not told apart");
    }
    if place.contains('@') {
        return Err("it has a user's name; a program sends that itself");
    }
    let (host, port) = split_port(place)?;
    let hosts = hosts(host)?;
    let schemes: &[Scheme] = match (scheme, &hosts) {
        (Some(Scheme::Http), _) => &[Scheme::Http],
        (None, Hosts::One(host)) if host.is_local() => &[Scheme::Http, Scheme::Https],
        (Some(Scheme::Https) | None, _) => &[Scheme::Https],
    };
    Ok(Destination {
        schemes,
        hosts,
        port,
    })
}

fn split_port(place: &str) -> Result<(&str, Option<u16>), &'static str> {
    let (host, port) = match place.rfind(']') {
        Some(end) if place.starts_with('[') => place.split_at(end + 1),
        _ => match place.rfind(':') {
            Some(colon) => place.split_at(colon),
            None => (place, ""),
        },
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, None)),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => match digits.parse() {
            Ok(0) | Err(_) => Err("the port must be 1 to 65535"),
            Ok(port) => Ok((host, Some(port))),
        },
        _ => Err("what follows the host is no port"),
    }
}

fn hosts(host: &str) -> Result<Hosts, &'static str> {
    if host == "*" {
        return Ok(Hosts::All);
    }
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let address: Ipv6Addr = inner
            .parse()
            .map_err(|_| "what stands in brackets is no address of IPv6")?;
        return Ok(Hosts::One(Host::address(address.into())));
    }
    if host.contains(':') {
        return Err("an address of IPv6 stands in brackets");
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(Hosts::One(Host::address(address.into())));
    }
    match host.strip_prefix("*.") {
        Some(above) => Ok(Hosts::Below(format!(".{}", name(above)?))),
        None => Ok(Hosts::One(Host::Name(name(host)?))),
    }
}

/// A name of the domain system: labels of letters, digits, `-` and `_` (RFC 1123 §2.1; `_` occurs in practice).
fn name(text: &str) -> Result<String, &'static str> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    if name.is_empty() {
        return Err("the host is missing");
    }
    if !name.is_ascii() {
        return Err(
            "a name with other letters is written in its ASCII form, which begins with xn--",
        );
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(plain);
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err(
            "the host is neither a name nor an address; a star stands for whole labels at the front",
        );
    }
    // What URLs take for an address of IPv4 in another notation (`127.1`, `0x7f.1`) is never a name.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number {
        return Err("an address of IPv4 is written as four numbers");
    }
    Ok(name)
}

impl Destination {
    /// Whether it contains the origin. An address that is not public is contained only by name.
    fn contains(&self, origin: &Origin) -> bool {
        let port = self.port.unwrap_or(origin.scheme.default_port());
        let host = match (&self.hosts, &origin.host) {
            (Hosts::One(one), host) => one == host,
            (Hosts::Below(suffix), Host::Name(name)) => {
                name.len() > suffix.len() && name.ends_with(suffix.as_str())
            }
            (Hosts::Below(_), Host::Address(_)) => false,
            (Hosts::All, Host::Name(_)) => !origin.host.is_local(),
            (Hosts::All, Host::Address(address)) => is_public(*address),
        };
        host && port == origin.port && self.schemes.contains(&origin.scheme)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schemes == [Scheme::Http] {
            formatter.write_str("http://")?;
        }
        match &self.hosts {
            Hosts::One(host) => write!(formatter, "{host}")?,
            Hosts::Below(suffix) => write!(formatter, "*{suffix}")?,
            Hosts::All => formatter.write_str("*")?,
        }
        match self.port {
            Some(port) => write!(formatter, ":{port}"),
            None => Ok(()),
        }
    }
}

/// Why a request does not go out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkRefusal {
    /// No destination contains it.
    #[error("cannot reach {origin}: {}", not_listed(.allowed))]
    NotListed {
        /// Where it was to go.
        origin: Origin,
        /// What it could have reached.
        allowed: Vec<Destination>,
    },
    /// The name leads to addresses none of which may be reached.
    #[error(
        "cannot reach {host}: the name leads to {address}, which is not an address of the public network"
    )]
    NotPublic {
        /// The name.
        host: Host,
        /// The first address that it leads to.
        address: IpAddr,
    },
}

impl NetworkRefusal {
    /// The destination that would have let it pass, as it is written.
    pub fn missing(&self) -> String {
        match self {
            Self::NotListed { origin, .. } => origin.as_destination(),
            Self::NotPublic { address, .. } => Host::Address(*address).to_string(),
        }
    }
}

fn not_listed(allowed: &[Destination]) -> String {
    if allowed.is_empty() {
        return "the sandbox has no network".to_owned();
    }
    let names: Vec<String> = allowed.iter().map(Destination::to_string).collect();
    format!("the sandbox may reach {} only", names.join(", "))
}

/// The places that the guests of one call may reach. Empty is no network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network(Vec<Destination>);

impl Network {
    /// These places.
    pub fn of(destinations: Vec<Destination>) -> Self {
        Self(destinations)
    }

    /// Whether a request to this origin may go out.
    ///
    /// # Errors
    /// The refusal, in words.
    pub fn decide(&self, origin: &Origin) -> Result<(), NetworkRefusal> {
        match self.0.iter().any(|place| place.contains(origin)) {
            true => Ok(()),
            false => Err(NetworkRefusal::NotListed {
                origin: origin.clone(),
                allowed: self.0.clone(),
            }),
        }
    }

    /// Whether a connection may be made to this address, to which an allowed host leads. A name must not lead into the
    /// machine or its neighbourhood: such an address is reached only if a destination names it, or under a name of this
    /// machine.
    ///
    /// # Errors
    /// The refusal, in words.
    pub fn decide_address(&self, host: &Host, address: IpAddr) -> Result<(), NetworkRefusal> {
        let address = address.to_canonical();
        let named = Host::Address(address);
        let is_named = *host == named
            || (host.is_local() && address.is_loopback())
            || self
                .0
                .iter()
                .any(|place| place.hosts == Hosts::One(named.clone()));
        match is_named || is_public(address) {
            true => Ok(()),
            false => Err(NetworkRefusal::NotPublic {
                host: host.clone(),
                address,
            }),
        }
    }
}

/// True for an address of the public network: none of those that the registries of special addresses (RFC 6890 and its
/// updates) keep for a machine, its neighbourhood or other ends. Addresses that carry one of IPv4 are judged by it.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        // Shared by the customers of a provider (RFC 6598).
        || (a == 100 && (64..128).contains(&b))
        // Protocol assignments (RFC 6890).
        || (a == 192 && b == 0 && c == 0)
        // Once anycast relays of 6to4 (RFC 7526).
        || (a == 192 && b == 88 && c == 99)
        // Benchmarks (RFC 2544).
        || (a == 198 && (18..20).contains(&b))
        // Multicast, reserved, broadcast.
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let octets = address.octets();
    let carried = |at: usize| {
        is_public_v4(Ipv4Addr::new(
            octets[at],
            octets[at + 1],
            octets[at + 2],
            octets[at + 3],
        ))
    };
    match (a, b) {
        // Translation from IPv6 to IPv4 (RFC 6052): the well-known prefix carries the address in its last 32 bits.
        (0x64, 0xff9b) if address.segments()[2..6] == [0; 4] => carried(12),
        // 6to4 (RFC 3056) carries it behind its prefix.
        (0x2002, _) => carried(2),
        // Protocol assignments with Teredo, and documentation (RFC 2928, 3849, 9637).
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // Global unicast (RFC 4291 §2.4).
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn origin(url: &str) -> Origin {
        let (scheme, place) = url.split_once("://").unwrap();
        let scheme = if scheme == "http" {
            Scheme::Http
        } else {
            Scheme::Https
        };
        let (host, port) = split_port(place).unwrap();
        let host = match hosts(host).unwrap() {
            Hosts::One(host) => host,
            other => panic!("{other:?} is no host"),
        };
        Origin {
            scheme,
            host,
            port: port.unwrap_or(scheme.default_port()),
        }
    }

    fn network(places: &[&str]) -> Network {
        Network::of(places.iter().map(|place| place.parse().unwrap()).collect())
    }

    fn reaches(places: &[&str], url: &str) -> bool {
        network(places).decide(&origin(url)).is_ok()
    }

    #[test]
    fn without_destinations_nothing_is_reached() {
        let refusal = network(&[])
            .decide(&origin("https://example.org"))
            .unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "cannot reach https://example.org: the sandbox has no network"
        );
    }

    #[test]
    fn a_refusal_names_the_destination_that_was_missing() {
        for (url, missing) in [
            ("https://example.org", "example.org"),
            ("https://example.org:8443", "example.org:8443"),
            ("http://example.org", "http://example.org"),
            ("http://localhost:8000", "localhost:8000"),
            ("https://[::1]:8", "[::1]:8"),
        ] {
            let origin = origin(url);
            let refusal = network(&["*.nowhere.org"]).decide(&origin).unwrap_err();
            assert_eq!(refusal.missing(), missing);
            assert_eq!(network(&[missing]).decide(&origin), Ok(()));
        }
    }

    #[test]
    fn a_name_means_itself_over_https_at_its_port() {
        for (url, expected) in [
            ("https://api.example.org", true),
            ("https://API.example.org.", true),
            ("https://api.example.org:443", true),
            ("https://api.example.org:8443", false),
            ("http://api.example.org", false),
            ("https://example.org", false),
            ("https://x.api.example.org", false),
            ("https://api.example.org.evil.org", false),
            ("https://evil-api.example.org", false),
        ] {
            assert_eq!(reaches(&["api.example.org"], url), expected, "{url}");
        }
        assert!(reaches(
            &["api.example.org:8443"],
            "https://api.example.org:8443"
        ));
        assert!(!reaches(
            &["api.example.org:8443"],
            "https://api.example.org"
        ));
        assert!(reaches(
            &["http://api.example.org"],
            "http://api.example.org"
        ));
        assert!(!reaches(
            &["http://api.example.org"],
            "https://api.example.org"
        ));
    }

    #[test]
    fn a_star_means_the_names_below_and_alone_the_public_network() {
        for (url, expected) in [
            ("https://a.example.org", true),
            ("https://a.b.example.org", true),
            ("https://example.org", false),
            ("https://aexample.org", false),
        ] {
            assert_eq!(reaches(&["*.example.org"], url), expected, "{url}");
        }
        for (url, expected) in [
            ("https://example.org", true),
            ("https://1.1.1.1", true),
            ("https://10.0.0.1", false),
            ("https://localhost", false),
            ("https://127.0.0.1", false),
            ("https://[::ffff:127.0.0.1]", false),
        ] {
            assert_eq!(reaches(&["*"], url), expected, "{url}");
        }
    }

    #[test]
    fn this_machine_is_reached_in_the_clear_too() {
        assert!(reaches(&["localhost:8000"], "http://localhost:8000"));
        assert!(reaches(&["localhost:8000"], "https://localhost:8000"));
        assert!(reaches(&["127.0.0.1"], "http://127.0.0.1"));
        assert!(reaches(&["[::1]:9"], "http://[::1]:9"));
        assert!(!reaches(&["localhost"], "http://localhost:8000"));
        assert!(!reaches(&["10.0.0.1"], "http://10.0.0.1"));
    }

    #[test]
    fn a_name_does_not_lead_into_the_neighbourhood_unless_the_address_is_allowed_too() {
        let inside: IpAddr = "10.1.2.3".parse().unwrap();
        let host = Host::name("intranet.example.org");
        let refusal = network(&["intranet.example.org"])
            .decide_address(&host, inside)
            .unwrap_err();
        assert!(
            refusal.to_string().contains("leads to 10.1.2.3"),
            "{refusal}"
        );
        let both = network(&["intranet.example.org", "10.1.2.3"]);
        assert_eq!(both.decide_address(&host, inside), Ok(()));
        let mapped = "::ffff:10.1.2.4".parse().unwrap();
        assert!(both.decide_address(&host, mapped).is_err());
        let local = network(&["localhost"]);
        assert_eq!(
            local.decide_address(&Host::name("localhost"), "::1".parse().unwrap()),
            Ok(())
        );
        assert!(
            local
                .decide_address(&Host::name("localhost"), inside)
                .is_err()
        );
    }

    #[test]
    fn special_addresses_are_not_public() {
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::",
            "3fff::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "64:ff9b::1.1.1.1",
            "2002:101:101::",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn what_is_no_destination_is_refused_with_the_form() {
        for (text, part) in [
            ("", "the host is missing"),
            ("ftp://example.org", "only http and https"),
            ("example.org/path", "has a path"),
            ("user@example.org", "a user's name"),
            ("example.org:0", "1 to 65535"),
            ("example.org:99999", "1 to 65535"),
            ("example.org:", "1 to 65535"),
            ("example.org:http", "no port"),
            ("::1", "in brackets"),
            ("[::1", "in brackets"),
            ("[::g]", "in brackets"),
            ("a..b", "neither a name"),
            ("exa*ple.org", "neither a name"),
            ("*.*.org", "neither a name"),
            ("bücher.example", "xn--"),
            ("127.1", "four numbers"),
            ("0x7f.0x1", "four numbers"),
        ] {
            let error = text.parse::<Destination>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(error.contains("[http://]HOST[:PORT]"), "{error}");
        }
    }

    #[test]
    fn a_destination_shows_as_it_is_written() {
        for text in [
            "example.org",
            "http://*.example.org:81",
            "*",
            "[::1]:80",
            "10.0.0.1:8",
        ] {
            assert_eq!(text.parse::<Destination>().unwrap().to_string(), text);
        }
        let long = "https://Example.org./".parse::<Destination>().unwrap();
        assert_eq!(long.to_string(), "example.org");
    }
}
