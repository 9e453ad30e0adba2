/**
 * vitest's global set-up of the tier: serves `sharedCluster`, in the process that outlives all test files. The cluster
 * is only started when a file asks for it.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { type RunningCluster, startProcesses } from "./cluster.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let cluster: Promise<RunningCluster> | undefined;
  // Who knows the path becomes the cluster's administrator.
  const path = `/${randomUUID()}`;
  const server = createServer((request, response) => {
    if (request.url !== path) {
      response.writeHead(404).end();
      return;
    }
    cluster ??= startProcesses();
    cluster.then(
      ({ access }) => response.end(JSON.stringify(access)),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  project.provide("cluster", `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  return async () => {
    server.close();
    // Whoever asked has been told if it did not start.
    await cluster?.then(
      (running) => running.stop(),
      () => {},
    );
  };
}
