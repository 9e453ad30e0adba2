/** `wasi:sockets/network.error-code` for what the system says. */
const CODES: Record<string, string> = {
  EACCES: "access-denied",
  EADDRINUSE: "address-in-use",
  EADDRNOTAVAIL: "address-not-bindable",
  EAFNOSUPPORT: "not-supported",
  ECONNABORTED: "connection-aborted",
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-reset",
  EHOSTUNREACH: "remote-unreachable",
  EINVAL: "invalid-argument",
  EMFILE: "new-socket-limit",
  EMSGSIZE: "datagram-too-large",
  ENETUNREACH: "remote-unreachable",
  ENOMEM: "out-of-memory",
  EPERM: "access-denied",
  ETIMEDOUT: "timeout",
};

export function socketErrorCode(error: NodeJS.ErrnoException): string {
  return CODES[error.code ?? ""] ?? "unknown";
}
