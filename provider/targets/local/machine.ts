/** Which machine this is. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";

let known: string | undefined;

/**
 * Names this machine, the same from run to run, without telling the operating system's own id for it. Containers of one
 * image often share that id, so there the container's name counts too.
 */
export function machineId(): string {
  known ??= createHash("sha256").update(`pulumi-wasm\0${systemId()}`).digest("hex").slice(0, 32);
  return known;
}

function systemId(): string {
  if (process.platform === "darwin") return platformUuid() ?? hostname();
  const id = ["/etc/machine-id", "/var/lib/dbus/machine-id"].map(read).find((text) => text !== "");
  if (id === undefined) return hostname();
  const isContainer = existsSync("/.dockerenv") || existsSync("/run/.containerenv");
  return isContainer ? `${id}\0${hostname()}` : id;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function platformUuid(): string | undefined {
  try {
    const text = execFileSync("/usr/sbin/ioreg", ["-rd1", "-c", "IOPlatformExpertDevice"], {
      encoding: "utf8",
      timeout: 5_000,
    });
    return /"IOPlatformUUID" = "([^"]+)"/.exec(text)?.[1];
  } catch {
    return undefined;
  }
}
