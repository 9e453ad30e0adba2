/** Images in registries that ask who comes: credentials from the configuration and from the container tools, seen nowhere. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { describe, expect, test } from "vitest";
import { EngineFailure, type Workspace } from "../engine/workspace.ts";
import { clientsFor } from "./clients.ts";
import { faultyRegistry } from "./faultyRegistry.ts";
import { imageProgram, imageWorkspace, writeModule } from "./imagePrograms.ts";
import { owner, type Registry, reader, startRegistry } from "./registry.ts";

const image = { tags: ["1"] };

/** What the registry is told, as plain as it can come: the words themselves and what headers make of them. */
function secretsOf({ credentials, tokens }: Registry): string[] {
  const { username = "", password = "" } = credentials ?? {};
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  return [password, basic, ...(tokens?.issued ?? [])];
}

async function configure(workspace: Workspace, host: string, user: object): Promise<void> {
  const registries = JSON.stringify({ [host]: { insecure: true, ...user } });
  await (await workspace.stack()).setConfig("wasm:registries", { value: registries, secret: true });
}

/** All that is left behind: the engine's folders with state and event logs, the provider's cache, the registry's storage. */
async function allFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function expectNowhere(secrets: readonly string[], folders: string[], texts: string[]): Promise<void> {
  const files = (await Promise.all(folders.map(allFiles))).flat();
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const bytes = await readFile(file);
    for (const secret of secrets) expect(bytes.includes(secret), `${file} holds ${secret}`).toBe(false);
  }
  for (const text of texts) for (const secret of secrets) expect(text).not.toContain(secret);
}

/** Of all but the provider, whose own configuration is a secret in the state: nothing of it may be in them even in plain. */
async function plainState(workspace: Workspace): Promise<string> {
  const resources = (await workspace.state()).filter(({ type }) => type !== "pulumi:providers:wasm");
  return JSON.stringify(resources);
}

const textOf = (events: EngineEvent[]) => JSON.stringify(events);

describe.each(["basic", "token"] as const)("a registry with %s authentication", (authentication) => {
  test("is pushed to with the credentials of the configuration, which are nowhere afterwards", async () => {
    await using registry = await startRegistry({ authentication });
    await using workspace = await imageWorkspace({
      host: registry.host,
      image: { ...image, insecure: undefined },
    });
    const { username, password } = registry.credentials ?? {};
    await configure(workspace, registry.host, { username, password });
    const { events } = await workspace.up();
    const { digest } = await workspace.outputs();
    const refreshed = await workspace.refresh();
    await writeModule(workspace, "two");
    const again = await workspace.up();
    expect(String(digest)).toMatch(/^sha256:/);
    await expectNowhere(
      secretsOf(registry),
      [workspace.folder, registry.storage],
      [...[events, refreshed.events, again.events].map(textOf), await plainState(workspace)],
    );
  });

  test("is pushed to with what the container tools know", async () => {
    await using registry = await startRegistry({ authentication });
    await using clients = await clientsFor(registry);
    await using workspace = await imageWorkspace({ host: registry.host, image });
    workspace.environment.DOCKER_CONFIG = clients.dockerConfig;
    const { events } = await workspace.up();
    await expectNowhere(secretsOf(registry), [workspace.folder, registry.storage], [textOf(events)]);
  });

  test("says who was refused, and what to do, without the password", async () => {
    await using registry = await startRegistry({ authentication });
    await using workspace = await imageWorkspace({
      host: registry.host,
      image: { ...image, insecure: undefined },
    });
    await configure(workspace, registry.host, { username: owner.username, password: "not-the-password" });
    const failure = (await workspace.up().catch((error: unknown) => error)) as EngineFailure;
    expect(failure).toBeInstanceOf(EngineFailure);
    expect(failure.message).toContain(registry.host);
    await expectNowhere(
      ["not-the-password"],
      [workspace.folder],
      [failure.message, textOf(failure.outcome.events)],
    );
    const { password } = registry.credentials ?? {};
    await configure(workspace, registry.host, { username: owner.username, password });
    await workspace.up();
  });
});

test("somebody who may only read pushes nothing", async () => {
  await using registry = await startRegistry({ authentication: "token" });
  await using workspace = await imageWorkspace({
    host: registry.host,
    image: { ...image, insecure: undefined },
  });
  await configure(workspace, registry.host, { username: reader.username, password: reader.password });
  const failure = (await workspace.up().catch((error: unknown) => error)) as EngineFailure;
  expect(failure).toBeInstanceOf(EngineFailure);
  expect(failure.message).toContain("acme/api");
  expect(failure.message).not.toContain(reader.password);
});

test("an explicit provider brings its own registries, and a redirect to another host gets none of it", async () => {
  await using registry = await startRegistry({ authentication: "basic" });
  await using proxy = await faultyRegistry(registry);
  const { username, password } = registry.credentials ?? {};
  await using workspace = await imageWorkspace({ host: proxy.host, image });
  const { resources, outputs } = imageProgram({
    host: proxy.host,
    image,
    options: { provider: "$" + "{own}" },
  });
  const own = {
    type: "pulumi:providers:wasm",
    properties: { registries: { [proxy.host]: { username, password: "$" + "{password}" } } },
  };
  const configuration = { password: { type: "String", secret: true } };
  await workspace.write({ configuration, resources: { ...resources, own }, outputs });
  await (await workspace.stack()).setConfig("password", { value: password ?? "", secret: true });
  proxy.inject({ method: "GET", path: "/referrers/", times: 1 }, { kind: "redirect" });
  const { events } = await workspace.up();
  expect(proxy.requests.filter(({ authorization }) => authorization === "basic")).not.toEqual([]);
  expect(proxy.elsewhere.requests.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
  await expectNowhere(secretsOf(registry), [workspace.folder, registry.storage], [textOf(events)]);
});

test("over TLS with a private authority, and with the error that says how to name it", async () => {
  await using registry = await startRegistry({ tls: true });
  await using workspace = await imageWorkspace({
    host: registry.host,
    image: { ...image, insecure: undefined },
  });
  await expect(workspace.up()).rejects.toThrow(/certificateAuthority/);
  const { authorityPath } = await import("./certificates.ts");
  const certificateAuthority = await readFile(authorityPath, "utf8");
  const registries = JSON.stringify({ [registry.host]: { certificateAuthority } });
  await (await workspace.stack()).setConfig("wasm:registries", { value: registries });
  await workspace.up();
});
