//! Proxies that are believed when they say for whom they ask. Pure functions over headers and
//! addresses.
//!
//! Each proxy on the way appends to `X-Forwarded-For` the address it was asked from. Anybody may send
//! that header, so only what trusted proxies wrote counts: read from its end, the first address that is
//! no trusted proxy is the client, and what stands before it is hearsay.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use warp::http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that an operator trusts; none unless said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<Network>);

/// An address, or all that begin like it, as in `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no address or network; write it like 10.0.0.7 or 10.0.0.0/8");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| wrong())?.to_canonical();
        let size = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(size);
        if bits > size { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let differs = ours.to_bits() ^ other.to_bits();
                differs.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                let differs = ours.to_bits() ^ other.to_bits();
                differs.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl TrustedProxies {
    /// Whether this is one of them.
    #[must_use]
    pub fn hold(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }

    /// The address that a connection counts for: none, where many people share it.
    #[must_use]
    pub fn counted(&self, peer: IpAddr) -> Option<IpAddr> {
        (!self.hold(peer)).then_some(peer)
    }

    /// From where somebody asks: what a trusted proxy says, or the address that the connection comes
    /// from. A port is known only of the latter.
    #[must_use]
    pub fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        if !self.hold(peer.ip()) {
            return peer;
        }
        let said: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
        let mut nearest = peer;
        for value in said.into_iter().rev() {
            // What is no text was not written by a proxy.
            let Ok(value) = value.to_str() else { return nearest };
            for text in value.rsplit(',') {
                let Some(address) = address(text.trim()) else { return nearest };
                nearest = SocketAddr::new(address, 0);
                if !self.hold(address) {
                    return nearest;
                }
            }
        }
        nearest
    }
}

/// An address as proxies write it: some add the port, and then put those of IPv6 in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()));
    address.map(|it: IpAddr| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    fn client(trusted: &[&str], peer: &str, said: &[&str]) -> String {
        let proxies = TrustedProxies(trusted.iter().map(|it| it.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for value in said {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        proxies.client(SocketAddr::new(peer.parse().unwrap(), 7), &headers).ip().to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        assert_eq!(client(&[], "127.0.0.1", &["192.0.2.1"]), "127.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "11.0.0.1", &["192.0.2.1"]), "11.0.0.1");
    }

    #[test]
    fn what_stands_before_the_first_stranger_is_hearsay() {
        let trusted = ["127.0.0.1", "10.0.0.0/8"];
        for (said, expected) in [
            (&[][..], "127.0.0.1"),
            (&["192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.9, 192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.9, 192.0.2.1, 10.1.2.3"], "192.0.2.1"),
            (&["198.51.100.9", "192.0.2.1,10.1.2.3"], "192.0.2.1"),
            (&["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
            (&["192.0.2.1, unknown"], "127.0.0.1"),
            (&["192.0.2.1, unknown, 10.1.2.3"], "10.1.2.3"),
            (&[""], "127.0.0.1"),
            (&["192.0.2.1:5000"], "192.0.2.1"),
            (&["[2001:db8::1]:5000"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
        ] {
            assert_eq!(client(&trusted, "127.0.0.1", said), expected, "{said:?}");
        }
    }

    #[test]
    fn what_is_no_text_was_written_by_nobody_who_is_believed() {
        let proxies = TrustedProxies(vec!["127.0.0.1".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, HeaderValue::from_static("192.0.2.1"));
        headers.append(FORWARDED_FOR, HeaderValue::from_bytes(b"\xff").unwrap());
        let peer = SocketAddr::new("127.0.0.1".parse().unwrap(), 7);
        assert_eq!(proxies.client(peer, &headers), peer);
    }

    #[test]
    fn a_proxy_may_have_as_many_connections_as_it_likes() {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let (proxy, other) = ("10.1.2.3".parse().unwrap(), "192.0.2.1".parse().unwrap());
        assert_eq!([proxies.counted(proxy), proxies.counted(other)], [None, Some(other)]);
    }

    #[test]
    fn a_network_holds_what_begins_like_it() {
        for (network, address, held) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("0.0.0.0/0", "203.0.113.5", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db9::1", true),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
        ] {
            let parsed: Network = network.parse().unwrap();
            assert_eq!(parsed.holds(address.parse().unwrap()), held, "{network} {address}");
        }
        for wrong in
            ["", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/x", "proxy.example", "10.0.0.0/-1"]
        {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
