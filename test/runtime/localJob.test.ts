import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type JobSpec, type LocalOptions, runJob } from "../../provider/targets/local/control.ts";
import { componentOf, folder, guest, options, processesOf, rules, specOf, until } from "./localSupport.ts";

function job(changes: Partial<JobSpec> = {}): JobSpec {
  const { component, ...rest } = specOf("command");
  return { ...rest, component, ...changes, run: "job" };
}

test("a command runs once, with its arguments and granted values, and its output goes to the log", async () => {
  const where = options();
  const result = await runJob(
    job({
      arguments: ["one", "two words"],
      rules: rules({ environment: ["A"] }),
      environment: { A: "1", B: "2" },
    }),
    where,
  );
  const log = readFileSync(result.logFile, "utf8");
  expect(result.exitCode).toBe(0);
  expect(log).toMatch(/ stdout arg 0 command$/m);
  expect(log).toMatch(/ stdout arg 1 one$/m);
  expect(log).toMatch(/ stdout arg 2 two words$/m);
  expect(log).toMatch(/ stdout env A=1$/m);
  expect(log).not.toContain("env B");
  expect(await processesOf(where.directory)).toEqual([]);
});

test("a command that fails ends with its code, and the last lines say why", async () => {
  const changes = {
    rules: rules({ environment: ["EXIT_CODE", "READ"] }),
    environment: { EXIT_CODE: "1", READ: "/x" },
  };
  const result = await runJob(job(changes), options());
  expect(result.exitCode).toBe(1);
  expect(result.lastLines.join("\n")).toContain("stderr cannot read /x");
});

test("a command reads a granted folder", async () => {
  const host = folder();
  writeFileSync(join(host, "file"), "content");
  const result = await runJob(
    job({
      rules: rules({
        environment: ["READ"],
        filesystem: [{ path: "/data", access: "read", volume: "data" }],
      }),
      environment: { READ: "/data/file" },
      volumes: { data: host },
    }),
    options(),
  );
  expect(readFileSync(result.logFile, "utf8")).toContain("stdout read /data/file: content");
});

test("a component without a command is an error in the log", async () => {
  const result = await runJob(job({ component: guest("echo") }), options());
  expect(result.exitCode).toBe(1);
  expect(result.lastLines.join("\n")).toContain("does not export wasi:cli/run");
});

test("bytes that are not those of the digest are not run", async () => {
  const path = join(folder(), "changed.wasm");
  writeFileSync(path, "changed");
  const component = { ...componentOf(path), digest: `sha256:${"0".repeat(64)}` };
  await expect(runJob(job({ component }), options())).rejects.toThrow(/holds sha256:.* is wanted/);
});

test("a job that is cancelled ends", async () => {
  const cancel = new AbortController();
  const where: LocalOptions = options({ signal: cancel.signal });
  const running = runJob(job({ component: guest("command") }), where);
  cancel.abort();
  await expect(running).rejects.toThrow(/abort/i);
  await until(async () => (await processesOf(where.directory)).length === 0);
});
