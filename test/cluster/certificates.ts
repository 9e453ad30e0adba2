/**
 * Test data: a certificate for `localhost`, 127.0.0.1 and ::1, valid until 2055, and the authority that it comes from,
 * whose key exists no more. Nothing trusts that authority unless a test says so, so it also serves as an unknown one.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (name: string) => fileURLToPath(new URL(`certificates/${name}`, import.meta.url));

/** Path of the authority's certificate, as PEM: what a client is given that shall trust the registry. */
export const authorityPath = path("ca.pem");

/** Paths of the server's certificate and key, as PEM. */
export const serverCertificatePath = path("localhost.pem");
export const serverKeyPath = path("localhost-key.pem");

/** What `node:https` takes to serve with that certificate. */
export function serverCertificate(): { cert: string; key: string } {
  return { cert: readFileSync(serverCertificatePath, "utf8"), key: readFileSync(serverKeyPath, "utf8") };
}
