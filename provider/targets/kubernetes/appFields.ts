/** What an App is told for Kubernetes beside what all targets share, with the words of its reference page: `App.kubernetes`. */
import * as z from "zod";
import { list, map, object, optional, required } from "../../schema/fields.ts";
import { label, resourcesFields, subdomain } from "./targetFields.ts";

const port = z.int().min(1).max(65535);
const seconds = z.int().min(1).max(3600);
const path = z.string().startsWith("/", "is no path: begin it with /");
const labels = map(z.string());

export const volumeSourceShape = {
  configMap: optional(subdomain, {
    description: "On Kubernetes: a ConfigMap of the namespace, whose keys are files. Cannot be written to.",
  }),
  secret: optional(subdomain, {
    description: "On Kubernetes: a Secret of the namespace, whose keys are files. Cannot be written to.",
  }),
  claim: optional(subdomain, { description: "On Kubernetes: a PersistentVolumeClaim of the namespace." }),
  empty: optional(
    object("wasm:index:EmptyVolume", "A folder that is empty at first and goes with the pod.", {
      sizeLimit: optional(z.string(), {
        description: "Most that it may hold, such as `100Mi`. Default: what the node has.",
      }),
    }),
    { description: "On Kubernetes: a folder that is empty at first and goes with the pod." },
  ),
};

const callerFields = object(
  "wasm:index:KubernetesCaller",
  "Who may connect: an App (`app`), pods (`podLabels`, or all of a `namespace`), or addresses (`cidr`).",
  {
    app: optional(label, { description: "Name of another App on Kubernetes." }),
    podLabels: optional(labels, { description: 'Labels of pods that are no App, such as `{ app: "web" }`.' }),
    namespace: optional(label, { description: "Their namespace. Default: the App's own." }),
    cidr: optional(z.string(), {
      description: "Addresses, such as those of a load balancer: `192.0.2.0/24`.",
    }),
  },
);

const calleeFields = object(
  "wasm:index:KubernetesCallee",
  "The pods behind a Service that a grant calls, for the network policy.",
  {
    podPort: optional(port, {
      description:
        "Port where they listen. Default: 8080 as Apps do, or the Service's where `podLabels` are given.",
    }),
    podLabels: optional(labels, {
      description: "Their labels. Default: those of an App of that name.",
    }),
  },
);

const probeFields = object("wasm:index:KubernetesProbe", "How a pod's health is asked for.", {
  path: optional(path, {
    description:
      "Path that must answer with 200 to 399. Default: it is enough that the port takes connections.",
  }),
  period: optional(seconds, { description: "Seconds between two questions. Default: 10." }),
  timeout: optional(seconds, { description: "Seconds that an answer may take. Default: 1." }),
  failures: optional(z.int().min(1), { description: "How many answers in a row must fail. Default: 3." }),
});

const countOrShare = z.union([
  z.int().min(0),
  z.string().regex(/^\d+%$/, "is neither a number nor a share such as 50%"),
]);
const utilization = z.int().min(1);
const controllerNamespace = optional(label, {
  description:
    "Namespace of the controller's or gateway's pods, which may then connect. Without it, name where they connect from in `callers`.",
});

const shape = {
  callers: optional(list(callerFields), {
    description: "Who may connect to the App's pods, beside the ingress controller. Default: nobody.",
  }),
  calls: optional(map(calleeFields), {
    description:
      "The pods behind the Services that grants call, by the name in the grant. Default: each is an App of that name.",
  }),
  arguments: optional(list(z.string()), {
    description:
      "Arguments of a command. They stand in the pod for all to read, so secrets are refused here.",
  }),
  probes: optional(
    object("wasm:index:KubernetesProbes", "When a pod gets requests, and when it is started again.", {
      readiness: optional(probeFields, { description: "A pod that fails it gets no requests." }),
      liveness: optional(probeFields, { description: "A pod that fails it is started again." }),
    }),
    { description: "Health of a service's pods. Default: its port takes connections." },
  ),
  podDisruptionBudget: optional(
    object(
      "wasm:index:KubernetesPodDisruptionBudget",
      "How many pods maintenance of the cluster may take away. Exactly one of the two.",
      {
        minAvailable: optional(countOrShare, { description: "A number, or a share such as `50%`." }),
        maxUnavailable: optional(countOrShare, { description: "A number, or a share such as `50%`." }),
      },
    ),
    { description: "How many pods maintenance may take away at a time. Default: no budget." },
  ),
  autoscaling: optional(
    object(
      "wasm:index:KubernetesAutoscaling",
      "How many pods there are, by what they use. At least one of `cpu` and `memory`.",
      {
        minReplicas: required(z.int().min(1), { description: "Fewest pods." }),
        maxReplicas: required(z.int().min(1), { description: "Most pods." }),
        cpu: optional(utilization, {
          description: "Average use to aim at, in per cent of what is requested.",
        }),
        memory: optional(utilization, {
          description: "Average use to aim at, in per cent of what is requested.",
        }),
      },
    ),
    {
      description:
        "Leaves the number of pods to the cluster; `replicas` is left out then. Default: `replicas` says it.",
    },
  ),
  ingress: optional(
    object("wasm:index:KubernetesIngress", "Makes an Ingress for the App's `hostname` and `routes`.", {
      className: optional(subdomain, { description: "The IngressClass. Default: the cluster's." }),
      annotations: optional(labels, { description: "What the controller is told." }),
      tlsSecret: optional(subdomain, { description: "Secret with the certificate. Default: no TLS here." }),
      controllerNamespace,
    }),
    { description: "Reach the App by an Ingress." },
  ),
  route: optional(
    object(
      "wasm:index:KubernetesRoute",
      "Makes an HTTPRoute of the Gateway API for the App's `hostname` and `routes`.",
      {
        gateway: required(subdomain, { description: "Name of the Gateway." }),
        gatewayNamespace: optional(label, { description: "Its namespace. Default: the App's own." }),
        listener: optional(subdomain, { description: "The Gateway's listener. Default: all that take it." }),
        tls: optional(z.boolean(), {
          description: "Whether that listener speaks TLS; read for the App's `url` alone. Default: true.",
        }),
        controllerNamespace,
      },
    ),
    { description: "Reach the App by a Gateway." },
  ),
  sidecars: optional(
    list(
      object("wasm:index:KubernetesSidecar", "A container of another image in the same pod.", {
        name: required(label, { description: "Name of the container; `wasm` is taken." }),
        image: required(z.string().min(1), { description: "The image." }),
        command: optional(list(z.string()), { description: "Default: the image's." }),
        arguments: optional(list(z.string()), { description: "Default: the image's." }),
        environment: optional(labels, {
          description: "Variables. They stand in the pod for all to read, so secrets are refused here.",
        }),
        environmentFrom: optional(list(subdomain), {
          description: "Names of Secrets whose keys become variables.",
        }),
        ports: optional(list(port), { description: "Ports that it listens on; 8080 is the App's." }),
        resources: optional(resourcesFields, { description: "Default: none." }),
        writableFolders: optional(list(path), {
          description: "Folders that it writes to; the rest of its files cannot be written.",
        }),
      }),
    ),
    {
      description:
        "Containers beside the App's. They reach it at `localhost:8080`, and what its network policy lets through.",
    },
  ),
  // Within the 30 seconds that Kubernetes gives a pod to end; a pause of none is refused by some API servers.
  drain: optional(z.int().min(1).max(25), {
    description:
      "Seconds that a pod goes on serving once it is to end, while the cluster leads requests elsewhere. Default: 5.",
  }),
  retries: optional(z.int().min(0), {
    description: "How often a job that failed is tried again. Default: 0.",
  }),
};

export const kubernetesAppFields = object(
  "wasm:index:KubernetesApp",
  "What is particular to a Kubernetes target.",
  shape,
);
