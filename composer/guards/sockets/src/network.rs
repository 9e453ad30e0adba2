//! Addresses, and the blocks of them that rules name.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses in CIDR form; a single address is a block of one.
pub struct Network {
    /// The address in the highest bits, so that prefixes of both families begin at the same end.
    bits: u128,
    prefix: u32,
    is_v6: bool,
}

impl Network {
    /// Takes `10.0.0.0/8`, `fd00::/8` or an address; a block begins with its first address and never is all there is.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(u32::from(number(prefix)?))),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv6() { 128 } else { 32 };
        let prefix = prefix.unwrap_or(width);
        let bits = high_bits(address);
        let begins_there = bits.checked_shl(prefix).unwrap_or(0) == 0;
        (begins_there && (1..=width).contains(&prefix)).then_some(Network {
            bits,
            prefix,
            is_v6: address.is_ipv6(),
        })
    }

    pub fn holds(&self, address: IpAddr) -> bool {
        self.is_v6 == address.is_ipv6() && (self.bits ^ high_bits(address)).leading_zeros() >= self.prefix
    }
}

fn high_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        IpAddr::V6(address) => u128::from(address),
    }
}

/// Blocks of the IANA special-purpose registries that lead to this machine, its neighbours, or to many.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 10] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 6] = [
    (Ipv6Addr::UNSPECIFIED, 96),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];

/// Whether an address is one of the internet's, rather than of this machine or network.
pub fn is_public(address: IpAddr) -> bool {
    let address = translated(address).unwrap_or(address);
    let within = |network: IpAddr, prefix| {
        Network { bits: high_bits(network), prefix, is_v6: network.is_ipv6() }.holds(address)
    };
    let mut v4 = NOT_PUBLIC_V4.iter().map(|&(network, prefix)| (IpAddr::V4(network), prefix));
    let mut v6 = NOT_PUBLIC_V6.iter().map(|&(network, prefix)| (IpAddr::V6(network), prefix));
    !v4.any(|(network, prefix)| within(network, prefix))
        && !v6.any(|(network, prefix)| within(network, prefix))
}

/// The IPv4 address to which NAT64 (RFC 6052) leads.
fn translated(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    let [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] = address.octets() else { return None };
    Some(Ipv4Addr::new(a, b, c, d).into())
}

/// One machine's address: neither nobody's, nor a group's, nor everybody's.
pub fn is_unicast(address: IpAddr) -> bool {
    !address.is_unspecified() && !address.is_multicast() && address != IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// Whether an address is one machine's on each link: only with a zone it is clear which.
pub fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// A number as rules write it: digits only, no leading zero.
pub fn number(text: &str) -> Option<u16> {
    let is_number = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::{Network, is_public, is_unicast};

    fn holds(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().holds(address.parse().unwrap())
    }

    #[test]
    fn holds_the_addresses_of_the_block() {
        for (network, address) in [
            ("10.0.0.0/8", "10.255.255.255"),
            ("10.1.2.0/23", "10.1.3.255"),
            ("10.1.2.3", "10.1.2.3"),
            ("128.0.0.0/1", "255.0.0.1"),
            ("fd00::/8", "fd12:3456::1"),
            ("2001:db8::8/125", "2001:db8::f"),
            ("::1", "::1"),
        ] {
            assert!(holds(network, address), "{network} {address}");
        }
    }

    #[test]
    fn holds_no_others() {
        for (network, address) in [
            ("10.0.0.0/8", "11.0.0.0"),
            ("10.1.2.0/23", "10.1.4.0"),
            ("10.1.2.3", "10.1.2.2"),
            ("128.0.0.0/1", "127.255.255.255"),
            ("128.0.0.0/1", "8000::"),
            ("8000::/1", "128.0.0.1"),
            ("2001:db8::8/125", "2001:db8::10"),
            ("::1", "::2"),
        ] {
            assert!(!holds(network, address), "{network} {address}");
        }
    }

    #[test]
    fn refuses_what_is_not_canonical() {
        for text in [
            "",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/0",
            "10.0.0.0/33",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0.1/8",
            "10.0.0.0/4294967304",
            "10.0.0",
            "010.0.0.1",
            "0x0a.0.0.1",
            "[::1]",
            "::/0",
            "::1/129",
            "fd00::1/8",
            "fe80::1%eth0",
            " 10.0.0.1",
            "db.example.com",
        ] {
            assert!(Network::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn tells_public_addresses() {
        for address in ["93.184.216.34", "172.32.0.1", "2606:2800:220:1::1", "64:ff9b::5db8:d822"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn tells_unicast_addresses() {
        for address in ["127.0.0.1", "10.0.0.255", "::1", "fe80::1"] {
            assert!(is_unicast(address.parse().unwrap()), "{address}");
        }
        for address in ["0.0.0.0", "::", "224.0.0.1", "239.1.1.1", "255.255.255.255", "ff02::1"] {
            assert!(!is_unicast(address.parse().unwrap()), "{address}");
        }
    }
}
