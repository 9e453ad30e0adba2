/** What nodes pull, run as the shim runs it: by Wasmtime, with everything open but what the bytes close. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findOnPath } from "../../../tools/toolchain/path.ts";
import { guest, type Workspace } from "../../engine/workspace.ts";
import { ended, servedAt } from "../../runtime/attacks/runtimes.ts";
import { manifestAt } from "../imagePrograms.ts";
import { type Registry, startRegistry } from "../registry.ts";
import type { Cluster } from "./access.ts";
import { canStart } from "./cluster.ts";
import { kubernetesWorkspace, writeKubernetesProgram } from "./program.ts";
import { sharedCluster } from "./shared.ts";

const wasmtime = (await findOnPath("wasmtime")) ?? "";

describe.skipIf(!canStart || wasmtime === "")("the image of an App", () => {
  let cluster: Cluster & AsyncDisposable;
  let registry: Registry;
  let workspace: Workspace;
  const servers: Server[] = [];
  beforeAll(async () => {
    cluster = await sharedCluster();
    registry = await startRegistry();
    workspace = await kubernetesWorkspace();
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await workspace?.remove();
    await registry?.stop();
    await cluster?.[Symbol.asyncDispose]();
  });

  /** @returns its origin, and how many asked it */
  async function listen() {
    const seen = { origin: "", asked: 0 };
    const server = createServer((_request, response) => {
      seen.asked += 1;
      response.end("reached");
    }).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    seen.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return seen;
  }

  /** The one layer of the image, written to a file. */
  async function pulled(image: string): Promise<string> {
    const [name = "", digest = ""] = image.slice(`${registry.host}/`.length).split("@");
    const { json } = await manifestAt(registry.url, name, digest);
    const [layer] = json.layers as { digest: string }[];
    const response = await fetch(`${registry.url}/v2/${name}/blobs/${layer?.digest}`);
    const path = join(workspace.folder, "pulled.wasm");
    await writeFile(path, Buffer.from(await response.arrayBuffer()));
    return path;
  }

  test("reaches what was granted, and nothing else, where the runtime lets everything through", async () => {
    const [granted, other] = [await listen(), await listen()];
    const namespace = await cluster.namespace();
    await writeKubernetesProgram(
      workspace,
      { kubeconfig: cluster.kubeconfig, namespace },
      `
        const client = new wasm.Module("client", { file: new pulumi.asset.FileAsset(${JSON.stringify(guest("client"))}) });
        const grant = new wasm.CapabilityGrant("grant", { http: ["${granted.origin}"] });
        const edge = new wasm.EdgeTarget("edge", {
          registry: { push: "${registry.host}/acme", insecure: true },
          kubernetes: { runtime: "wasmtime", runtimeClassName: "wasmtime-v1", namespace },
        });
        const app = new wasm.App("shop", { artifact: client.artifact, target: edge.target, grants: [grant.grant] },
          { providers: [cluster], transforms: [withoutAwait] });
        export const { image } = app;
      `,
    );
    const { outputs } = await workspace.up();
    const path = await pulled(String(outputs.image));
    const everything = "cli,http,tcp,udp,inherit-network,allow-ip-name-lookup,inherit-env";
    const child = spawn(wasmtime, ["serve", "-S", everything, "--addr", "127.0.0.1:0", path], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    try {
      const url = await servedAt(child);
      const ask = async (origin: string) =>
        (await fetch(`${url}/fetch?url=${encodeURIComponent(`${origin}/`)}`)).text();
      expect(await ask(granted.origin)).toContain("reached");
      expect(await ask(other.origin)).toContain("HTTP-request-denied");
      expect([granted.asked, other.asked]).toEqual([1, 0]);
    } finally {
      await ended(child);
    }
  });
});
