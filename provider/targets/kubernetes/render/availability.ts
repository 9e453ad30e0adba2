/** How many pods there are, and how many there must be. */
import type * as k8s from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";
import type { KubernetesApp, RenderedChild } from "../app.ts";
import { selectorLabels } from "../names.ts";
import { child, tokens, typeOf } from "./objects.ts";

export function podDisruptionBudget(app: KubernetesApp): RenderedChild[] {
  const { podDisruptionBudget: budget } = app.block;
  if (budget === undefined) return [];
  const { minAvailable, maxUnavailable } = budget;
  const spec: k8s.policy.v1.PodDisruptionBudgetSpec = {
    ...(minAvailable !== undefined && { minAvailable }),
    ...(maxUnavailable !== undefined && { maxUnavailable }),
    selector: { matchLabels: selectorLabels(app.name) },
  };
  return [child(app, tokens.podDisruptionBudget, { spec }, { name: app.name })];
}

export function autoscaler(app: KubernetesApp): RenderedChild[] {
  if (app.block.autoscaling === undefined) return [];
  const { minReplicas, maxReplicas, cpu, memory } = app.block.autoscaling;
  const spec: k8s.autoscaling.v2.HorizontalPodAutoscalerSpec = {
    scaleTargetRef: { ...typeOf(tokens.deployment), name: app.name },
    minReplicas,
    maxReplicas,
    metrics: [...usage("cpu", cpu), ...usage("memory", memory)],
  };
  return [child(app, tokens.autoscaler, { spec }, { name: app.name, dependsOn: [tokens.deployment] })];
}

/** @param averageUtilization per cent of what the pods request */
function usage(name: string, averageUtilization: Input<number> | undefined): k8s.autoscaling.v2.MetricSpec[] {
  if (averageUtilization === undefined) return [];
  return [{ type: "Resource", resource: { name, target: { type: "Utilization", averageUtilization } } }];
}
