/** What makes the pods: a Deployment for services, a Job or a CronJob for commands. */
import type * as k8s from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";
import type { KubernetesApp, RenderedChild } from "../app.ts";
import { selectorLabels } from "../names.ts";
import { child, labels, provenance, tokens } from "./objects.ts";
import { podTemplate } from "./pod.ts";

/** Before its policy is there, a pod could connect anywhere; without its account it cannot be made. */
const dependsOn = [tokens.networkPolicy, tokens.serviceAccount];

export function workload(app: KubernetesApp): RenderedChild {
  switch (app.run.kind) {
    case "service":
      return deployment(app);
    case "job":
      return job(app);
    case "schedule":
      return cronJob(app, app.run.schedule);
  }
}

function deployment(app: KubernetesApp): RenderedChild {
  const spec: k8s.apps.v1.DeploymentSpec = {
    // Beside an autoscaler the number is not ours.
    ...(app.block.autoscaling === undefined && { replicas: app.replicas ?? 1 }),
    selector: { matchLabels: selectorLabels(app.name) },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: podTemplate(app),
  };
  return child(app, tokens.deployment, { spec }, { name: app.name, annotations: provenance(app), dependsOn });
}

/** Its template cannot change, so each change makes a new Job, under another name, that runs the command again. */
function job(app: KubernetesApp): RenderedChild {
  return child(app, tokens.job, { spec: jobSpec(app) }, { annotations: provenance(app), dependsOn });
}

function cronJob(app: KubernetesApp, schedule: Input<string>): RenderedChild {
  const spec: k8s.batch.v1.CronJobSpec = {
    schedule,
    timeZone: "Etc/UTC",
    concurrencyPolicy: "Forbid",
    jobTemplate: { metadata: { labels: labels(app) }, spec: jobSpec(app) },
  };
  return child(app, tokens.cronJob, { spec }, { name: app.name, annotations: provenance(app), dependsOn });
}

function jobSpec(app: KubernetesApp): k8s.batch.v1.JobSpec {
  return {
    backoffLimit: app.block.retries ?? 0,
    ...(app.deadline !== undefined && { activeDeadlineSeconds: app.deadline }),
    template: podTemplate(app),
  };
}
