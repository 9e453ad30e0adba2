//! Look-ups of granted names.

use crate::convert::{ErrorCode, error_of, looked_up};
use crate::exported::ip_name_lookup::{self as exported, IpAddress, NetworkBorrow, Pollable};
use crate::host::ip_name_lookup as host;
use crate::{Network, Sockets, with_policy};
use alloc::string::String;

pub struct ResolveAddressStream {
    /// In its one form.
    name: String,
    host: host::ResolveAddressStream,
}

impl exported::Guest for Sockets {
    type ResolveAddressStream = ResolveAddressStream;

    fn resolve_addresses(
        network: NetworkBorrow<'_>,
        name: String,
    ) -> Result<exported::ResolveAddressStream, ErrorCode> {
        let canonical = with_policy(|policy| policy.lookup(&name)).ok_or(ErrorCode::AccessDenied)?;
        // As it was written: a final dot keeps the host's search domains out of it.
        let stream = host::resolve_addresses(&network.get::<Network>().0, &name).map_err(error_of)?;
        Ok(exported::ResolveAddressStream::new(ResolveAddressStream { name: canonical, host: stream }))
    }
}

impl exported::GuestResolveAddressStream for ResolveAddressStream {
    fn resolve_next_address(&self) -> Result<Option<IpAddress>, ErrorCode> {
        while let Some(found) = self.host.resolve_next_address().map_err(error_of)? {
            let (address, shown) = looked_up(found);
            if with_policy(|policy| policy.learn(&self.name, address)) {
                return Ok(Some(shown));
            }
        }
        Ok(None)
    }

    fn subscribe(&self) -> Pollable {
        self.host.subscribe()
    }
}
