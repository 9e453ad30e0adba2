//! Connections to granted addresses. What listens is not even imported.

use crate::convert::{
    Address, ErrorCode, IpAddressFamily, error_of, family_of, from_host, host_family, host_shutdown,
};
use crate::exported::tcp::{
    self as exported, Duration, InputStream, NetworkBorrow, OutputStream, Pollable, ShutdownType,
};
use crate::exported::tcp_create_socket;
use crate::policy::Protocol::Tcp;
use crate::{Network, Sockets, bindable, creatable, granted, host, options};

pub struct TcpSocket(host::tcp::TcpSocket);

impl tcp_create_socket::Guest for Sockets {
    fn create_tcp_socket(family: IpAddressFamily) -> Result<exported::TcpSocket, ErrorCode> {
        creatable(Tcp)?;
        let socket = host::tcp_create_socket::create_tcp_socket(host_family(family)).map_err(error_of)?;
        Ok(exported::TcpSocket::new(TcpSocket(socket)))
    }
}

impl exported::Guest for Sockets {
    type TcpSocket = TcpSocket;
}

impl exported::GuestTcpSocket for TcpSocket {
    fn start_bind(&self, network: NetworkBorrow<'_>, local: Address) -> Result<(), ErrorCode> {
        self.0.start_bind(&network.get::<Network>().0, bindable(local)?).map_err(error_of)
    }

    fn finish_bind(&self) -> Result<(), ErrorCode> {
        self.0.finish_bind().map_err(error_of)
    }

    fn start_connect(&self, network: NetworkBorrow<'_>, remote: Address) -> Result<(), ErrorCode> {
        self.0.start_connect(&network.get::<Network>().0, granted(Tcp, remote)?).map_err(error_of)
    }

    fn finish_connect(&self) -> Result<(InputStream, OutputStream), ErrorCode> {
        self.0.finish_connect().map_err(error_of)
    }

    fn start_listen(&self) -> Result<(), ErrorCode> {
        Err(ErrorCode::AccessDenied)
    }

    fn finish_listen(&self) -> Result<(), ErrorCode> {
        Err(ErrorCode::NotInProgress)
    }

    fn accept(&self) -> Result<(exported::TcpSocket, InputStream, OutputStream), ErrorCode> {
        Err(ErrorCode::InvalidState)
    }

    fn is_listening(&self) -> bool {
        false
    }

    fn set_listen_backlog_size(&self, value: u64) -> Result<(), ErrorCode> {
        if value == 0 { Err(ErrorCode::InvalidArgument) } else { Ok(()) }
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
        keep_alive_enabled set_keep_alive_enabled bool,
        keep_alive_idle_time set_keep_alive_idle_time Duration,
        keep_alive_interval set_keep_alive_interval Duration,
        keep_alive_count set_keep_alive_count u32,
        hop_limit set_hop_limit u8,
        receive_buffer_size set_receive_buffer_size u64,
        send_buffer_size set_send_buffer_size u64,
    }

    fn subscribe(&self) -> Pollable {
        self.0.subscribe()
    }

    fn shutdown(&self, how: ShutdownType) -> Result<(), ErrorCode> {
        self.0.shutdown(host_shutdown(how)).map_err(error_of)
    }
}
