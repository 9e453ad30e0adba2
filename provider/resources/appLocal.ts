/** What an App becomes on this machine: one server. */
import type { Input, Inputs, Output } from "@pulumi/pulumi";
import outputModule from "@pulumi/pulumi/output.js";
import type { Problem } from "../errors.ts";
import { isUnknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";
import type { Target } from "../targets/target.ts";
import type { AppInputs } from "./app.ts";
import { type AppParts, Child } from "./appChild.ts";
import { at, boundModules, hostKeys, mapInput, marked, merged, withoutUndefined } from "./appInputs.ts";

/** What this machine cannot do, from plain data. */
export function localProblems(known: AppInputs): Problem[] {
  return [...runProblems(known), ...volumeProblems(known)];
}

export function localChildren({ args, target, admission, slow }: AppParts): Inputs {
  const { name, known, inputs } = args;
  const server = new Child(
    "wasm:local:Server",
    name,
    serverInputs(known, inputs, target, admission.output("rules")),
    ["url", "logFile"],
    {
      ...slow,
      // A second one would have its name, so where the user replaces it (`--replace`), the old one ends first.
      deleteBeforeReplace: true,
    },
  );
  return { logFile: server.output("logFile"), ...(known.run !== "job" && { url: server.output("url") }) };
}

function runProblems({ run }: AppInputs): Problem[] {
  if (typeof run !== "object") return [];
  const message = 'is not for this machine, which runs a command once: set `run: "job"` for this stack';
  return [{ path: "run.schedule", message }];
}

function volumeProblems({ bindings }: AppInputs): Problem[] {
  if (isUnknown(bindings)) return [];
  return Object.entries(bindings ?? {}).flatMap(([module, bound]) => {
    const volumes = isUnknown(bound) || isUnknown(bound.volumes) ? {} : (bound.volumes ?? {});
    return Object.entries(volumes).flatMap(([volume, source]) => {
      if (isUnknown(source) || source.folder !== undefined) return [];
      const path = propertyPath(["bindings", module, "volumes", volume, "folder"]);
      return [{ path, message: "is needed on this machine: the folder that stands behind the volume" }];
    });
  });
}

function serverInputs(known: AppInputs, inputs: Inputs, target: Target, rules: Output<unknown>): Inputs {
  const bound = (family: string) =>
    merged(boundModules(known).map((module) => at(inputs.bindings, module, family)));
  const keys = (family: "environment" | "config") =>
    merged(
      boundModules(known).map((module) =>
        hostKeys(family, module, at(inputs.bindings, module, family), inputs.artifact),
      ),
    );
  return withoutUndefined({
    artifact: inputs.artifact,
    rules,
    // A Composition has its own, and its App none.
    denied: inputs.denied,
    environment: asSecret(keys("environment")),
    config: asSecret(keys("config")),
    volumes: folders(bound("volumes")),
    run: known.run,
    memory: at(inputs.limits, "memory") ?? marked(target.memory),
    requestTimeout: at(inputs.limits, "time") ?? marked(target.requestTimeout),
    ...Object.fromEntries(
      ["port", "start", "concurrency", "arguments", "forget"].map((key) => [key, at(inputs.local, key)]),
    ),
  });
}

function asSecret(input: Input<unknown>): Input<unknown> {
  return input === undefined ? undefined : outputModule.secret(input);
}

function folders(volumes: Input<unknown>): Input<unknown> {
  return mapInput(volumes, (byName) =>
    Object.fromEntries(Object.entries(byName ?? {}).map(([name, volume]) => [name, at(volume, "folder")])),
  );
}
