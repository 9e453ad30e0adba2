/** The children of an App. Loaded with the first App only, for it needs the SDK's runtime. */
import type { Input, Inputs, Output } from "@pulumi/pulumi";
import outputModule from "@pulumi/pulumi/output.js";
import { InputErrors, type Problem } from "../errors.ts";
import { parseRepository } from "../oci/reference.ts";
import { isUnknown, type OrUnknown } from "../schema/fields.ts";
import type { Findings } from "../targets/kubernetes/validate/input.ts";
import { decodeTarget, type Target, type TargetRegistry } from "../targets/target.ts";
import { isRecord, OutputValue, Secret, type Value } from "../values.ts";
import type { AppInputs } from "./app.ts";
import { type AppParts, AppResource, Child } from "./appChild.ts";
import { marked, notKnown, withoutUndefined } from "./appInputs.ts";
import { kubernetesChildren, kubernetesFindings } from "./appKubernetes.ts";
import { localChildren, localProblems } from "./appLocal.ts";
import type { ComponentArguments, Constructed } from "./component.ts";

/** Inputs that only other places read. */
const readElsewhere: Readonly<Record<"local" | "kubernetes", readonly (keyof AppInputs)[]>> = {
  local: ["hostname", "routes", "replicas", "kubernetes"],
  kubernetes: ["local"],
};

export async function constructApp(args: ComponentArguments<AppInputs>): Promise<Constructed> {
  const { name, known, options } = args;
  const target = isUnknown(known.target) ? undefined : decodeTarget(known.target);
  const warnings = requireDeliverable(args, target);
  const app = new AppResource(name, options);
  const constructed = withoutStackTraces(() => register(args, target, app));
  await Promise.all([app.say("warn", warnings), app.say("info", unread(known, target))]);
  return constructed;
}

/** The SDK takes one for each promise, for those that nothing awaits; that is a tenth of what an App costs. */
function withoutStackTraces<T>(work: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** All in one go: a component that waits is registered by the SDK without its outputs. */
function register(
  args: ComponentArguments<AppInputs>,
  target: Target | undefined,
  app: AppResource,
): Constructed {
  const { name, known, options, secretOutputs, version } = args;
  const own = {
    parent: app,
    // What a child gives as a secret is one in the App's outputs too.
    additionalSecretOutputs: [...secretOutputs],
    ...(version !== undefined && { version }),
  };
  const outputs = ["report", "rules", "artifact"];
  const admission = new Child("wasm:index:Admission", name, admissionInputs(args), outputs, own);
  const report = admission.output("report");
  // Of a place that is not known yet, the children cannot be known either; the admission shows that there will be some.
  if (target === undefined || isUnknown(target.kind)) {
    const isService = known.run === undefined || known.run === "service";
    return app.finish({
      report,
      logFile: notKnown(),
      image: notKnown(),
      ...(isService && { url: notKnown() }),
    });
  }
  // Timeouts are not handed down by themselves, and it is these children that take time.
  const slow = { ...own, ...(options.customTimeouts && { customTimeouts: options.customTimeouts }) };
  const image = target.registry === undefined ? undefined : delivered(args, admission, slow);
  const parts: AppParts = { args, target, app, admission, image, slow };
  const placed = target.kind === "kubernetes" ? kubernetesChildren(parts) : localChildren(parts);
  return app.finish(withoutUndefined({ report, image, ...placed }));
}

/** A program for several places says in each what it leaves out. */
function unread(known: AppInputs, target: Target | undefined): string[] {
  const kind = target?.kind;
  if (kind === undefined || isUnknown(kind)) return [];
  const keys = readElsewhere[kind].filter((key) => known[key] !== undefined);
  if (keys.length === 0) return [];
  const list = keys.map((key) => `\`${key}\``).join(", ");
  return [`A ${kind} target does not read ${list}, which ${keys.length > 1 ? "are" : "is"} for others.`];
}

/**
 * What the place cannot do, from plain data, before anything is declared.
 *
 * @returns warnings
 * @throws InputErrors
 */
function requireDeliverable(args: ComponentArguments<AppInputs>, target: Target | undefined): string[] {
  if (target === undefined) return [];
  const { problems, warnings } = placeFindings(args, target);
  const all = [...repositoryProblems(args.name, target.registry), ...problems];
  if (all.length > 0) throw new InputErrors(all);
  return warnings;
}

function placeFindings(args: ComponentArguments<AppInputs>, target: Target): Findings {
  if (target.kind === "kubernetes") return kubernetesFindings(args, target);
  return { problems: target.kind === "local" ? localProblems(args.known) : [], warnings: [] };
}

function delivered(
  { name, inputs }: ComponentArguments<AppInputs>,
  admission: Child,
  options: AppParts["slow"],
): Output<unknown> {
  const content = imageInputs(name, inputs.target, admission.output("artifact"));
  return new Child("wasm:index:Image", name, content, ["ref"], options).output("ref");
}

function admissionInputs({ known, values, inputs }: ComponentArguments<AppInputs>): Inputs {
  return {
    ...pick(inputs, ["artifact", "target", "grants", "denied", "acceptRisk"]),
    // A schedule is of commands.
    ...(known.run !== undefined && { run: typeof known.run === "object" ? "job" : inputs.run }),
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
function repositoryProblems(name: string, registry: Target["registry"]): Problem[] {
  if (registry === undefined) return [];
  const place = isUnknown(registry) || isUnknown(registry.push) ? "localhost" : registry.push;
  try {
    parseRepository(`${place}/${name}`);
    return [];
  } catch (error) {
    const message = `the target names a registry, and the App's name is its repository there: ${(error as Error).message}`;
    return [{ path: "", message }];
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

function pick(inputs: Inputs, keys: readonly string[]): Inputs {
  return withoutUndefined(Object.fromEntries(keys.map((key) => [key, inputs[key]])));
}
