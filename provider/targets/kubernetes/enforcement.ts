/**
 * What a Kubernetes target does about grants beside the artifact: its runtime's shim, and the pod. The shims open whole families;
 * what narrows them is the pod: which addresses its NetworkPolicy lets through, which volumes and variables it holds.
 */
import { entriesOf } from "../../capabilities/entries.ts";
import { parseOrigin } from "../../capabilities/parse.ts";
import type { TargetEnforcement, TargetVerdict } from "../../capabilities/report.ts";
import type { Rules } from "../../capabilities/rules.ts";
import { type Family, isGuarded, meaningOf, parseImportName } from "../../capabilities/vocabulary.ts";
import { originDestination, type Place, placeOf } from "./destinations.ts";
import { type Run, type Runtime, type RuntimeName, runtimes } from "./runtimes.ts";

/** Whether the cluster's network plugin keeps NetworkPolicies. The API server takes them in either case. */
export type NetworkPolicies = "enforced" | "unknown";

/** A module of the App, by what it asks of the host and what it may do. */
interface Neighbour {
  name: string;
  imports: readonly string[];
  rules: Rules;
}

export interface KubernetesEnforcement {
  runtime: RuntimeName;
  run: Run;
  networkPolicy: NetworkPolicies;
  modules: readonly Neighbour[];
}

interface Judgement {
  verdict: TargetVerdict;
  note?: string;
}

export function kubernetesEnforcement(target: KubernetesEnforcement): TargetEnforcement {
  return {
    name: "kubernetes",
    enforce(family, text, module) {
      const own = judgementOf(target, family, text);
      if (own.verdict !== "exact" && own.verdict !== "stricter") return own;
      const others = target.modules.filter((other) => other.name !== module && couldUse(other, family, text));
      if (others.length === 0) return own;
      const names = others.map(({ name }) => name).join(", ");
      return { verdict: "looser", note: `the pod alone would let ${names} use it as well` };
    },
  };
}

/** What the artifact's own bytes enforce, in the form that the runtime takes. */
export function artifactVerdict(runtime: RuntimeName, family: Family): "exact" | "none" {
  return runtimes[runtime].form === "component" && isGuarded(family) ? "exact" : "none";
}

function judgementOf(target: KubernetesEnforcement, family: Family, text: string): Judgement {
  const runtime = runtimes[target.runtime];
  const missing = unavailable(runtime, target.run, family);
  if (missing !== undefined) return { verdict: "unavailable", note: missing };
  switch (family) {
    case "http":
      return networkJudgement(target, httpPlace(text));
    case "sockets":
      return networkJudgement(target, placeOf(text.split(" ")[1] ?? ""));
    case "calls":
      return callJudgement(target);
    case "nameLookup":
      return { verdict: "none", note: "the cluster's DNS answers for any name" };
    case "filesystem":
      return { verdict: "looser", note: fileNote(text) };
    case "environment":
      return {
        verdict: "looser",
        note: "the shim passes all of the pod's environment, which has HOSTNAME and KUBERNETES_* beside what is bound",
      };
    default:
      throw new Error(`The Kubernetes target has no verdict for ${family}.`);
  }
}

/** Why nothing of a family can be delivered, or nothing. */
function unavailable({ name, title, form }: Runtime, run: Run, family: Family): string | undefined {
  if (name === "spin") {
    return "the Spin shim gives a bare component no grants; on a target of the kind spin they are delivered";
  }
  if (family === "environment") return undefined;
  if (["config", "keyValue", "blobs", "messaging", "sql", "interfaces"].includes(family)) {
    return `${title} has no host for it under runwasi`;
  }
  if (form === "core") {
    return family === "filesystem" ? undefined : "core modules of WASI preview 1 open no connections";
  }
  const isHttp = family === "http" || family === "calls";
  if (run === "job") return isHttp ? "the shim gives commands no wasi:http" : undefined;
  if (isHttp) return undefined;
  return family === "filesystem"
    ? "the shim gives HTTP guests no folders"
    : "the shim denies HTTP guests all sockets and look-ups";
}

function httpPlace(text: string): Place {
  const origin = parseOrigin(text);
  if (!origin.ok) throw new Error(`A grant's entry was not checked: it ${origin.problem}.`);
  return originDestination(origin.value).place;
}

const notCounted = "the shim lets all through, and whether the cluster keeps network policies is not known";

function networkJudgement({ networkPolicy }: KubernetesEnforcement, place: Place): Judgement {
  if (place.kind === "pod")
    return { verdict: "none", note: "no policy stands between the containers of a pod" };
  if (networkPolicy === "unknown") return { verdict: "none", note: notCounted };
  switch (place.kind) {
    case "internet":
      return { verdict: "looser", note: "a network policy knows no names: any public address on this port" };
    case "private":
      return {
        verdict: "looser",
        note: "a network policy knows no names: any private address on this port. A Service of another port than its pods' is reached by `calls`",
      };
    case "network":
      return place.except.length === 0
        ? { verdict: "exact" }
        : { verdict: "stricter", note: `without ${place.except.join(", ")}: name those networks themselves` };
  }
}

function callJudgement({ networkPolicy }: KubernetesEnforcement): Judgement {
  return networkPolicy === "enforced" ? { verdict: "exact" } : { verdict: "none", note: notCounted };
}

function fileNote(text: string): string {
  const mount = text.startsWith("read ")
    ? "the volume is mounted read-only"
    : "the volume is mounted for writing";
  return `${mount}; the shim opens the whole container beside it, which is read-only and has /etc and /proc`;
}

function couldUse({ imports, rules }: Neighbour, family: Family, text: string): boolean {
  const isGrantedToo = entriesOf(rules).some((entry) => entry.family === family && entry.text === text);
  return !isGrantedToo && imports.some((full) => opens(full, family));
}

function opens(full: string, family: Family): boolean {
  const meaning = meaningOf(parseImportName(full));
  return meaning.kind === "opened" && meaning.openers.includes(family);
}
