/**
 * How Apps of one stack find one another on this machine: each that serves has an empty file beside its instance's folder, whose
 * name says whose App it is and which instance. Who answers at the instance's control socket says where it listens now.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ControlClient } from "./controlClient.ts";
import { instanceAt } from "./instance.ts";

/** How long an App may take to say where it listens. */
const ANSWER_MS = 2_000;

/** Where an App listens on 127.0.0.1, or why nobody answers to its name. */
export type FoundApp =
  | { port: number }
  /** `connection-refused` when it is one of the stack's, and does not run. */
  | { error: "DNS-error" | "connection-refused"; reason: string };

/** Makes the instance in `folder` the App of that name in its stack, and of no other. */
export function announceApp(folder: string, application: string, name: string): void {
  const own = `${prefixOf(application, name)}${basename(folder)}`;
  writeFileSync(join(dirname(folder), own), "", { mode: 0o600 });
  removeEntries(folder, own);
}

/** Takes the instance's name back. */
export function forgetApp(folder: string): void {
  removeEntries(folder, undefined);
}

function removeEntries(folder: string, kept: string | undefined): void {
  const parent = dirname(folder);
  for (const entry of existsSync(parent) ? readdirSync(parent) : []) {
    if (entry.startsWith("app-") && entry.endsWith(`-${basename(folder)}`) && entry !== kept)
      rmSync(join(parent, entry), { force: true });
  }
}

/**
 * @param directory that of the instances
 * @param application of whoever asks; see `GuestSpec`
 */
export async function findApp(
  directory: string,
  application: string | undefined,
  name: string,
): Promise<FoundApp> {
  if (application === undefined) return unknown("this guest is part of no stack");
  const prefix = prefixOf(application, name);
  const entries = await readdir(directory).catch(() => []);
  const folders = entries
    .filter((entry) => entry.startsWith(prefix))
    .map((entry) => join(directory, entry.slice(prefix.length)))
    .filter((folder) => existsSync(folder));
  const ports = (await Promise.all(folders.map(portOf))).filter((port) => port !== undefined);
  const [port] = ports;
  if (ports.length > 1) return unknown(`${ports.length} Apps of this stack are called ${name}`);
  if (port !== undefined) return { port };
  if (folders.length === 0) return unknown(`no App ${name} of this stack runs on this machine`);
  const reason = `the App ${name} does not run: \`pulumi up\` brings it back`;
  return { error: "connection-refused", reason };
}

function unknown(reason: string): FoundApp {
  return { error: "DNS-error", reason };
}

/** Undefined when nobody answers there. */
async function portOf(folder: string): Promise<number | undefined> {
  try {
    const client = await ControlClient.connect(instanceAt(folder).controlSocket);
    if (!client) return undefined;
    try {
      return (await client.ask({ op: "hello" }, ANSWER_MS)).port || undefined;
    } finally {
      client.close();
    }
  } catch {
    return undefined;
  }
}

function prefixOf(application: string, name: string): string {
  const key = createHash("sha256").update(`${application}\n${name}`).digest("hex").slice(0, 24);
  return `app-${key}-`;
}
