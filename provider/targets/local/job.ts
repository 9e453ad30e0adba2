/** Runs a command component once, as a child of the provider: it ends with the provider. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findApp } from "./apps.ts";
import { removeUnowned } from "./claim.ts";
import { guestOf } from "./guest.ts";
import { startGuestProcess } from "./guestProcess.ts";
import { instanceOf, privateFolder } from "./instance.ts";
import { LogFile } from "./runtime/logFile.ts";
import type { GuestConfig } from "./runtime/messages.ts";
import type { JobResult, JobSpec, LocalOptions } from "./spec.ts";
import { transpiled } from "./transpiled.ts";
import { preopens } from "./volumes.ts";

/**
 * Runs the guest's `wasi:cli/run` once and waits for its end; the signal ends it. A first run that is ended so has left
 * nothing; the log of a later one stays, with that of the runs before.
 */
export async function runJob(spec: JobSpec, options: LocalOptions): Promise<JobResult> {
  const folders = await preopens(spec, options);
  const code = await transpiled(spec.component, options);
  const instance = instanceOf(options.directory, spec.id);
  await privateFolder(dirname(instance.folder));
  const isFirst = (await mkdir(instance.folder, { recursive: true, mode: 0o700 })) !== undefined;
  try {
    const log = new LogFile(join(instance.folder, "job.log"));
    log.write("host", `running ${spec.component.digest}`);
    const config = { ...guestOf(spec), code, preopens: folders };
    const exitCode = await runProcess(config, spec, log, options);
    log.write("host", `ended with exit code ${exitCode}`);
    return { exitCode, logFile: log.path, lastLines: log.lastLines() };
  } catch (error) {
    if (isFirst) await removeUnowned(instance);
    throw error;
  }
}

function runProcess(
  config: GuestConfig,
  spec: JobSpec,
  log: LogFile,
  { directory, signal }: LocalOptions,
): Promise<number> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    let exitCode = 1;
    const { preopens: folders } = config;
    const { child, send } = startGuestProcess(
      {
        read: [config.code, ...folders.map(({ host }) => host)],
        write: folders.filter(({ write }) => write).map(({ host }) => host),
        descriptors: folders.length > 0,
        memoryPages: spec.limits.memoryPages,
      },
      (messages) => {
        for (const message of messages) {
          if (message.type === "log") log.write(message.stream, message.text);
          else if (message.type === "failed") log.write("host", message.message);
          else if (message.type === "exit") exitCode = message.code;
          else if (message.type === "findApp") void answer(message.name);
          if (message.type === "failed" || message.type === "exit") child.kill("SIGKILL");
        }
      },
      (text) => log.write("host", text),
      () => {
        signal?.removeEventListener("abort", cancel);
        if (signal?.aborted) reject(signal.reason);
        else resolve(exitCode);
      },
    );
    const answer = async (name: string) => {
      const found = await findApp(directory, spec.application, name);
      send({ type: "app", name, found });
    };
    const cancel = () => child.kill("SIGKILL");
    signal?.addEventListener("abort", cancel, { once: true });
    send({ type: "job", config });
  });
}
