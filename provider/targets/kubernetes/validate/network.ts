/** Who may connect to an App and by which name, and whom it calls. */
import { parseNetwork } from "../../../capabilities/hosts.ts";
import type { Problem } from "../../../errors.ts";
import { isUnknown, type OrUnknown } from "../../../schema/fields.ts";
import { propertyPath } from "../../../schema/parse.ts";
import { subdomainPattern } from "../names.ts";
import { type Findings, type KubernetesFields, known, type RunKind, type ValidationInput } from "./input.ts";

export function networkFindings(
  { app, rules }: ValidationInput,
  block: KubernetesFields,
  run: OrUnknown<RunKind>,
): Findings {
  if (run !== "service") return { problems: callProblems(rules, block), warnings: [] };
  return {
    problems: [
      ...callerProblems(block),
      ...doorProblems(app, block),
      ...hostProblems(app),
      ...callProblems(rules, block),
    ],
    warnings: [...unreachable(block), ...leadsNowhere(app, block), ...unboundedTime(app, block)],
  };
}

function callerProblems({ callers }: KubernetesFields): Problem[] {
  return (known(callers) ?? []).flatMap((caller, index) => {
    if (isUnknown(caller)) return [];
    const { app, podLabels, namespace, cidr } = caller;
    const path = `kubernetes.callers[${index}]`;
    const kinds = [app, podLabels, cidr].filter((each) => each !== undefined).length;
    if (
      kinds > 1 ||
      (kinds === 0 && namespace === undefined) ||
      (cidr !== undefined && namespace !== undefined)
    ) {
      return [
        { path, message: "names whom it means in one way: app, podLabels, all of a namespace, or cidr" },
      ];
    }
    if (cidr === undefined || isUnknown(cidr) || ["0.0.0.0/0", "::/0"].includes(cidr)) return [];
    const parsed = cidr.includes("/") ? parseNetwork(withoutWholeLength(cidr)) : undefined;
    if (parsed?.ok) return [];
    return [
      { path: `${path}.cidr`, message: parsed?.problem ?? "is no network; write for example 192.0.2.0/24" },
    ];
  });
}

/** Grants write one address without a length, Kubernetes with it. */
function withoutWholeLength(cidr: string): string {
  return cidr.replace(/^([\d.]+)\/32$|^([^/]*:[^/]*)\/128$/, "$1$2");
}

/** What leads to the App from outside must be let in by its policy. */
function doorProblems({ hostname }: ValidationInput["app"], block: KubernetesFields): Problem[] {
  const hasCallers = isUnknown(block.callers) || (block.callers?.length ?? 0) > 0;
  const doors = (["ingress", "route"] as const).flatMap((kind) => {
    const door = known<{ controllerNamespace?: OrUnknown<string> | undefined }>(block[kind]);
    if (door === undefined || door.controllerNamespace !== undefined || hasCallers) return [];
    const message =
      "is missing: the App's network policy lets nobody in. Name the namespace of the controller's pods here, or where they connect from in kubernetes.callers";
    return [{ path: `kubernetes.${kind}.controllerNamespace`, message }];
  });
  const tls = known(block.ingress)?.tlsSecret;
  if (tls === undefined || hostname !== undefined) return doors;
  return [...doors, { path: "hostname", message: "is needed for TLS: it is what the certificate is for" }];
}

function hostProblems({ hostname, routes }: ValidationInput["app"]): Problem[] {
  const host = known(hostname);
  const isHost =
    host === undefined || (host.length <= 253 && subdomainPattern.test(host.replace(/^\*\./, "")));
  const badHost = { path: "hostname", message: "is no host name: write for example shop.example.com" };
  const badRoutes = (known(routes) ?? []).flatMap((route, index) =>
    isUnknown(route) || route.startsWith("/")
      ? []
      : [{ path: `routes[${index}]`, message: "is no path: begin it with /" }],
  );
  return [...(isHost ? [] : [badHost]), ...badRoutes];
}

function callProblems(rules: ValidationInput["rules"], block: KubernetesFields): Problem[] {
  if (isUnknown(rules) || isUnknown(block.calls)) return [];
  const bound = block.calls ?? {};
  const extra = Object.keys(bound).filter((label) => !rules.calls.includes(label));
  return [
    ...extra.map((label) => ({
      path: propertyPath(["kubernetes", "calls", label]),
      message: `no grant names it: add calls: [${JSON.stringify(label)}] to one, or leave it out`,
    })),
  ];
}

function unreachable({ callers, ingress, route }: KubernetesFields): string[] {
  const isOpen =
    ingress !== undefined || route !== undefined || isUnknown(callers) || (callers?.length ?? 0) > 0;
  if (isOpen) return [];
  return [
    'kubernetes.callers: nobody may connect to this App. Name who may, such as callers: [{ app: "web" }].',
  ];
}

function leadsNowhere(
  { hostname, routes }: ValidationInput["app"],
  { ingress, route }: KubernetesFields,
): string[] {
  if (ingress !== undefined || route !== undefined) return [];
  return Object.entries({ hostname, routes })
    .filter(([, value]) => value !== undefined)
    .map(
      ([name]) => `${name}: nothing leads there on this target. Give kubernetes.ingress or kubernetes.route.`,
    );
}

/** No shim has a limit for a request; of what leads to the App, a Gateway has one. */
function unboundedTime({ limits }: ValidationInput["app"], { route }: KubernetesFields): string[] {
  if (known(limits)?.time === undefined || route !== undefined) return [];
  return [
    "limits.time: nothing bounds the time of a request on this target. A Gateway does (kubernetes.route).",
  ];
}
