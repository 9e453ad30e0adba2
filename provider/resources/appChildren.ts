/** The children of an App. Loaded with the first App only, for it needs the SDK's runtime. */
import type { ComponentResourceOptions, CustomResourceOptions, Input, Inputs, Output } from "@pulumi/pulumi";
import outputModule from "@pulumi/pulumi/output.js";
import resource from "@pulumi/pulumi/resource.js";
import { parseCompositionRecipe } from "../artifacts/compose/index.ts";
import { hostKey } from "../capabilities/rulesText.ts";
import { InputErrors } from "../errors.ts";
import { parseRepository } from "../oci/reference.ts";
import { isUnknown, type OrUnknown } from "../schema/fields.ts";
import { decodeTarget, type Target, type TargetRegistry } from "../targets/target.ts";
import { isRecord, OutputValue, type Properties, Secret, type Value } from "../values.ts";

import type { AppInputs } from "./app.ts";
import type { ComponentArguments, Constructed } from "./component.ts";
import { singleModule } from "./singleModule.ts";

class AppResource extends resource.ComponentResource {
  constructor(name: string, options: ComponentResourceOptions) {
    super("wasm:index:App", name, {}, options);
  }

  /** Puts the outputs into the state, where the console and policies read them. */
  finish(outputs: Inputs): Constructed {
    this.registerOutputs(outputs);
    return { urn: this.urn, outputs };
  }
}

/** A resource of this package as a child: the engine sends it back to this very plugin. */
class Child extends resource.CustomResource {
  constructor(
    token: string,
    name: string,
    inputs: Inputs,
    outputs: readonly string[],
    options: CustomResourceOptions,
  ) {
    const unset = Object.fromEntries(
      outputs.filter((output) => !(output in inputs)).map((output) => [output, undefined]),
    );
    super(token, name, { ...inputs, ...unset }, options);
  }

  output(name: string): Output<unknown> {
    return (this as unknown as Record<string, Output<unknown>>)[name] as Output<unknown>;
  }
}

export function constructApp({
  name,
  known,
  values,
  inputs,
  options,
  secretOutputs,
  version,
}: ComponentArguments<AppInputs>): Constructed {
  const target = isUnknown(known.target) ? undefined : decodeTarget(known.target);
  requireRepositoryName(name, target?.registry);
  const app = new AppResource(name, options);
  const own = {
    parent: app,
    // What a child gives as a secret is one in the App's outputs too.
    additionalSecretOutputs: [...secretOutputs],
    ...(version !== undefined && { version }),
  };
  const admission = new Child(
    "wasm:index:Admission",
    name,
    admissionInputs(values, inputs),
    ["report", "rules", "artifact"],
    own,
  );
  const report = admission.output("report");
  const isJob = known.run === "job";
  // Of a place that is not known yet, the children cannot be known either; the admission shows that there will be some.
  if (target === undefined || isUnknown(target.kind)) {
    return app.finish({ report, logFile: notKnown(), image: notKnown(), ...(!isJob && { url: notKnown() }) });
  }
  // Timeouts are not handed down by themselves, and it is these children that take time.
  const slow = { ...own, ...(options.customTimeouts && { customTimeouts: options.customTimeouts }) };
  const image =
    target.registry === undefined
      ? undefined
      : new Child(
          "wasm:index:Image",
          name,
          imageInputs(name, inputs.target, admission.output("artifact")),
          ["ref"],
          slow,
        ).output("ref");
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
  const logFile = server.output("logFile");
  return app.finish(
    withoutUndefined({ report, logFile, image, ...(!isJob && { url: server.output("url") }) }),
  );
}

function admissionInputs(values: Properties, inputs: Inputs): Inputs {
  return {
    ...pick(inputs, ["artifact", "target", "grants", "denied", "run", "acceptRisk"]),
    ...(values.bindings !== undefined && { bindings: boundNames(values.bindings, 0) }),
  };
}

/** Names of what is bound, never values: bindings → module → family → names. */
function boundNames(value: Value, depth: number): Input<unknown> {
  if (value instanceof Secret) return outputModule.secret(boundNames(value.value, depth));
  if (value instanceof OutputValue) {
    const names = boundNames(value.value, depth);
    return value.secret ? outputModule.secret(names) : names;
  }
  if (isUnknown(value)) return notKnown();
  if (!isRecord(value)) return undefined;
  if (depth === 2) return Object.keys(value).sort();
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, boundNames(part, depth + 1)]));
}

/** An App's name is that of its repository, where there is one. */
function requireRepositoryName(name: string, registry: Target["registry"]): void {
  if (registry === undefined) return;
  const place = isUnknown(registry) || isUnknown(registry.push) ? "localhost" : registry.push;
  try {
    parseRepository(`${place}/${name}`);
  } catch (error) {
    const message = `the target names a registry, and the App's name is its repository there: ${(error as Error).message}`;
    throw new InputErrors([{ path: "", message }]);
  }
}

/** Read from the target as an output, so that what it depends on and whether it is secret go along. */
function imageInputs(name: string, target: Input<unknown>, artifact: Output<unknown>): Inputs {
  const ofRegistry = (read: (registry: TargetRegistry) => Input<unknown>) =>
    (outputModule.output(target) as Output<unknown>).apply((text) => {
      const registry = decodeTarget(String(text))?.registry;
      return registry === undefined || isUnknown(registry) ? notKnown() : read(registry);
    });
  const repository = (place: OrUnknown<string> | undefined) =>
    isUnknown(place) ? notKnown() : place && `${place}/${name}`;
  return {
    artifact,
    repository: ofRegistry(({ push }) => repository(push)),
    pullRepository: ofRegistry(({ pull }) => repository(pull)),
    insecure: ofRegistry(({ insecure }) => marked(insecure)),
  };
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

/** Of bindings that are not known yet, nothing is said of a module: the server's inputs are not known then. */
function boundModules({ bindings }: AppInputs): string[] {
  return isUnknown(bindings) ? [singleModule] : Object.keys(bindings ?? {});
}

/** A module's values by the names that its host knows them by. */
function hostKeys(
  family: "environment" | "config",
  module: string,
  values: Input<unknown>,
  artifact: Input<unknown>,
): Input<unknown> {
  if (values === undefined) return undefined;
  return outputModule.all([values, at(artifact, "recipe")]).apply(([known, recipe]) => {
    if (known === undefined) return undefined;
    const { modules = {} } = parseCompositionRecipe(String(recipe)) ?? {};
    const isShared = Object.keys(modules).length > 1;
    const entries = Object.entries(known as Record<string, unknown>);
    return Object.fromEntries(entries.map(([key, value]) => [hostKey(family, module, key, isShared), value]));
  });
}

/** No two modules have the same names: those of a composition have their module's before them, and volumes are admitted. */
function merged(maps: Input<unknown>[]): Input<unknown> {
  const given = maps.filter((map) => map !== undefined);
  if (given.length <= 1) return given[0];
  return outputModule.all(given).apply((all) => Object.assign({}, ...all));
}

function asSecret(input: Input<unknown>): Input<unknown> {
  return input === undefined ? undefined : outputModule.secret(input);
}

function folders(volumes: Input<unknown>): Input<unknown> {
  return mapInput(volumes, (byName) =>
    Object.fromEntries(Object.entries(byName ?? {}).map(([name, volume]) => [name, at(volume, "folder")])),
  );
}

function marked(value: OrUnknown<number | boolean> | undefined): Input<unknown> {
  return isUnknown(value) ? notKnown() : value;
}

function notKnown(): Output<unknown> {
  return outputModule.output(outputModule.unknown);
}

/** The part of an input at a path, as an output from where the first output stands in the way. */
function at(input: Input<unknown>, ...path: string[]): Input<unknown> {
  return path.reduce<Input<unknown>>((part, key) => mapInput(part, (value) => value?.[key]), input);
}

function mapInput(
  input: Input<unknown>,
  change: (value: Record<string, unknown> | undefined) => unknown,
): Input<unknown> {
  if (input === undefined) return undefined;
  if (outputModule.Output.isInstance(input))
    return input.apply((value) => change(value as Record<string, unknown>));
  return change(input as Record<string, unknown>) as Input<unknown>;
}

function pick(inputs: Inputs, keys: readonly string[]): Inputs {
  return withoutUndefined(Object.fromEntries(keys.map((key) => [key, inputs[key]])));
}

function withoutUndefined(inputs: Inputs): Inputs {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
}
