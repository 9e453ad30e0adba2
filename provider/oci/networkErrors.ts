/** What a failed request means to the user: from the codes of Node, OpenSSL and undici to an OciError. */
import { systemCode } from "../artifacts/errors.ts";
import { OciError, printable } from "./errors.ts";

/** Certificates that no trusted one vouches for. */
const unknownAuthority = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
]);
const badCertificate = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID", "ERR_TLS_CERT_ALTNAME_INVALID"]);
/** A server that answers a TLS hello with something else. */
const notTls = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "EPROTO"]);
const cut = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH"]);
const timeLimit = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);
const connectLimit = new Set(["UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT"]);
const noRoute = new Set(["EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]);

export function isUnknownAuthority(error: unknown): boolean {
  return unknownAuthority.has(codeOf(error));
}

/**
 * @param host where the request went
 * @param what what was asked, as an infinitive: "read manifest 1.0 of acme/auth"
 */
export function networkError(
  error: unknown,
  { host, what, timeoutSeconds }: { host: string; what: string; timeoutSeconds: number },
): OciError {
  const code = codeOf(error);
  const unreachable = (why: string, retry: OciError["retry"]) =>
    new OciError("unreachable", `${host} cannot be reached to ${what}: ${why}`, { retry, cause: error });
  if (unknownAuthority.has(code)) {
    return unreachable(
      `its certificate is signed by an unknown authority (${code}). Give that authority's certificate in PEM as certificateAuthority of registries["${host}"] in the provider's configuration, or set insecure: true there if it speaks plain HTTP.`,
      "no",
    );
  }
  if (badCertificate.has(code))
    return unreachable(`its certificate is not valid for it (${code}). Correct the registry.`, "no");
  if (notTls.has(code) || code.startsWith("ERR_SSL_")) {
    return unreachable(
      `it does not speak TLS as expected (${code}). If it speaks plain HTTP, set insecure: true.`,
      "no",
    );
  }
  if (code.startsWith("HPE_") || (error instanceof Error && error.name === "HTTPParserError")) {
    return unreachable(
      `it does not speak HTTP as expected (${code || messageOf(error)}). If it speaks HTTPS, leave out insecure: true.`,
      "no",
    );
  }
  if (code === "ENOTFOUND")
    return unreachable("there is no such host (ENOTFOUND). Correct the name, or check the network.", "no");
  if (code === "EAI_AGAIN")
    return unreachable("its name cannot be looked up (EAI_AGAIN). Check the network.", "yes");
  if (code === "ECONNREFUSED") {
    return unreachable("nothing listens there (ECONNREFUSED). Start it, or correct host and port.", "yes");
  }
  if (connectLimit.has(code))
    return unreachable(
      `no connection within the time limit (${code}). Check the network and proxies.`,
      "once",
    );
  if (timeLimit.has(code)) {
    return unreachable(
      `it sent nothing for ${timeoutSeconds} s. Try again later, or raise registryTimeout in the provider's configuration.`,
      "once",
    );
  }
  if (noRoute.has(code)) return unreachable(`there is no way to it (${code}). Check the network.`, "yes");
  if (cut.has(code)) return unreachable(`the connection was cut (${code}). Try again.`, "yes");
  return unreachable(
    `the connection failed (${code || messageOf(error)}). Check the network and proxies.`,
    "yes",
  );
}

/** Whether the connection ended before all was said. */
export function isCut(error: unknown): boolean {
  return cut.has(codeOf(error));
}

/** Of the error or of what caused it; several addresses of one host come as an AggregateError. */
function codeOf(error: unknown): string {
  const own = systemCode(error);
  if (own !== undefined) return own;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (error instanceof Error && error.cause !== undefined) return codeOf(error.cause);
  return "";
}

function messageOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), 100);
}
