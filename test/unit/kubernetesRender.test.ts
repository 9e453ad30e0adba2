import { describe, expect, test } from "vitest";
import { render } from "../../provider/targets/kubernetes/render/index.ts";
import { referencesIn } from "../../provider/targets/kubernetes/render/references.ts";
import { appOf, objectOf, podOf, samples, yamlOf } from "./kubernetesApps.ts";

const all = Object.entries(samples);

// `vitest -u` writes them anew: read the difference as if it were applied to a cluster.
test.each(all)("renders %s as it was reviewed", async (name, app) => {
  await expect(yamlOf(app)).toMatchFileSnapshot(`kubernetes/${name}.yaml`);
});

test.each([
  ...all,
  ["a service that was granted nothing", appOf({})] as const,
  ["a job that was granted nothing", appOf({}, { run: { kind: "job" } })] as const,
])("says no empty lists, which a server leaves out: %s", (_, app) => {
  expect(yamlOf(app)).not.toMatch(/: \[\]$/m);
});

describe.each(all)("the pod of %s", (_, app) => {
  const pod = podOf(app);

  test("has no token, no links to Services and an account of its own", () => {
    expect(pod).toMatchObject({
      serviceAccountName: app.name,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
    });
    expect(objectOf(app, "ServiceAccount").automountServiceAccountToken).toBe(false);
  });

  test("runs as nobody, with the runtime's default of system calls", () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(pod.containers[0].securityContext).toMatchObject({ runAsUser: 65532, runAsGroup: 65532 });
    for (const key of ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"])
      expect(pod[key]).toBeUndefined();
  });

  test("gives no container rights, or a root that it can write to", () => {
    for (const { securityContext } of pod.containers) {
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  });

  test("has a bound for memory, the runtime class, and an entry point that images lack", () => {
    expect(pod.containers[0].resources.limits.memory).toMatch(/Mi$/);
    const given = app.runtimeClass;
    expect(pod.runtimeClassName).toBe("name" in given ? given.name : "name-of-runtimeclass");
    expect(pod.containers[0].command).toHaveLength(1);
  });

  test("is selected by its policy, which has both directions", () => {
    const { spec } = objectOf(app, "NetworkPolicy");
    expect(spec.policyTypes).toEqual(["Ingress", "Egress"]);
    const workload = render(app).find(({ token }) => /Deployment|Job/.test(token));
    const text = JSON.stringify(workload?.inputs);
    for (const [key, value] of Object.entries(spec.podSelector.matchLabels)) {
      expect(text).toContain(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
    }
    // No pod before its policy.
    expect(workload?.dependsOn).toContain("kubernetes:networking.k8s.io/v1:NetworkPolicy");
  });
});

describe("children", () => {
  test.each(all)("of %s are one of each token, in the order of what they need", (_, app) => {
    const children = render(app);
    const tokens = children.map(({ token }) => token);
    expect(new Set(tokens).size).toBe(tokens.length);
    for (const [index, { inputs, dependsOn }] of children.entries()) {
      for (const needed of [...dependsOn, ...referencesIn(inputs)]) {
        expect(tokens.slice(0, index)).toContain(needed);
      }
    }
  });

  test("are the same for the same App", () => {
    for (const [, app] of all) expect(yamlOf(app)).toBe(yamlOf(app));
  });

  test("carry the namespace where one is given, and none else", () => {
    for (const { inputs } of render(appOf({}))) expect(inputs.metadata.namespace).toBe("storefront");
    const { namespace: _, ...elsewhere } = appOf({});
    for (const { inputs } of render(elsewhere)) expect(inputs.metadata).not.toHaveProperty("namespace");
  });

  test("of a job are no Service and nothing that leads to one", () => {
    expect(render(appOf({}, { run: { kind: "job" } })).map(({ inputs }) => inputs.kind)).toEqual([
      "ServiceAccount",
      "NetworkPolicy",
      "Job",
    ]);
  });
});

describe("bound values", () => {
  const app = appOf({}, { environment: { plain: { A: "1" }, secret: { B: "Yg==" } } });

  test("are in objects that never change and have no name of ours, which pods name", () => {
    for (const kind of ["Secret", "ConfigMap"]) {
      const object = objectOf(app, kind);
      expect(object.immutable).toBe(true);
      expect(object.metadata).not.toHaveProperty("name");
    }
    expect(podOf(app).containers[0].envFrom).toEqual([
      { configMapRef: { name: "name-of-configmap" } },
      { secretRef: { name: "name-of-secret" } },
    ]);
  });

  test("that are secret are in the Secret alone, whose data is secret in the state", () => {
    const others = render(app).filter(({ inputs }) => inputs.kind !== "Secret");
    expect(JSON.stringify(others)).not.toContain("Yg==");
    const secret = render(app).find(({ inputs }) => inputs.kind === "Secret");
    expect(secret?.secretOutputs).toEqual(["data", "stringData"]);
    // It stays what it is: an output on the construct side.
    expect(secret?.inputs.data).toBe(app.environment.secret);
  });

  test("make no objects where there are none", () => {
    const kinds = render(appOf({})).map(({ inputs }) => inputs.kind);
    expect(kinds).not.toContain("Secret");
    expect(kinds).not.toContain("ConfigMap");
    expect(podOf(appOf({})).containers[0].envFrom).toBeUndefined();
  });
});

describe("a service", () => {
  test("listens where its port, probes and shim say, on a port that needs no rights", () => {
    for (const [runtime, variable] of [
      ["wasmtime", "WASMTIME_HTTP_PROXY_SOCKET_ADDR"],
      ["spin", "SPIN_HTTP_LISTEN_ADDR"],
    ] as const) {
      const app = appOf({}, { runtime });
      const [container] = podOf(app).containers;
      expect(container.env).toEqual([{ name: variable, value: "0.0.0.0:8080" }]);
      expect(container.ports).toEqual([{ name: "http", containerPort: 8080, protocol: "TCP" }]);
      expect(objectOf(app, "Service").spec.ports[0]).toMatchObject({ port: 80, targetPort: "http" });
    }
  });

  test("is probed by connecting, and asked for a path only when one is given", () => {
    const [plain] = podOf(appOf({})).containers;
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
      expect(plain[probe].tcpSocket).toEqual({ port: "http" });
    }
    const [asked] = podOf(appOf({}, { block: { probes: { readiness: { path: "/ready" } } } })).containers;
    expect(asked.readinessProbe.httpGet).toEqual({ path: "/ready", port: "http" });
    expect(asked.livenessProbe).not.toHaveProperty("httpGet");
  });

  test("has its number of pods, or an autoscaler that has", () => {
    expect(objectOf(appOf({}), "Deployment").spec.replicas).toBe(1);
    expect(objectOf(appOf({}, { replicas: 3 }), "Deployment").spec.replicas).toBe(3);
    const scaled = appOf({}, { block: { autoscaling: { minReplicas: 2, maxReplicas: 4, cpu: 70 } } });
    expect(objectOf(scaled, "Deployment").spec).not.toHaveProperty("replicas");
    expect(objectOf(scaled, "HorizontalPodAutoscaler").spec.scaleTargetRef).toEqual({
      apiVersion: "apps/v1",
      kind: "Deployment",
      name: "shop",
    });
  });

  test("has the folders that its shim writes to, and no other", () => {
    expect(podOf(appOf({})).volumes).toBeUndefined();
    const spin = podOf(appOf({}, { runtime: "spin" }));
    expect(spin.containers[0].volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)).toEqual([
      "/.cache",
      "/.spin",
    ]);
    for (const volume of spin.volumes) expect(volume.emptyDir).toEqual({});
  });

  test("keeps notes about its content away from the pods, which they would replace", () => {
    const { metadata, spec } = objectOf(appOf({}), "Deployment");
    expect(metadata.annotations["pulumi-wasm/artifact"]).toMatch(/^sha256:/);
    expect(JSON.parse(metadata.annotations["pulumi-wasm/modules"])).toHaveProperty("api");
    expect(spec.template.metadata).not.toHaveProperty("annotations");
  });
});

describe("volumes of a command", () => {
  test("are read-only unless writing was granted", () => {
    const [{ volumeMounts }] = podOf(samples["wasmtime-schedule"]!).containers;
    expect(volumeMounts).toEqual([
      { name: "volume-catalog", mountPath: "/catalog", readOnly: true },
      { name: "volume-orders", mountPath: "/data", readOnly: false },
    ]);
  });

  test("are what was bound", () => {
    const volumes = {
      a: { configMap: "c" },
      b: { secret: "s" },
      c: { claim: "p" },
      d: { empty: {} },
    };
    const pod = podOf(appOf({}, { run: { kind: "job" }, volumes }));
    expect(pod.volumes).toEqual([
      { name: "volume-a", configMap: { name: "c" } },
      { name: "volume-b", secret: { secretName: "s" } },
      { name: "volume-c", persistentVolumeClaim: { claimName: "p" } },
      { name: "volume-d", emptyDir: {} },
    ]);
    // A claim belongs to root otherwise.
    expect(pod.securityContext.fsGroup).toBe(65532);
  });
});

test("a Job has no name of ours, so that a change makes a new one beside the old", () => {
  const job = objectOf(appOf({}, { run: { kind: "job" } }), "Job");
  expect(job.metadata).not.toHaveProperty("name");
  expect(job.spec).toMatchObject({ backoffLimit: 0, template: { spec: { restartPolicy: "Never" } } });
});

test("arguments reach the guest as they are: Kubernetes puts no variable into them", () => {
  const [, argument] = podOf(samples["wasmtime-schedule"]!).containers[0].args;
  expect(expanded(argument, { SECRET: "s3cret" })).toBe("$(SECRET) costs 5 $");

  /** As kubelet does it: k8s.io/kubernetes/third_party/forked/golang/expansion. */
  function expanded(text: string, values: Record<string, string>): string {
    return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (all, key?: string) =>
      key === undefined ? "$" : (values[key] ?? all),
    );
  }
});

test("a RuntimeClass that an App makes is its own, and has the node's own word for the runtime", () => {
  const made = { ...samples.wasmer!, runtimeClass: { handler: "wasmer-v1" } };
  const runtimeClass = objectOf(made, "RuntimeClass");
  expect(runtimeClass).toMatchObject({ apiVersion: "node.k8s.io/v1", handler: "wasmer-v1" });
  expect(Object.keys(runtimeClass.metadata)).toEqual(["labels"]);
  expect(podOf(made).runtimeClassName).toBe("name-of-runtimeclass");
});
