/** From the inputs of an App to what `render` takes. Which objects there are follows from what is known; leaves stay inputs. */
import type { Input, Output } from "@pulumi/pulumi";
import outputModule from "@pulumi/pulumi/output.js";
import * as z from "zod";
import { decodeRules, type Rules } from "../capabilities/rules.ts";
import { isUnknown } from "../schema/fields.ts";
import type { KubernetesApp, KubernetesBlock, VolumeSource } from "../targets/kubernetes/app.ts";
import { volumeSourceShape } from "../targets/kubernetes/appFields.ts";
import type { BoundCallee } from "../targets/kubernetes/calls.ts";
import {
  gatewayDuration,
  literalArgument,
  mebibytes,
  resourcesOf,
} from "../targets/kubernetes/quantities.ts";
import { egressRules } from "../targets/kubernetes/render/networkPolicy.ts";
import { base64 } from "../targets/kubernetes/render/values.ts";
import { volumeMounts } from "../targets/kubernetes/render/volumes.ts";
import { decodeTarget, type Target } from "../targets/target.ts";
import { isRecord, OutputValue, Secret, type Value } from "../values.ts";
import { type AppInputs, appInputs } from "./app.ts";
import type { AppParts } from "./appChild.ts";
import {
  at,
  boundModules,
  hostKeys,
  leaves,
  mapInput,
  marked,
  merged,
  notKnown,
  withoutUndefined,
} from "./appInputs.ts";
import { moduleDigests } from "./appRules.ts";
import type { ComponentArguments } from "./component.ts";

type KubernetesTarget = NonNullable<Target["kubernetes"]>;
type Arguments = ComponentArguments<AppInputs>;

/** Nothing while the runtime is not known. */
export function kubernetesApp({ args, target, admission, image }: AppParts): KubernetesApp | undefined {
  const { kubernetes } = target;
  if (!kubernetes || isUnknown(kubernetes.runtime)) return undefined;
  const { known, inputs } = args;
  const block = leaves(appInputs.shape.kubernetes, known.kubernetes, inputs.kubernetes) as KubernetesBlock;
  const rules = (read: (rules: Rules, calls: Record<string, BoundCallee>) => unknown) =>
    outputModule
      .all([admission.output("rules"), at(inputs.kubernetes, "calls")])
      .apply(([text, calls]) =>
        read(decodeRules(String(text)), (calls as Record<string, BoundCallee> | undefined) ?? {}),
      );
  return withoutUndefined({
    name: args.name,
    runtime: kubernetes.runtime,
    image,
    artifact: at(admission.output("artifact"), "digest"),
    modules: modulesOf(inputs.artifact),
    run: runOf(args),
    arguments: mapInput(block?.arguments as Input<unknown>, (all) => Object.values(all ?? {}).map(argument)),
    replicas: inputs.replicas,
    resources: resources(args),
    environment: environment(args),
    volumes: volumes(args),
    volumeMounts: rules(volumeMounts),
    egress: rules(egressRules),
    hostname: inputs.hostname,
    routes: leaves(appInputs.shape.routes, known.routes, inputs.routes),
    ...placement(kubernetes, inputs.target),
    ...timeLimits(at(inputs.limits, "time")),
    block: block ?? {},
  }) as unknown as KubernetesApp;
}

/** Read from the target as an output, so that what it depends on and whether it is secret go along. */
function ofTarget(target: Input<unknown>, read: (target: KubernetesTarget) => unknown): Output<unknown> {
  return (outputModule.output(target) as Output<unknown>).apply((text) => {
    const kubernetes = decodeTarget(String(text))?.kubernetes;
    return kubernetes === undefined ? notKnown() : marked(read(kubernetes));
  });
}

function placement(known: KubernetesTarget, target: Input<unknown>) {
  const given = <Key extends keyof KubernetesTarget>(
    key: Key,
    read: (target: KubernetesTarget) => unknown,
  ) => (known[key] === undefined ? undefined : ofTarget(target, read));
  const handler = ofTarget(target, (kubernetes) => kubernetes.handler);
  return {
    namespace: given("namespace", ({ namespace }) => namespace),
    runtimeClass:
      known.createRuntimeClass === true
        ? { handler }
        : { name: ofTarget(target, ({ runtimeClassName }) => runtimeClassName) },
    imagePullSecrets: given("imagePullSecrets", ({ imagePullSecrets: names }) =>
      isUnknown(names) ? names : names?.map((name) => ({ name })),
    ),
    nodeSelector: given("nodeSelector", ({ nodeSelector }) => nodeSelector),
    tolerations: given("tolerations", ({ tolerations }) => tolerations),
  };
}

function runOf({ known: { run }, inputs }: Arguments): KubernetesApp["run"] {
  if (typeof run !== "object") return { kind: run === "job" ? "job" : "service" };
  return { kind: "schedule", schedule: at(inputs.run, "schedule") as Input<string> };
}

function modulesOf(artifact: Input<unknown>): Output<string> {
  return outputModule
    .all([at(artifact, "digest"), at(artifact, "recipe")])
    .apply(([digest, recipe]) => moduleDigests(String(digest), String(recipe)));
}

function argument(text: unknown): Input<unknown> {
  return mapInput(text as Input<unknown>, (known) => literalArgument(String(known)));
}

function resources({ inputs }: Arguments) {
  const ofPlace = ofTarget(inputs.target, (kubernetes) => kubernetes.resources ?? {});
  return outputModule
    .all([ofPlace, at(inputs.limits, "memory")])
    .apply(([given, memory]) =>
      resourcesOf(given as object, memory === undefined ? undefined : mebibytes(Number(memory))),
    );
}

function timeLimits(seconds: Input<unknown>) {
  return {
    deadline: mapInput(seconds, (known) => Math.ceil(Number(known))),
    routeTimeout: mapInput(seconds, (known) => gatewayDuration(Number(known))),
  };
}

/** Secret values apart from those that are none: what of them there is, decides which objects there are. */
function environment({ known, values, inputs }: Arguments): KubernetesApp["environment"] {
  const parts = boundModules(known).map((module) => {
    const split = bySecrecy(
      partOf(values.bindings, [module, "environment"]),
      at(inputs.bindings, module, "environment"),
    );
    const keys = (part: Input<unknown>) => hostKeys("environment", module, part, inputs.artifact);
    return { plain: keys(split.plain), secret: keys(split.secret) };
  });
  const secret = merged(parts.map((part) => part.secret));
  return withoutUndefined({
    plain: merged(parts.map(({ plain }) => plain)),
    secret: secret === undefined ? undefined : outputModule.secret(mapInput(secret, encoded)),
  }) as KubernetesApp["environment"];
}

function encoded(secret: Record<string, unknown> | undefined) {
  return Object.fromEntries(Object.entries(secret ?? {}).map(([key, value]) => [key, base64(String(value))]));
}

/** A map that is secret as a whole, or not known, is taken for secret. */
function bySecrecy(value: Value | undefined, input: Input<unknown>) {
  if (value === undefined || input === undefined) return { plain: undefined, secret: undefined };
  if (!isRecord(value)) return { plain: undefined, secret: input };
  const pick = (isWanted: (part: Value) => boolean) => {
    const keys = Object.keys(value).filter((key) => isWanted(value[key] as Value));
    if (keys.length === 0) return undefined;
    return Object.fromEntries(keys.map((key) => [key, at(input, key)])) as Input<unknown>;
  };
  return { plain: pick((part) => !isSecret(part)), secret: pick(isSecret) };
}

function isSecret(value: Value): boolean {
  return value instanceof Secret || (value instanceof OutputValue && value.secret);
}

/** What stands at a path, up to the first secret or unknown on the way to it. */
function partOf(value: Value | undefined, path: readonly string[]): Value | undefined {
  if (value instanceof OutputValue && !value.secret) return partOf(value.value, path);
  const [key, ...rest] = path;
  if (key === undefined || value === undefined || !isRecord(value)) return value;
  return partOf(value[key], rest);
}

function volumes({ known: { bindings }, inputs }: Arguments): KubernetesApp["volumes"] {
  const source = z.object(volumeSourceShape);
  const modules = Object.entries(isUnknown(bindings) ? {} : (bindings ?? {}));
  const all = modules.flatMap(([module, bound]) => {
    const given = isUnknown(bound) || isUnknown(bound.volumes) ? {} : (bound.volumes ?? {});
    return Object.entries(given).flatMap(([name, volume]) => {
      const leavesOf = leaves(source, volume, at(inputs.bindings, module, "volumes", name));
      return leavesOf === undefined ? [] : [[name, leavesOf as VolumeSource] as const];
    });
  });
  return Object.fromEntries(all);
}
