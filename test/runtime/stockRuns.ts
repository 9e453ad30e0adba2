/** Runs a component in Wasmtime, with every right that its command line can give, or on the local target, with none. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { runJob } from "../../provider/targets/local/control.ts";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { run } from "../../tools/toolchain/process.ts";
import { componentOf, options, serve, specOf } from "./localSupport.ts";

export const wasmtime = await findOnPath("wasmtime");

const openNetwork = ["-S", "cli,inherit-network,allow-ip-name-lookup"];
const everything = [...openNetwork, "-S", "http,inherit-env", "--dir", "."];

/** Interpreters ask for more than the 64 MB of an ordinary test. */
const limits = { memoryPages: 4096, requestTimeoutMs: 60_000, concurrency: 1 };

/** Where a component runs. Both resolve to what it says: a job's output, or a service's answer to `GET /`. */
export interface Runtime {
  job(path: string): Promise<string>;
  service(path: string): Promise<string>;
}

export const inWasmtime = {
  /** @param env the program's environment, beside this process's own */
  async job(path: string, env: Record<string, string> = {}): Promise<string> {
    const { code, stdout, errors } = await run(wasmtime ?? "", ["run", ...everything, path], { env });
    if (code !== 0) throw new Error(errors.join("\n"));
    return stdout;
  },

  async service(path: string): Promise<string> {
    const args = ["serve", ...openNetwork, "--addr", "127.0.0.1:0", path];
    const child = spawn(wasmtime ?? "", args, { stdio: ["ignore", "ignore", "pipe"] });
    onTestFinished(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    });
    const said: string[] = [];
    for await (const line of createInterface(child.stderr)) {
      said.push(line);
      const url = /^Serving HTTP on (\S+)$/.exec(line)?.[1];
      if (url === undefined) continue;
      child.stderr.on("data", (text) => said.push(String(text)));
      const response = await fetch(url);
      if (response.ok) return response.text();
      throw new Error(`It answered ${response.status}.\n${said.join("\n")}`);
    }
    throw new Error(`Wasmtime ended before it listened.\n${said.join("\n")}`);
  },
} satisfies Runtime;

export const onLocalTarget: Runtime = {
  async job(path) {
    const { component, ...spec } = specOf("stock", { component: componentOf(path), limits });
    const { exitCode, logFile } = await runJob({ ...spec, component, run: "job" }, options());
    const log = readFileSync(logFile, "utf8");
    if (exitCode !== 0) throw new Error(log);
    return log;
  },

  async service(path) {
    const { get } = await serve("stock", { component: componentOf(path), limits });
    return get("/");
  },
};
