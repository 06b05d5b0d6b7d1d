//! Which addresses of the network the server may call by itself: everything public, and what the
//! operator allows besides. An address that is written in a roundabout way (IPv4 inside IPv6) is judged
//! by what it really leads to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A kind of address that is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inward {
    Unspecified,
    Loopback,
    LinkLocal,
    /// Where clouds hand out the credentials of the machine.
    Metadata,
    Private,
    Multicast,
    Documentation,
    /// Not for use on the public network, for whichever reason.
    Reserved,
}

impl fmt::Display for Inward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "the address of a cloud's metadata service",
            Self::Private => "a private address",
            Self::Multicast => "a multicast address",
            Self::Documentation => "an address for documentation",
            Self::Reserved => "a reserved address",
        })
    }
}

/// Why the address is not public; `None` for public ones.
#[must_use]
pub fn inward(address: IpAddr) -> Option<Inward> {
    match address {
        IpAddr::V4(v4) => inward_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => inward_v4(v4),
            None => inward_v6(v6),
        },
    }
}

fn inward_v4(address: Ipv4Addr) -> Option<Inward> {
    match address.octets() {
        [0, 0, 0, 0] => Some(Inward::Unspecified),
        [127, ..] => Some(Inward::Loopback),
        // Amazon, Google, Azure and others; Azure's second; Alibaba.
        [169, 254, 169, 254] | [168, 63, 129, 16] | [100, 100, 100, 200] => Some(Inward::Metadata),
        [169, 254, ..] => Some(Inward::LinkLocal),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => {
            Some(Inward::Private)
        }
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some(Inward::Documentation),
        [224..=239, ..] => Some(Inward::Multicast),
        // This network, protocol assignments, the former 6to4 relay, benchmarks, the future, broadcast.
        [0 | 240..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] => {
            Some(Inward::Reserved)
        }
        _ => None,
    }
}

fn inward_v6(address: Ipv6Addr) -> Option<Inward> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Inward::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Inward::Loopback),
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Some(Inward::Metadata),
        [0xfe80..=0xfebf, ..] => Some(Inward::LinkLocal),
        // Unique local, and the site-local that came before.
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Some(Inward::Private),
        [0xff00..=0xffff, ..] => Some(Inward::Multicast),
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Some(Inward::Documentation),
        // Protocol assignments: Teredo, benchmarks, ORCHID and the like.
        [0x2001, 0..=0x01ff, ..] => Some(Inward::Reserved),
        // Of the rest, global unicast alone is public.
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Inward::Reserved),
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, translated (NAT64) or tunnelled (6to4).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let pair = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x0064, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(pair(high, low)),
        _ => None,
    }
}

/// Something that the operator allows although it may not be public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exception {
    /// A host, by its exact name, wherever the name leads.
    Host(String),
    /// All addresses that begin with these bits.
    Network { address: IpAddr, bits: u8 },
}

impl FromStr for Exception {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be host names, IP addresses or networks such as 10.1.0.0/16";
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            let bits = width(address);
            return Ok(Self::Network { address, bits });
        }
        if let Some((address, bits)) = text.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_| WRONG)?;
            let bits: u8 = bits.parse().map_err(|_| WRONG)?;
            if bits > width(address) {
                return Err(WRONG.to_owned());
            }
            return Ok(Self::Network { address, bits });
        }
        let name = plain(text);
        let proper = |label: &str| {
            !label.is_empty()
                && label
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        };
        // A last label of digits is a misspelt address, never a name.
        let numeric = name
            .rsplit('.')
            .next()
            .is_some_and(|last| last.parse::<u64>().is_ok());
        if name.split('.').all(proper) && !numeric {
            return Ok(Self::Host(name));
        }
        Err(WRONG.to_owned())
    }
}

/// What may be called.
#[derive(Debug, Clone, Default)]
pub struct Allowed(Vec<Exception>);

impl Allowed {
    #[must_use]
    pub fn new(exceptions: Vec<Exception>) -> Self {
        Self(exceptions)
    }

    /// Whether the name is allowed wherever it leads.
    #[must_use]
    pub fn names(&self, host: &str) -> bool {
        let host = plain(host);
        self.0
            .iter()
            .any(|exception| matches!(exception, Exception::Host(name) if *name == host))
    }

    /// # Errors
    /// The kind of the address, when it is neither public nor allowed.
    pub fn admit(&self, address: IpAddr) -> Result<(), Inward> {
        match inward(address) {
            Some(_) if self.contain(address) => Ok(()),
            Some(kind) => Err(kind),
            None => Ok(()),
        }
    }

    fn contain(&self, address: IpAddr) -> bool {
        let also = match address {
            IpAddr::V6(v6) => embedded(v6).map(IpAddr::V4),
            IpAddr::V4(_) => None,
        };
        self.0.iter().any(|exception| match exception {
            Exception::Host(_) => false,
            Exception::Network {
                address: network,
                bits,
            } => [Some(address), also]
                .into_iter()
                .flatten()
                .any(|address| begins_alike(address, *network, *bits)),
        })
    }
}

/// A name in lower case and without the dot at its end.
fn plain(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn begins_alike(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    let shift = u32::from(width(one)) - u32::from(bits.min(width(one)));
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (one.to_bits() ^ other.to_bits())
                .checked_shr(shift)
                .unwrap_or(0)
                == 0
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            (one.to_bits() ^ other.to_bits())
                .checked_shr(shift)
                .unwrap_or(0)
                == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Option<Inward> {
        inward(text.parse().expect(text))
    }

    #[test]
    fn addresses_that_are_not_public_are_told_apart() {
        use Inward as I;
        let cases = [
            ("0.0.0.0", I::Unspecified),
            ("0.1.2.3", I::Reserved),
            ("127.0.0.1", I::Loopback),
            ("127.255.255.254", I::Loopback),
            ("10.0.0.1", I::Private),
            ("172.16.0.1", I::Private),
            ("172.31.255.255", I::Private),
            ("192.168.1.1", I::Private),
            ("100.64.0.1", I::Private),
            ("169.254.0.1", I::LinkLocal),
            ("169.254.169.254", I::Metadata),
            ("168.63.129.16", I::Metadata),
            ("192.0.2.1", I::Documentation),
            ("198.51.100.1", I::Documentation),
            ("203.0.113.1", I::Documentation),
            ("192.0.0.8", I::Reserved),
            ("198.18.0.1", I::Reserved),
            ("224.0.0.1", I::Multicast),
            ("240.0.0.1", I::Reserved),
            ("255.255.255.255", I::Reserved),
            ("::", I::Unspecified),
            ("::1", I::Loopback),
            ("::ffff:127.0.0.1", I::Loopback),
            ("::ffff:10.0.0.1", I::Private),
            ("::ffff:0:10.0.0.1", I::Private),
            ("64:ff9b::127.0.0.1", I::Loopback),
            ("64:ff9b::169.254.169.254", I::Metadata),
            ("2002:7f00:0001::", I::Loopback),
            ("2002:c0a8:0101::1", I::Private),
            ("::127.0.0.1", I::Reserved),
            ("fe80::1", I::LinkLocal),
            ("febf::1", I::LinkLocal),
            ("fc00::1", I::Private),
            ("fd12:3456::1", I::Private),
            ("fd00:ec2::254", I::Metadata),
            ("fec0::1", I::Private),
            ("ff02::1", I::Multicast),
            ("2001:db8::1", I::Documentation),
            ("3fff::1", I::Documentation),
            ("2001::1", I::Reserved),
            ("100::1", I::Reserved),
            ("5f00::1", I::Reserved),
            ("64:ff9b:1::1.1.1.1", I::Reserved),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text), Some(expected), "{text}");
        }
        for public in [
            "1.1.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.128.0.1",
            "169.253.0.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            assert_eq!(kind(public), None, "{public}");
        }
    }

    #[test]
    fn exceptions_open_what_they_name_and_nothing_beside_it() {
        let list = "vault.internal., 10.1.0.0/16, 127.0.0.1, fd12::/32, [::1]";
        let exceptions = list
            .split(", ")
            .map(|text| text.parse().expect(text))
            .collect();
        let allowed = Allowed::new(exceptions);
        for open in [
            "10.1.2.3",
            "127.0.0.1",
            "::ffff:127.0.0.1",
            "fd12::5",
            "::1",
            "9.9.9.9",
        ] {
            assert_eq!(allowed.admit(open.parse().expect(open)), Ok(()), "{open}");
        }
        for shut in ["10.2.0.1", "127.0.0.2", "fd13::1", "169.254.169.254", "::"] {
            assert!(allowed.admit(shut.parse().expect(shut)).is_err(), "{shut}");
        }
        assert!(allowed.names("Vault.Internal") && allowed.names("vault.internal."));
        assert!(!allowed.names("internal") && !allowed.names("x.vault.internal"));
        let all = Allowed::new(vec!["0.0.0.0/0".parse().expect("everything")]);
        assert_eq!(all.admit(Ipv4Addr::LOCALHOST.into()), Ok(()));
        assert!(all.admit(Ipv6Addr::LOCALHOST.into()).is_err());
    }

    #[test]
    fn what_is_neither_name_nor_network_is_refused() {
        for wrong in [
            "",
            "http://x",
            "a b",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.300",
            "*.example.org",
            "host:80",
            "a..b",
        ] {
            assert!(wrong.parse::<Exception>().is_err(), "{wrong}");
        }
    }
}
