import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as wasm from "pulumi-wasm";

const config = new pulumi.Config();
const target = config.requireObject<wasm.EdgeTargetArgs & { kubernetes: { namespace: string } }>("target");
const { namespace } = target.kubernetes;
const edge = new wasm.EdgeTarget("edge", target);

// An ordinary container, as the team already has it: it serves who Ada is, and asks the App below to greet her.
const labels = { app: "auth" };
const page = new kubernetes.core.v1.ConfigMap("auth", {
  metadata: { namespace },
  data: { ada: "Ada Lovelace, analyst\n" },
});
new kubernetes.apps.v1.Deployment("auth", {
  metadata: { name: "auth", namespace },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        volumes: [{ name: "page", configMap: { name: page.metadata.name } }],
        containers: [
          {
            name: "httpd",
            image: "busybox:1.37",
            command: ["httpd", "-f", "-p", "8000", "-h", "/page"],
            ports: [{ containerPort: 8000 }],
            volumeMounts: [{ name: "page", mountPath: "/page" }],
          },
          {
            name: "visitor",
            image: "busybox:1.37",
            command: ["sh", "-c", "while sleep 60; do wget -qO- http://web/ada; done"],
          },
        ],
      },
    },
  },
});
new kubernetes.core.v1.Service("auth", {
  metadata: { name: "auth", namespace },
  spec: { selector: labels, ports: [{ port: 80, targetPort: 8000 }] },
});

// The Wasm App. It may call the Service, whose pods are not those of an App; and the container may call it.
const loaded = new wasm.Module("web", { file: new pulumi.asset.FileAsset("../two-apps/modules/web.wasm") });
const calls = new wasm.CapabilityGrant("calls", { calls: ["auth"] });
const web = new wasm.App("web", {
  artifact: loaded.artifact,
  target: edge.target,
  grants: [calls.grant],
  kubernetes: {
    calls: { auth: { podLabels: labels, podPort: 8000 } },
    callers: [{ podLabels: labels }],
  },
});

export const url = web.url;
export const report = web.report;
