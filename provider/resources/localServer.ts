import * as z from "zod";
import { artifactFields } from "../artifacts/artifact.ts";
import { parseCompositionRecipe } from "../artifacts/compose/index.ts";
import { PartialFailure, ProviderError } from "../errors.ts";
import {
  holdsUnknown,
  isUnknown,
  list,
  map,
  type OrUnknown,
  object,
  optional,
  required,
  unknown,
} from "../schema/fields.ts";
import * as local from "../targets/local/control.ts";
import { artifactStore } from "./artifactStore.ts";
import { guestOf, instanceId, localOptions } from "./localGuest.ts";
import { checkServer } from "./localServerCheck.ts";
import { type Context, type Difference, defineResource } from "./resource.ts";
import { sealedArtifact } from "./sealedArtifact.ts";

const description = `
The process that runs an App on this machine: a child of the App, which declares it. It listens on 127.0.0.1, outlives
\`pulumi up\`, and ends with \`pulumi destroy\`.

For development: a second line of defence around the guest, not a security boundary.
`.trim();

export const localServerInputs = z.strictObject({
  artifact: required(artifactFields, {
    description: "What runs: a Composition, or a single Module, which is sealed for it.",
  }),
  rules: required(z.string(), {
    description: "What the guest may do, as the App's admission found it. Opaque.",
  }),
  denied: optional(list(z.string()), {
    description: "Imports of a single Module that the program denies. A Composition has its own in it.",
  }),
  environment: optional(map(z.string()), {
    description: "Environment of the guest by key; only granted keys reach it. Never written to disk.",
    secret: true,
  }),
  config: optional(map(z.string()), {
    description:
      "Configuration of the guest (`wasi:config`) by key; only granted keys reach it. Never written to disk.",
    secret: true,
  }),
  volumes: optional(map(z.string()), {
    description:
      "Folders of this machine by volume name. Relative paths start at the Pulumi project's folder.",
  }),
  arguments: optional(list(z.string()), { description: "Arguments of the guest's command line." }),
  run: optional(z.enum(["service", "job"]), {
    description:
      "`service` serves HTTP until it is destroyed; `job` runs the command once, and again after each change.",
    default: "service",
  }),
  start: optional(z.boolean(), {
    description: "False: the server is declared and checked, and no process is started.",
    default: true,
  }),
  port: optional(z.int().min(1).max(65535), {
    description: "Port on 127.0.0.1. Default: a free one, which is then kept.",
  }),
  memory: optional(z.int().min(1).max(4096), {
    description: "Most memory of the guest in MiB.",
    default: 256,
  }),
  requestTimeout: optional(z.number().positive().max(3600), {
    description: "Seconds that one request may take.",
    default: 30,
  }),
  concurrency: optional(z.int().min(1).max(64), {
    description: "Requests that run at the same time.",
    default: 4,
  }),
  forget: optional(z.boolean(), {
    description: "Let go of a server that was started on another machine, without ending it there.",
    default: false,
  }),
});

const processFields = object(
  "wasm:local:Process",
  "Where a local server runs, and how it is told from others.",
  {
    id: required(z.string(), { description: "Name of the instance on its machine." }),
    machineId: required(z.string(), { description: "The machine that it runs on." }),
    hostName: required(z.string(), { description: "That machine's name." }),
    nonce: required(z.string(), {
      description: "What this process, and no other, answers. It opens nothing.",
    }),
    pid: required(z.int(), { description: "Process id of the supervisor." }),
    port: required(z.int(), { description: "Port on 127.0.0.1." }),
    url: required(z.string(), { description: "Address of the server." }),
    controlSocket: required(z.string(), {
      description: "Path of the socket that the provider talks to it by.",
    }),
    logFile: required(z.string(), { description: "Path of the log." }),
    digest: required(z.string(), { description: "Digest of the component that is served." }),
  },
);

const outputs = z.strictObject({
  running: required(z.boolean(), {
    description:
      "Whether the process runs, as far as the last run saw; a dead one is brought back by `pulumi up`.",
  }),
  url: optional(z.string(), {
    description: "`http://127.0.0.1:<port>`; absent for a job, and while nothing is started.",
  }),
  logFile: optional(z.string(), {
    description:
      "Path of the log: what the guest wrote, with time and stream, and what the server says of it.",
  }),
  exitCode: optional(z.int(), { description: "Exit code of a job." }),
  process: optional(processFields, {
    description: "The process; absent for a job, and while nothing is started.",
  }),
});

type Inputs = z.output<typeof localServerInputs>;
type Outputs = z.output<typeof outputs>;

const nothingStarted: Outputs = { running: false };

export const LocalServer = defineResource({
  token: "wasm:local:Server",
  description,
  inputs: localServerInputs,
  outputs,
  derivedFrom: { running: [], url: ["port"], logFile: [], exitCode: [], process: ["port"] },
  refreshBeforeUpdate: true,
  check: checkServer,

  diff(old, server, found, context) {
    const shouldRun = server.start !== false && server.run !== "job";
    const isDead = shouldRun && old.outputs.running === false;
    // Under its old name, an App that takes that name would take its process over.
    const isRenamed = shouldRun && isUnderOtherName(knownProcess(old.outputs), context);
    const drift = (path: string) => ({ path, kind: "update", replace: false, input: false }) as const;
    return [
      // The same bytes are the same, however the program calls the grants that they were made with.
      ...found.filter(({ path }) => path !== "artifact.recipe" || found.some(isOtherBytes)),
      ...(isDead ? [drift("running")] : []),
      ...(isRenamed ? [drift("process")] : []),
      ...(shouldRun && isUnsealed(old.outputs, server) ? [drift("artifact")] : []),
    ];
  },

  async create(server, context) {
    return { id: instanceId(context), outputs: await launch(server, undefined, context) };
  },

  async read({ id, outputs }, context) {
    const process = knownProcess(outputs);
    const found = { ...nothingStarted, ...outputs };
    if (!process) return { id, outputs: found };
    const seen = await local.probe(process, { signal: context.signal });
    if (seen.status === "elsewhere") {
      context.log.warn(`Started on ${seen.hostName}: what became of it cannot be seen from this machine.`);
      return { id, outputs: found };
    }
    return { id, outputs: { ...found, running: seen.status === "running" } };
  },

  async update(old, server, context) {
    const process = knownProcess(old.outputs);
    if (process && process.machineId !== local.machineId()) {
      if (server.forget !== true) throw elsewhere(process.hostName);
      return await launch(server, undefined, context);
    }
    if (
      process &&
      old.outputs.running &&
      !isUnderOtherName(process, context) &&
      !isUnsealed(old.outputs, server) &&
      onlyForgetDiffers(old.inputs, server)
    )
      return { ...nothingStarted, ...old.outputs };
    return await launch(server, process, context);
  },

  async delete({ id, inputs, outputs }, context) {
    const process = knownProcess(outputs);
    if (!process) return await local.remove(id, localOptions(context));
    if (process.machineId === local.machineId()) return await local.stop(process, localOptions(context));
    if (inputs?.forget !== true) throw elsewhere(process.hostName);
  },
});

/** Brings about what is declared: a new process, a new version in the place of `running`, a job's run, or nothing. */
async function launch(
  server: Inputs,
  running: local.ServerState | undefined,
  context: Context,
): Promise<Outputs> {
  if (context.preview) return await previewed(server, running, context);
  const options = localOptions(context);
  if (server.start === false) {
    if (running) await local.stop(running, options);
    return nothingStarted;
  }
  const guest = await guestOf(server, context);
  if (server.run === "job") {
    if (running) await local.stop(running, options);
    return await runJob({ ...guest, run: "job" }, context);
  }
  const spec: local.ServerSpec = {
    ...guest,
    run: "service",
    ...(server.port !== undefined && { port: value(server.port) }),
  };
  const process = running ? await local.replace(running, spec, options) : await local.start(spec, options);
  return { running: true, url: process.url, logFile: process.logFile, process: { ...process } };
}

/** A job that fails has run all the same: it is kept, with its log, and runs again with the next `pulumi up`. */
async function runJob(spec: local.JobSpec, context: Context): Promise<Outputs> {
  const { exitCode, logFile, lastLines } = await local.runJob(spec, localOptions(context));
  const outputs = { running: false, exitCode, logFile };
  if (exitCode === 0) return outputs;
  const message = [
    `The job ended with exit code ${exitCode}. The last lines of ${logFile}:`,
    ...lastLines,
  ].join("\n");
  throw new PartialFailure(instanceId(context), outputs, message);
}

async function previewed(
  server: Inputs,
  running: local.ServerState | undefined,
  context: Context,
): Promise<Outputs> {
  const { settings, signal } = context;
  if (server.start === false) return nothingStarted;
  // Bytes that cannot be had shall not come to light in `up`.
  const { artifact, rules, denied } = server;
  if (!holdsUnknown({ artifact, rules, denied })) {
    await artifactStore(settings).composer.ensure(await sealedArtifact(server, "component", context), {
      signal,
    });
  }
  if (server.run === "job") return { running: false, logFile: unknown, exitCode: 0 };
  const port: OrUnknown<number> = server.port ?? running?.port ?? unknown;
  const url = isUnknown(port) ? unknown : `http://127.0.0.1:${port}`;
  return { running: true, url, logFile: running?.logFile ?? unknown, process: unknown };
}

function knownProcess({ process }: Partial<Outputs>): local.ServerState | undefined {
  return process === undefined || isUnknown(process) ? undefined : (process as local.ServerState);
}

/** On this machine a process is named after its resource; elsewhere nothing is known of that. */
function isUnderOtherName(process: local.ServerState | undefined, context: Context): boolean {
  return process?.machineId === local.machineId() && process.id !== instanceId(context);
}

function isOtherBytes({ path }: Difference): boolean {
  return path === "artifact.digest" || path === "artifact";
}

/** Older versions ran a single Module as it was. */
function isUnsealed(outputs: Partial<Outputs>, { artifact }: Inputs): boolean {
  if (isUnknown(artifact) || isUnknown(artifact.recipe) || parseCompositionRecipe(artifact.recipe))
    return false;
  return knownProcess(outputs)?.digest === artifact.digest;
}

function onlyForgetDiffers(old: Inputs | undefined, now: Inputs): boolean {
  const essence = ({ forget: _forget, ...rest }: Inputs) => JSON.stringify(Object.entries(rest).sort());
  return old !== undefined && essence(old) === essence(now);
}

function elsewhere(hostName: string): ProviderError {
  return new ProviderError(
    "precondition",
    `This server was started on ${hostName} and can only be reached there. Run this from ${hostName}, or set ` +
      "`local: { forget: true }` on its App and run `pulumi up` once to let go of it without ending it.",
  );
}

function value<T>(known: OrUnknown<T>): T {
  if (isUnknown(known)) throw new Error("An input is still unknown outside preview.");
  return known;
}
