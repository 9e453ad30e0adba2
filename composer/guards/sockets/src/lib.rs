//! Lets connections and datagrams go to granted addresses and ports only, and looks granted names up.
//!
//! A name in a rule reaches the addresses that this guard's own look-ups of it have returned. Everything begins outward:
//! sockets are bound to what the system chooses, none listens, and datagrams come in from where they may go.

#![no_std]

extern crate alloc;

mod convert;
mod lookup;
mod name;
mod network;
mod policy;
mod tcp;
mod udp;

use convert::{Address, ErrorCode, HostAddress};
use core::cell::RefCell;
use exports::wasi::sockets as exported;
use policy::{Policy, Protocol, Refusal};
use rules::Rules;
use wasi::sockets as host;

wit_bindgen::generate!({ world: "sockets", path: "../wit", generate_all, std_feature });

struct Sockets;

/// Opens nothing by itself; what it is passed to is checked.
struct Network(host::network::Network);

impl exported::network::Guest for Sockets {
    type Network = Network;
}

impl exported::network::GuestNetwork for Network {}

impl exported::instance_network::Guest for Sockets {
    fn instance_network() -> exported::network::Network {
        exported::network::Network::new(Network(host::instance_network::instance_network()))
    }
}

/// What this instance's module may do, and what its look-ups have returned.
struct Shared(RefCell<Option<Policy>>);

// SAFETY: a component of this kind has one thread.
unsafe impl Sync for Shared {}

static POLICY: Shared = Shared(RefCell::new(None));

/// Asks the policy, which is made of the rules when it is first asked. Nothing of the host is called meanwhile.
fn with_policy<T>(ask: impl FnOnce(&mut Policy) -> T) -> T {
    let mut policy = POLICY.0.borrow_mut();
    ask(policy.get_or_insert_with(|| Policy::new(&Rules::new(pulumi_wasm::guard::rules::text()))))
}

/// The host's form of a remote address that may be reached, and from which datagrams may come.
fn granted(protocol: Protocol, remote: Address) -> Result<HostAddress, ErrorCode> {
    let (address, port) = convert::parts(remote);
    with_policy(|policy| policy.check(protocol, address, port)).map_err(|refusal| match refusal {
        Refusal::Invalid => ErrorCode::InvalidArgument,
        Refusal::Denied => ErrorCode::AccessDenied,
    })?;
    // Elsewhere a zone has no meaning.
    if convert::has_zone(remote) && !network::is_link_local(address) {
        return Err(ErrorCode::InvalidArgument);
    }
    Ok(convert::to_host(remote))
}

/// The host's form of a local address: only what the system would choose anyway.
fn bindable(local: Address) -> Result<HostAddress, ErrorCode> {
    let (address, port) = convert::parts(local);
    if address.is_unspecified() && port == 0 && !convert::has_zone(local) {
        Ok(convert::to_host(local))
    } else {
        Err(ErrorCode::AccessDenied)
    }
}

/// A socket is made only where some rule is about its protocol.
fn creatable(protocol: Protocol) -> Result<(), ErrorCode> {
    if with_policy(|policy| policy.grants_any(protocol)) { Ok(()) } else { Err(ErrorCode::AccessDenied) }
}

/// Passes a socket's options on, as they are.
macro_rules! options {
    ($($get:ident $set:ident $type:ty,)*) => {$(
        fn $get(&self) -> Result<$type, ErrorCode> {
            self.0.$get().map_err(error_of)
        }
        fn $set(&self, value: $type) -> Result<(), ErrorCode> {
            self.0.$set(value).map_err(error_of)
        }
    )*};
}
use options;

export!(Sockets);
