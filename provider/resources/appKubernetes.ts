/** What an App becomes on Kubernetes: objects of the Kubernetes provider, as `render` gives them. */
import type { CustomResourceOptions, Input, Inputs } from "@pulumi/pulumi";
import outputModule from "@pulumi/pulumi/output.js";
import type { Problem } from "../errors.ts";
import { isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";
import type { KubernetesApp, RenderedChild } from "../targets/kubernetes/app.ts";
import { render } from "../targets/kubernetes/render/index.ts";
import { tokens, typeOf } from "../targets/kubernetes/render/objects.ts";
import { resolve } from "../targets/kubernetes/render/references.ts";
import { type Findings, known } from "../targets/kubernetes/validate/input.ts";
import { validate } from "../targets/kubernetes/validate.ts";
import type { Target } from "../targets/target.ts";
import { isSecretAt, type Value } from "../values.ts";
import type { AppInputs } from "./app.ts";
import { type AppParts, Child } from "./appChild.ts";
import { explained } from "./appErrors.ts";
import { at, mapInput } from "./appInputs.ts";
import { kubernetesApp } from "./appKubernetesInputs.ts";
import { knownRules } from "./appRules.ts";
import type { ComponentArguments } from "./component.ts";

/** What a cluster would refuse, or make nothing of, from plain data. */
export function kubernetesFindings(
  { name, known: inputs, values }: ComponentArguments<AppInputs>,
  { kubernetes }: Target,
): Findings {
  const { problems, warnings } = validate({
    app: { ...inputs, name, volumes: volumesOf(inputs) },
    runtime: kubernetes?.runtime ?? unknown,
    rules: knownRules(inputs),
  });
  return { problems: [...problems, ...openSecrets(inputs, values.kubernetes)], warnings };
}

export function kubernetesChildren(parts: AppParts): Inputs {
  const app = kubernetesApp(parts);
  // Of a runtime that is not known yet, neither are its objects.
  if (app === undefined) return {};
  const made: Record<string, Child> = {};
  verify(parts);
  for (const rendered of render(app)) made[rendered.token] = register(rendered, parts, made);
  const names = Object.values(made).map((child) => nameOf(child));
  const kinds = Object.keys(made).map((token) => token.split(":").at(-1) ?? "");
  return {
    names: Object.fromEntries(kinds.map((kind, index) => [kind, names[index]])),
    ...(app.run.kind === "service" && urlsOf(app, made[tokens.service])),
  };
}

/** Version and secret outputs are those of this package's children. */
function ofCluster({
  version: _version,
  additionalSecretOutputs: _outputs,
  ...options
}: CustomResourceOptions) {
  return options;
}

function register(
  { token, name, inputs, dependsOn, secretOutputs, replaceOnChanges }: RenderedChild,
  { slow }: AppParts,
  made: Readonly<Record<string, Child>>,
): Child {
  const named = resolve(inputs, (other) => {
    const child = made[other];
    if (!child) throw new Error(`${token} refers to ${other}, which is not there yet.`);
    return nameOf(child);
  });
  return new Child(token, name, named, [], {
    ...ofCluster(slow),
    ...explained(),
    dependsOn: dependsOn.flatMap((other) => made[other] ?? []),
    ...(secretOutputs.length > 0 && { additionalSecretOutputs: [...secretOutputs] }),
    ...(replaceOnChanges.length > 0 && { replaceOnChanges: [...replaceOnChanges] }),
    // A second one would have its name.
    ...(inputs.metadata.name !== undefined && { deleteBeforeReplace: true }),
  });
}

/**
 * Looks up what must be there, in preview too. The engine reads a resource with an `id` by the App's own Kubernetes provider, and fails
 * the preview where it is missing, or the cluster cannot be reached.
 */
function verify({ args: { name }, target: { kubernetes }, slow }: AppParts): void {
  if (kubernetes?.verify !== true) return;
  const { namespace, runtimeClassName } = kubernetes;
  const read = (token: string, id: OrUnknown<string> | undefined) => {
    if (id !== undefined && !isUnknown(id)) {
      new Child(token, name, typeOf(token), [], { ...ofCluster(slow), id });
    }
  };
  read(tokens.namespace, namespace);
  read(tokens.runtimeClass, runtimeClassName);
}

/** The metadata of a Secret count as secret, for they can hold its values in an annotation; its name tells nothing. */
function nameOf(child: Child): Input<unknown> {
  return outputModule.unsecret(outputModule.output(at(child.output("metadata"), "name")));
}

/** From within the cluster by its Service, whatever the cluster's domain; from outside by what leads to it. */
function urlsOf(app: KubernetesApp, service: Child | undefined): Inputs {
  const namespace = app.namespace ?? at(service?.output("metadata"), "namespace");
  const clusterUrl = mapInput(outputModule.output(namespace), (known) => `http://${app.name}.${known}.svc`);
  const { ingress, route } = app.block;
  if (app.hostname === undefined || (ingress === undefined && route === undefined)) {
    return { url: clusterUrl, clusterUrl };
  }
  const isSecure = ingress === undefined ? (route?.tls ?? true) : ingress.tlsSecret !== undefined;
  const url = outputModule
    .all([app.hostname, isSecure])
    .apply(([hostname, secure]) => `${secure ? "https" : "http"}://${hostname}`);
  return { url, clusterUrl };
}

function volumesOf({ bindings }: AppInputs) {
  const known = isUnknown(bindings) ? {} : (bindings ?? {});
  return Object.fromEntries(
    Object.entries(known).flatMap(([module, bound]) =>
      isUnknown(bound) || bound.volumes === undefined ? [] : [[module, bound.volumes] as const],
    ),
  );
}

/** What stands in a pod can be read by everybody who may look at pods. */
function openSecrets({ kubernetes }: AppInputs, values: Value | undefined): Problem[] {
  const { arguments: args, sidecars } = known(kubernetes) ?? {};
  const ofApp = "bind it as a value of the environment";
  const ofSidecars = "put it into a Secret, and name that one in environmentFrom";
  const places = [
    ...placesIn(["arguments"], args).map((place) => ({ place, advice: ofApp })),
    ...(known(sidecars) ?? []).flatMap((sidecar, index) =>
      Object.entries(known(sidecar) ?? {})
        .filter(([key]) => ["command", "arguments", "environment"].includes(key))
        .flatMap(([key, part]) => placesIn(["sidecars", index, key], part))
        .map((place) => ({ place, advice: ofSidecars })),
    ),
  ];
  return places
    .filter(({ place }) => isSecretAt(values, place))
    .map(({ place, advice }) => ({
      path: propertyPath(["kubernetes", ...place]),
      message: `is secret, and stands in the pod for all to read: ${advice}`,
    }));
}

/** The paths of what a list or an object holds, as far as it is known. */
function placesIn(path: (string | number)[], part: unknown): (string | number)[][] {
  if (typeof part !== "object" || part === null) return [];
  const keys = Array.isArray(part) ? [...part.keys()] : Object.keys(part);
  return keys.map((key) => [...path, key]);
}
