//! The types of `wasi:sockets/network`, which the guard has twice: the host's, and its own.

use crate::{exported, host};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use exported::network::{ErrorCode, IpAddressFamily, IpSocketAddress as Address};
pub use host::network::IpSocketAddress as HostAddress;

macro_rules! same_cases {
    ($name:ident: $from:ty => $to:ty { $($case:ident)* }) => {
        pub fn $name(value: $from) -> $to {
            match value {
                $(<$from>::$case => <$to>::$case,)*
            }
        }
    };
}

same_cases!(error_of: host::network::ErrorCode => ErrorCode {
    Unknown AccessDenied NotSupported InvalidArgument OutOfMemory Timeout ConcurrencyConflict NotInProgress
    WouldBlock InvalidState NewSocketLimit AddressNotBindable AddressInUse RemoteUnreachable ConnectionRefused
    ConnectionReset ConnectionAborted DatagramTooLarge NameUnresolvable TemporaryResolverFailure
    PermanentResolverFailure
});
same_cases!(family_of: host::network::IpAddressFamily => IpAddressFamily { Ipv4 Ipv6 });
same_cases!(host_family: IpAddressFamily => host::network::IpAddressFamily { Ipv4 Ipv6 });
same_cases!(host_shutdown: exported::tcp::ShutdownType => host::tcp::ShutdownType { Receive Send Both });

macro_rules! same_address {
    ($name:ident: $from:ident => $to:ident) => {
        pub fn $name(value: $from::network::IpSocketAddress) -> $to::network::IpSocketAddress {
            use $from::network::IpSocketAddress as From;
            use $to::network::{IpSocketAddress as To, Ipv4SocketAddress, Ipv6SocketAddress};
            match value {
                From::Ipv4(v4) => To::Ipv4(Ipv4SocketAddress { port: v4.port, address: v4.address }),
                From::Ipv6(v6) => To::Ipv6(Ipv6SocketAddress {
                    port: v6.port,
                    flow_info: v6.flow_info,
                    address: v6.address,
                    scope_id: v6.scope_id,
                }),
            }
        }
    };
}

same_address!(to_host: exported => host);
same_address!(from_host: host => exported);

type V4 = (u8, u8, u8, u8);
type V6 = (u16, u16, u16, u16, u16, u16, u16, u16);

fn v4_of((a, b, c, d): V4) -> IpAddr {
    Ipv4Addr::new(a, b, c, d).into()
}

fn v6_of((a, b, c, d, e, f, g, h): V6) -> IpAddr {
    Ipv6Addr::new(a, b, c, d, e, f, g, h).into()
}

/// Address and port.
pub fn parts(address: Address) -> (IpAddr, u16) {
    match address {
        Address::Ipv4(v4) => (v4_of(v4.address), v4.port),
        Address::Ipv6(v6) => (v6_of(v6.address), v6.port),
    }
}

pub fn has_zone(address: Address) -> bool {
    matches!(address, Address::Ipv6(v6) if v6.scope_id != 0)
}

/// An address that the host has looked up, for the policy and for the module.
pub fn looked_up(address: host::network::IpAddress) -> (IpAddr, exported::network::IpAddress) {
    use exported::network::IpAddress::{Ipv4, Ipv6};
    match address {
        host::network::IpAddress::Ipv4(v4) => (v4_of(v4), Ipv4(v4)),
        host::network::IpAddress::Ipv6(v6) => (v6_of(v6), Ipv6(v6)),
    }
}
