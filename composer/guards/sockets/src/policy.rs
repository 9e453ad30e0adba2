//! What the rules of a module allow on the network, and what its look-ups have returned.

use crate::name::{Pattern, canonical_name, is_private};
use crate::network::{Network, is_public, is_unicast, number};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use rules::Rules;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Tcp,
    Udp,
}

/// Why an address may not be reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is none that one machine has, or has no port: no rule could grant it.
    Invalid,
    Denied,
}

enum Host {
    Network(Network),
    Name(String),
}

struct SocketRule {
    protocol: Protocol,
    host: Host,
    ports: Vec<(u16, u16)>,
}

pub struct Policy {
    sockets: Vec<SocketRule>,
    lookups: Vec<Pattern>,
    /// Names of socket rules, with the addresses that look-ups have returned for them.
    returned: Vec<(String, IpAddr)>,
}

impl Policy {
    /// Rules that are not in their one form grant nothing.
    pub fn new(rules: &Rules) -> Self {
        Policy {
            sockets: rules.of("sockets").filter_map(|fields| socket_rule(&fields)).collect(),
            lookups: rules
                .of("nameLookup")
                .filter_map(|fields| match *fields.as_slice() {
                    [pattern] => Pattern::parse(pattern),
                    _ => None,
                })
                .collect(),
            returned: Vec::new(),
        }
    }

    pub fn grants_any(&self, protocol: Protocol) -> bool {
        self.sockets.iter().any(|rule| rule.protocol == protocol)
    }

    /// Whether datagrams or a connection may go there. IPv4 addresses in IPv6 form are the IPv4 addresses.
    pub fn check(&self, protocol: Protocol, address: IpAddr, port: u16) -> Result<(), Refusal> {
        let address = address.to_canonical();
        if port == 0 || !is_unicast(address) {
            return Err(Refusal::Invalid);
        }
        let mut rules = self.sockets.iter().filter(|rule| rule.protocol == protocol);
        let granted = rules.any(|rule| {
            rule.ports.iter().any(|&(from, to)| from <= port && port <= to)
                && match &rule.host {
                    Host::Network(network) => network.holds(address),
                    Host::Name(name) => self.was_returned(name, address),
                }
        });
        if granted { Ok(()) } else { Err(Refusal::Denied) }
    }

    /// The one form of a name that may be looked up. Addresses are no names.
    pub fn lookup(&self, name: &str) -> Option<String> {
        canonical_name(name).filter(|name| self.lookups.iter().any(|pattern| pattern.matches(name)))
    }

    /// Notes what a look-up of a canonical name returned. False where the module is not to see it: a public name is under
    /// the control of whoever owns its zone, who could lead the module into this machine or network. Such an address
    /// is shown only where rules name it itself, and opens nothing by the name.
    pub fn learn(&mut self, name: &str, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if !is_private(name) && !is_public(address) {
            return self
                .sockets
                .iter()
                .any(|rule| matches!(&rule.host, Host::Network(network) if network.holds(address)));
        }
        let is_named = self.sockets.iter().any(|rule| matches!(&rule.host, Host::Name(host) if host == name));
        if is_named && !self.was_returned(name, address) {
            self.returned.push((name.to_owned(), address));
        }
        true
    }

    fn was_returned(&self, name: &str, address: IpAddr) -> bool {
        self.returned.iter().any(|(host, known)| host == name && *known == address)
    }
}

/// `tcp⇥10.0.0.0/8⇥5432-5432,6000-6010`
fn socket_rule(fields: &[&str]) -> Option<SocketRule> {
    let &[protocol, host, ports] = fields else { return None };
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    let host = match Network::parse(host) {
        Some(network) => Host::Network(network),
        None => Host::Name(canonical_name(host).filter(|name| name == host)?),
    };
    let mut ranges = Vec::new();
    for range in ports.split(',') {
        ranges.push(port_range(range)?);
    }
    Some(SocketRule { protocol, host, ports: ranges })
}

fn port_range(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    Some((number(from)?, number(to)?))
}

#[cfg(test)]
mod tests {
    use super::Protocol::{Tcp, Udp};
    use super::{Policy, Protocol, Refusal};
    use alloc::format;
    use alloc::string::String;
    use rules::Rules;

    fn policy(rules: &[&str]) -> Policy {
        let mut text = String::from("pulumi-wasm rules 1\tapi\n");
        for rule in rules {
            text += &rule.replace(' ', "\t");
            text += "\n";
        }
        Policy::new(&Rules::new(text))
    }

    fn check(policy: &Policy, protocol: Protocol, address: &str, port: u16) -> Result<(), Refusal> {
        policy.check(protocol, address.parse().unwrap(), port)
    }

    fn learn(policy: &mut Policy, name: &str, address: &str) -> bool {
        policy.learn(name, address.parse().unwrap())
    }

    const DENIED: Result<(), Refusal> = Err(Refusal::Denied);
    const INVALID: Result<(), Refusal> = Err(Refusal::Invalid);

    #[test]
    fn grants_by_protocol_address_and_port() {
        let policy = policy(&["sockets tcp 10.0.0.0/8 5432-5432,6000-6010", "sockets udp fd00::1 53-53"]);
        for port in [5432, 6000, 6010] {
            assert_eq!(check(&policy, Tcp, "10.1.2.3", port), Ok(()), "{port}");
        }
        for port in [1, 5431, 5433, 5999, 6011, 65535] {
            assert_eq!(check(&policy, Tcp, "10.1.2.3", port), DENIED, "{port}");
        }
        assert_eq!(check(&policy, Udp, "10.1.2.3", 5432), DENIED);
        assert_eq!(check(&policy, Tcp, "11.0.0.0", 5432), DENIED);
        assert_eq!(check(&policy, Udp, "fd00::1", 53), Ok(()));
        assert_eq!(check(&policy, Tcp, "fd00::1", 53), DENIED);
        assert!(policy.grants_any(Tcp) && policy.grants_any(Udp));
    }

    #[test]
    fn takes_mapped_addresses_for_what_they_are() {
        let v4 = policy(&["sockets tcp 127.0.0.1 80-80"]);
        assert_eq!(check(&v4, Tcp, "::ffff:127.0.0.1", 80), Ok(()));
        assert_eq!(check(&v4, Tcp, "::127.0.0.1", 80), DENIED);
        for network in ["::/1", "::/8", "::ffff:0:0/96", "::ffff:7f00:0/104", "::ffff:7f00:1"] {
            let v6 = policy(&[&format!("sockets tcp {network} 80-80")]);
            assert!(v6.grants_any(Tcp), "{network}");
            assert_eq!(check(&v6, Tcp, "::ffff:127.0.0.1", 80), DENIED, "{network}");
            assert_eq!(check(&v6, Tcp, "127.0.0.1", 80), DENIED, "{network}");
        }
        // Addresses of the same network in their own right.
        assert_eq!(check(&policy(&["sockets tcp ::/8 80-80"]), Tcp, "::1", 80), Ok(()));
    }

    #[test]
    fn learns_mapped_addresses_as_what_they_are() {
        let rules = ["sockets tcp db.example.com 80-80", "sockets tcp ::/8 80-80"];
        let mut policy = policy(&rules);
        assert!(!learn(&mut policy, "db.example.com", "::ffff:10.0.0.1"));
        assert!(learn(&mut policy, "db.example.com", "::ffff:93.184.216.34"));
        assert_eq!(check(&policy, Tcp, "93.184.216.34", 80), Ok(()));
    }

    #[test]
    fn grants_no_address_that_is_not_one_machines() {
        let policy = policy(&[
            "sockets udp 0.0.0.0/1 1-65535",
            "sockets udp 128.0.0.0/1 1-65535",
            "sockets udp 8000::/1 1-65535",
        ]);
        for address in ["0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "255.255.255.255", "ff02::1"] {
            assert_eq!(check(&policy, Udp, address, 80), INVALID, "{address}");
        }
        assert_eq!(check(&policy, Udp, "10.0.0.1", 0), INVALID);
        assert_eq!(check(&policy, Udp, "10.0.0.1", 1), Ok(()));
    }

    #[test]
    fn grants_nothing_by_rules_that_are_not_canonical() {
        for rule in [
            "sockets tcp 127.0.0.1",
            "sockets tcp 127.0.0.1 ",
            "sockets tcp 127.0.0.1 80",
            "sockets tcp 127.0.0.1 80-",
            "sockets tcp 127.0.0.1 0-80",
            "sockets tcp 127.0.0.1 1-65536",
            "sockets tcp 127.0.0.1 80-80,x",
            "sockets tcp 127.0.0.1 +80-80",
            "sockets tcp 127.0.0.1 80-80 more",
            "sockets TCP 127.0.0.1 80-80",
            "sockets tcp 127.0.0.0/0 80-80",
            "sockets tcp 127.1 80-80",
            "sockets tcp [::1] 80-80",
            "sockets tcp * 80-80",
            "sockets tcp *.example.com 80-80",
            "sockets tcp Example.com 80-80",
        ] {
            assert!(!policy(&[rule]).grants_any(Tcp), "{rule}");
        }
        assert_eq!(check(&policy(&["sockets tcp 127.0.0.1 90-80"]), Tcp, "127.0.0.1", 85), DENIED);
    }

    #[test]
    fn grants_nothing_without_rules() {
        let mut policy = policy(&[]);
        assert!(!policy.grants_any(Tcp) && !policy.grants_any(Udp));
        assert_eq!(check(&policy, Tcp, "127.0.0.1", 80), DENIED);
        assert_eq!(policy.lookup("localhost"), None);
        assert!(learn(&mut policy, "localhost", "127.0.0.1"));
        assert_eq!(check(&policy, Tcp, "127.0.0.1", 80), DENIED);
    }

    #[test]
    fn looks_up_granted_names_only() {
        let policy =
            policy(&["nameLookup db.example.com", "nameLookup *.example.org", "nameLookup 127.0.0.1"]);
        assert_eq!(policy.lookup("DB.example.com.").as_deref(), Some("db.example.com"));
        assert_eq!(policy.lookup("a.b.example.org").as_deref(), Some("a.b.example.org"));
        for name in ["example.com", "a.db.example.com", "example.org", "127.0.0.1", "db.example.com..", "db"]
        {
            assert_eq!(policy.lookup(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_reaches_what_its_own_look_ups_returned() {
        let mut policy =
            policy(&["sockets tcp db.example.com 5432-5432", "sockets tcp web.example.com 80-80"]);
        assert_eq!(check(&policy, Tcp, "93.184.216.34", 5432), DENIED);
        assert!(learn(&mut policy, "db.example.com", "93.184.216.34"));
        assert_eq!(check(&policy, Tcp, "93.184.216.34", 5432), Ok(()));
        assert_eq!(check(&policy, Tcp, "93.184.216.34", 80), DENIED);
        assert_eq!(check(&policy, Udp, "93.184.216.34", 5432), DENIED);
        assert_eq!(check(&policy, Tcp, "93.184.216.35", 5432), DENIED);
        // Each later return adds.
        assert!(learn(&mut policy, "db.example.com", "93.184.216.35"));
        assert_eq!(check(&policy, Tcp, "93.184.216.34", 5432), Ok(()));
        assert_eq!(check(&policy, Tcp, "93.184.216.35", 5432), Ok(()));
    }

    #[test]
    fn a_rebound_public_name_leads_nowhere_inside() {
        let mut policy = policy(&["sockets tcp db.example.com 1-65535"]);
        for address in
            ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
        {
            assert!(!learn(&mut policy, "db.example.com", address), "{address}");
            assert_eq!(check(&policy, Tcp, address, 80), DENIED, "{address}");
        }
    }

    #[test]
    fn a_public_name_shows_private_addresses_that_are_granted_themselves() {
        let mut policy = policy(&["sockets tcp db.example.com 1-65535", "sockets tcp 10.0.0.0/8 5432-5432"]);
        assert!(learn(&mut policy, "db.example.com", "10.0.0.1"));
        assert_eq!(check(&policy, Tcp, "10.0.0.1", 5432), Ok(()));
        assert_eq!(check(&policy, Tcp, "10.0.0.1", 5433), DENIED);
    }

    #[test]
    fn a_private_name_leads_inside() {
        let mut policy = policy(&["sockets tcp db.internal 5432-5432"]);
        assert!(learn(&mut policy, "db.internal", "10.0.0.1"));
        assert_eq!(check(&policy, Tcp, "10.0.0.1", 5432), Ok(()));
        assert_eq!(check(&policy, Tcp, "::ffff:10.0.0.1", 5432), Ok(()));
        assert_eq!(check(&policy, Tcp, "10.0.0.2", 5432), DENIED);
    }
}
