/** Who may connect to the pods of an App, and where these may connect to. What is not named is closed. */
import type * as k8s from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";
import type { Rules } from "../../../capabilities/rules.ts";
import type { Caller, KubernetesApp, RenderedChild } from "../app.ts";
import { type BoundCallee, type Callee, calleeOf, listenPort } from "../calls.ts";
import {
  type Block,
  type Destination,
  destinations,
  internet,
  needsNames,
  type Place,
  privateNetworks,
} from "../destinations.ts";
import { selectorLabels } from "../names.ts";
import { child, tokens } from "./objects.ts";

type EgressRule = k8s.networking.v1.NetworkPolicyEgressRule;
type Peer = k8s.networking.v1.NetworkPolicyPeer;
type Port = k8s.networking.v1.NetworkPolicyPort;

export function networkPolicy(app: KubernetesApp): RenderedChild {
  const from = app.run.kind === "service" ? callers(app) : [];
  const ports = [{ protocol: "TCP", port: listenPort }];
  const spec: k8s.networking.v1.NetworkPolicySpec = {
    podSelector: { matchLabels: selectorLabels(app.name) },
    // What has no rules below is closed. API servers leave out empty lists, which a refresh would then show as changed.
    policyTypes: ["Ingress", "Egress"],
    // A rule without peers would let everybody in.
    ...(from.length > 0 && { ingress: [{ from, ports }] }),
    ...(app.egress !== undefined && { egress: app.egress }),
  };
  return child(app, tokens.networkPolicy, { spec }, { name: app.name });
}

function callers({ block: { callers = [], ingress, route } }: KubernetesApp): Peer[] {
  const controllers = [ingress?.controllerNamespace, route?.controllerNamespace].filter(
    (each) => each !== undefined,
  );
  return [
    ...callers.map(callerPeer),
    ...controllers.map((namespace) => ({ namespaceSelector: namespaceNamed(namespace) })),
  ];
}

function callerPeer(caller: Caller): Peer {
  const { app, podLabels, namespace, cidr } = caller;
  if (cidr !== undefined) return { ipBlock: { cidr } };
  const pods = app === undefined ? podLabels : selectorLabels(app);
  return {
    ...(namespace !== undefined && { namespaceSelector: namespaceNamed(namespace) }),
    ...(pods !== undefined && { podSelector: { matchLabels: pods } }),
  };
}

/** Kubernetes labels each namespace with its name. */
function namespaceNamed(name: Input<string>): k8s.meta.v1.LabelSelector {
  return { matchLabels: { "kubernetes.io/metadata.name": name } };
}

/** What grants open, and look-ups where they lead to names; nothing where that is nothing. */
export function egressRules(
  rules: Rules,
  callees: Readonly<Record<string, BoundCallee>> = {},
): EgressRule[] | undefined {
  const opened = [
    ...destinations(rules).flatMap(destinationRule),
    ...rules.calls.map((label) => calleeRule(calleeOf(label, callees))),
  ];
  const all = needsNames(rules) ? [...opened, nameRule] : opened;
  // The same ports at the same places, once.
  const once = [...new Map(all.map((rule) => [JSON.stringify(rule), rule])).values()];
  return once.length === 0 ? undefined : once;
}

function destinationRule({ place, protocol, ports }: Destination): EgressRule[] {
  const blocks = blocksOf(place);
  if (blocks.length === 0) return [];
  return [
    {
      to: blocks.map(({ cidr, except }) => ({
        ipBlock: { cidr, ...(except.length > 0 && { except: [...except] }) },
      })),
      ports: ports.map(({ from, to }) => portRange(protocol === "tcp" ? "TCP" : "UDP", from, to)),
    },
  ];
}

function blocksOf(place: Place): readonly Block[] {
  switch (place.kind) {
    case "network":
      return [place];
    case "internet":
      return internet;
    case "private":
      return privateNetworks;
    case "pod":
      return [];
  }
}

function portRange(protocol: "TCP" | "UDP", from: number, to: number): Port {
  return { protocol, port: from, ...(to > from && { endPort: to }) };
}

function calleeRule({ name, namespace, podPort, podLabels }: Callee): EgressRule {
  const peer: Peer = {
    ...(namespace !== undefined && { namespaceSelector: namespaceNamed(namespace) }),
    podSelector: { matchLabels: podLabels ?? selectorLabels(name) },
  };
  return { to: [peer], ports: [portRange("TCP", podPort, podPort)] };
}

/** The cluster's DNS by the labels that kubeadm, kops and the large clouds give it. */
const nameRule: EgressRule = {
  to: [
    {
      namespaceSelector: namespaceNamed("kube-system"),
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
  ],
  ports: [portRange("UDP", 53, 53), portRange("TCP", 53, 53)],
};
