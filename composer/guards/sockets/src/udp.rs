//! Datagrams to and from granted addresses.

use crate::convert::{Address, ErrorCode, IpAddressFamily, error_of, family_of, from_host, host_family};
use crate::exported::udp::{self as exported, IncomingDatagram, NetworkBorrow, OutgoingDatagram, Pollable};
use crate::exported::udp_create_socket;
use crate::policy::Protocol::Udp;
use crate::{Network, Sockets, bindable, creatable, granted, host, options};
use alloc::vec::Vec;

pub struct UdpSocket(host::udp::UdpSocket);
pub struct IncomingDatagramStream(host::udp::IncomingDatagramStream);
pub struct OutgoingDatagramStream(host::udp::OutgoingDatagramStream);

impl udp_create_socket::Guest for Sockets {
    fn create_udp_socket(family: IpAddressFamily) -> Result<exported::UdpSocket, ErrorCode> {
        creatable(Udp)?;
        let socket = host::udp_create_socket::create_udp_socket(host_family(family)).map_err(error_of)?;
        Ok(exported::UdpSocket::new(UdpSocket(socket)))
    }
}

impl exported::Guest for Sockets {
    type UdpSocket = UdpSocket;
    type IncomingDatagramStream = IncomingDatagramStream;
    type OutgoingDatagramStream = OutgoingDatagramStream;
}

impl exported::GuestUdpSocket for UdpSocket {
    fn start_bind(&self, network: NetworkBorrow<'_>, local: Address) -> Result<(), ErrorCode> {
        self.0.start_bind(&network.get::<Network>().0, bindable(local)?).map_err(error_of)
    }

    fn finish_bind(&self) -> Result<(), ErrorCode> {
        self.0.finish_bind().map_err(error_of)
    }

    fn stream(
        &self,
        remote: Option<Address>,
    ) -> Result<(exported::IncomingDatagramStream, exported::OutgoingDatagramStream), ErrorCode> {
        let remote = remote.map(|address| granted(Udp, address)).transpose()?;
        let (incoming, outgoing) = self.0.stream(remote).map_err(error_of)?;
        Ok((
            exported::IncomingDatagramStream::new(IncomingDatagramStream(incoming)),
            exported::OutgoingDatagramStream::new(OutgoingDatagramStream(outgoing)),
        ))
    }

    fn local_address(&self) -> Result<Address, ErrorCode> {
        self.0.local_address().map(from_host).map_err(error_of)
    }

    fn remote_address(&self) -> Result<Address, ErrorCode> {
        self.0.remote_address().map(from_host).map_err(error_of)
    }

    fn address_family(&self) -> IpAddressFamily {
        family_of(self.0.address_family())
    }

    options! {
        unicast_hop_limit set_unicast_hop_limit u8,
        receive_buffer_size set_receive_buffer_size u64,
        send_buffer_size set_send_buffer_size u64,
    }

    fn subscribe(&self) -> Pollable {
        self.0.subscribe()
    }
}

impl exported::GuestIncomingDatagramStream for IncomingDatagramStream {
    /// Drops what nobody granted has sent. Nothing may be left then, which is an answer that each receiver knows: it waits
    /// for more.
    fn receive(&self, max_results: u64) -> Result<Vec<IncomingDatagram>, ErrorCode> {
        let datagrams = self.0.receive(max_results).map_err(error_of)?;
        let own = datagrams.into_iter().map(|datagram| IncomingDatagram {
            data: datagram.data,
            remote_address: from_host(datagram.remote_address),
        });
        Ok(own.filter(|datagram| granted(Udp, datagram.remote_address).is_ok()).collect())
    }

    fn subscribe(&self) -> Pollable {
        self.0.subscribe()
    }
}

impl exported::GuestOutgoingDatagramStream for OutgoingDatagramStream {
    fn check_send(&self) -> Result<u64, ErrorCode> {
        self.0.check_send().map_err(error_of)
    }

    /// Sends what stands before the first datagram that is refused; a refusal is told when it comes first.
    fn send(&self, datagrams: Vec<OutgoingDatagram>) -> Result<u64, ErrorCode> {
        let mut allowed = Vec::with_capacity(datagrams.len());
        for datagram in datagrams {
            match host_datagram(datagram) {
                Ok(datagram) => allowed.push(datagram),
                Err(refusal) if allowed.is_empty() => return Err(refusal),
                Err(_) => break,
            }
        }
        self.0.send(&allowed).map_err(error_of)
    }

    fn subscribe(&self) -> Pollable {
        self.0.subscribe()
    }
}

/// Without an address it goes where the socket was connected to, which was checked then.
fn host_datagram(datagram: OutgoingDatagram) -> Result<host::udp::OutgoingDatagram, ErrorCode> {
    let remote_address = datagram.remote_address.map(|address| granted(Udp, address)).transpose()?;
    Ok(host::udp::OutgoingDatagram { data: datagram.data, remote_address })
}
