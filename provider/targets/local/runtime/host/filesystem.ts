import type { Preopen } from "../messages.ts";
import type { Mailbox } from "./mailbox.ts";
export function filesystemInterfaces(_mailbox: Mailbox, _preopens: Preopen[]) {
  return { interfaces: { "wasi:filesystem/preopens": { getDirectories: () => [] } }, end() {} };
}
