/** What belongs to services only, or to commands only; how many pods, and when. */
import type { Problem } from "../../../errors.ts";
import { isUnknown, type OrUnknown } from "../../../schema/fields.ts";
import { scheduleProblem } from "../schedule.ts";
import { type AppFields, type KubernetesFields, known, type RunKind } from "./input.ts";

const ofServices = [
  "probes",
  "podDisruptionBudget",
  "autoscaling",
  "ingress",
  "route",
  "callers",
  "drain",
] as const;
const ofCommands = ["arguments", "retries"] as const;

export function runProblems(app: AppFields, block: KubernetesFields, run: OrUnknown<RunKind>): Problem[] {
  return [
    ...misplaced(app, block, run),
    ...scheduleProblems(app),
    ...replicaProblems(app, block),
    ...budgetProblems(block),
  ];
}

function misplaced(app: AppFields, block: KubernetesFields, run: OrUnknown<RunKind>): Problem[] {
  if (isUnknown(run)) return [];
  const isService = run === "service";
  const names = isService ? ofCommands : ofServices;
  const message = isService
    ? 'is for commands, and this App serves HTTP: leave it out, or set `run: "job"`'
    : "is for services, and this App runs a command: leave it out";
  const found = names.filter((name) => block[name] !== undefined).map((name) => `kubernetes.${name}`);
  const portable = (["replicas", "hostname", "routes"] as const).filter(
    (name) => !isService && app[name] !== undefined,
  );
  return [...portable, ...found].map((path) => ({ path, message }));
}

function scheduleProblems({ run }: AppFields): Problem[] {
  if (typeof run !== "object" || isUnknown(run.schedule)) return [];
  const message = scheduleProblem(run.schedule);
  return message === undefined ? [] : [{ path: "run.schedule", message }];
}

function replicaProblems({ replicas }: AppFields, block: KubernetesFields): Problem[] {
  const { autoscaling } = block;
  if (autoscaling === undefined) return [];
  const problems: Problem[] = [];
  if (replicas !== undefined) {
    const message = "is the autoscaler's to say: leave it out, or leave out kubernetes.autoscaling";
    problems.push({ path: "replicas", message });
  }
  if (isUnknown(autoscaling)) return problems;
  const { minReplicas, maxReplicas, cpu, memory } = autoscaling;
  const isTurned = !isUnknown(minReplicas) && !isUnknown(maxReplicas) && minReplicas > maxReplicas;
  if (isTurned) {
    const message = `is ${minReplicas}, more than maxReplicas, which is ${maxReplicas}`;
    problems.push({ path: "kubernetes.autoscaling.minReplicas", message });
  }
  if (cpu === undefined && memory === undefined) {
    const message =
      "has nothing to go by: give cpu or memory, in per cent of what is requested, such as cpu: 70";
    problems.push({ path: "kubernetes.autoscaling", message });
  }
  return problems;
}

function budgetProblems({ podDisruptionBudget }: KubernetesFields): Problem[] {
  const budget = known(podDisruptionBudget);
  if (budget === undefined) return [];
  const given = [budget.minAvailable, budget.maxUnavailable].filter((each) => each !== undefined);
  if (given.length === 1) return [];
  return [
    {
      path: "kubernetes.podDisruptionBudget",
      message: "takes exactly one of minAvailable and maxUnavailable",
    },
  ];
}
