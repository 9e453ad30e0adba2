import { BlockList, isIPv6 } from "node:net";
import { describe, expect, test } from "vitest";
import { egressRules } from "../../provider/targets/kubernetes/render/networkPolicy.ts";
import { appOf, objectOf, rulesOf } from "./kubernetesApps.ts";

interface Rule {
  to: { ipBlock?: { cidr: string; except?: string[] }; podSelector?: object; namespaceSelector?: object }[];
  ports: { protocol: string; port: number; endPort?: number }[];
}

const rules = (grant: object, calls = {}) => egressRules(rulesOf(grant), calls) as Rule[];

function holds(cidr: string, address: string): boolean {
  const [network = "", prefix] = cidr.split("/");
  if (isIPv6(network) !== isIPv6(address)) return false;
  const type = isIPv6(address) ? "ipv6" : "ipv4";
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), type);
  return list.check(address, type);
}

/** Whether a policy lets a connection through, as network plugins read it. */
function lets(egress: Rule[], address: string, port: number, protocol = "TCP"): boolean {
  return egress.some(
    ({ to, ports }) =>
      ports.some(
        (each) => each.protocol === protocol && each.port <= port && port <= (each.endPort ?? each.port),
      ) &&
      to.some(
        ({ ipBlock }) =>
          ipBlock !== undefined &&
          holds(ipBlock.cidr, address) &&
          !(ipBlock.except ?? []).some((except) => holds(except, address)),
      ),
  );
}

const special = [
  "127.0.0.1",
  "10.96.0.1",
  "100.64.0.1",
  "169.254.169.254",
  "172.16.0.1",
  "192.168.1.1",
  "224.0.0.1",
  "255.255.255.255",
  "::1",
  "fd00::1",
  "fe80::1",
  "ff02::1",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b::a00:1",
];

describe("egress", () => {
  test("is closed without grants, names included", () => {
    expect(objectOf(appOf({}), "NetworkPolicy").spec).toEqual({
      podSelector: expect.anything(),
      policyTypes: ["Ingress", "Egress"],
    });
  });

  test("of a public name is its port at public addresses, and DNS", () => {
    const egress = rules({ http: ["https://api.stripe.com"] });
    for (const address of ["192.0.2.1", "8.8.8.8", "2001:db8::1", "64:ff9b::808:808"]) {
      expect([address, lets(egress, address, 443), lets(egress, address, 80)]).toEqual([
        address,
        true,
        false,
      ]);
    }
    expect(special.filter((address) => lets(egress, address, 443))).toEqual([]);
    expect(egress.at(-1)).toMatchObject({
      ports: [
        { protocol: "UDP", port: 53 },
        { protocol: "TCP", port: 53 },
      ],
    });
  });

  test("of a private name is its port at private addresses, and no machine's own or its metadata service", () => {
    const egress = rules({ http: ["https://billing.corp.internal"] });
    for (const address of ["10.96.0.1", "192.168.1.1", "fd00::1"])
      expect(lets(egress, address, 443)).toBe(true);
    for (const address of ["127.0.0.1", "169.254.169.254", "8.8.8.8", "::1", "fe80::1"]) {
      expect([address, lets(egress, address, 443)]).toEqual([address, false]);
    }
  });

  test.each([
    ["http", { http: ["http://10.0.0.5:8080"] }],
    ["sockets", { sockets: [{ host: "10.0.0.5", protocol: "tcp", ports: ["8080"] }] }],
  ])("of an address (%s) is that address and port, without DNS", (_, grant) => {
    const egress = rules(grant);
    expect(egress).toEqual([
      { to: [{ ipBlock: { cidr: "10.0.0.5/32" } }], ports: [{ protocol: "TCP", port: 8080 }] },
    ]);
    expect([lets(egress, "10.0.0.6", 8080), lets(egress, "10.0.0.5", 8081)]).toEqual([false, false]);
  });

  test("of an IPv6 address in brackets is that address", () => {
    expect(rules({ http: ["https://[2001:db8::7]"] })[0]?.to).toEqual([
      { ipBlock: { cidr: "2001:db8::7/128" } },
    ]);
  });

  test("of networks has the protocol and ranges of ports", () => {
    const egress = rules({
      sockets: [{ host: "198.51.100.0/24", protocol: "udp", ports: ["53", "6000-6010"] }],
    });
    expect(lets(egress, "198.51.100.9", 6005, "UDP")).toBe(true);
    expect(lets(egress, "198.51.100.9", 6005, "TCP")).toBe(false);
    expect(lets(egress, "198.51.100.9", 6011, "UDP")).toBe(false);
  });

  test("of a network excepts the special ones within it, and takes those that are named", () => {
    const wide = rules({ sockets: [{ host: "128.0.0.0/1", protocol: "tcp", ports: ["80"] }] });
    expect(lets(wide, "203.0.113.1", 80)).toBe(true);
    expect(special.filter((address) => lets(wide, address, 80))).toEqual([]);
    const named = rules({ sockets: [{ host: "169.254.169.254", protocol: "tcp", ports: ["80"] }] });
    expect(lets(named, "169.254.169.254", 80)).toBe(true);
  });

  test("opens nothing for the pod itself", () => {
    expect(rules({ http: ["http://127.0.0.1:9000", "http://[::1]:9000"] })).toBeUndefined();
    expect(rules({ http: ["http://localhost:9000"] })).toBeUndefined();
  });

  test("of a call is the pods of that App at their own port, and DNS", () => {
    const [call, names, ...others] = rules({ calls: ["auth"] });
    expect(call).toEqual({
      to: [
        {
          podSelector: {
            matchLabels: { "app.kubernetes.io/name": "auth", "app.kubernetes.io/managed-by": "pulumi-wasm" },
          },
        },
      ],
      ports: [{ protocol: "TCP", port: 8080 }],
    });
    expect([names?.ports[0]?.port, others]).toEqual([53, []]);
  });

  test("of a call of a Service elsewhere is what stands behind it", () => {
    const calls = ["pay.billing:8443"];
    expect(rules({ calls }, { "pay.billing:8443": { podLabels: { app: "pay" } } })[0]).toEqual({
      to: [
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "billing" } },
          podSelector: { matchLabels: { app: "pay" } },
        },
      ],
      ports: [{ protocol: "TCP", port: 8443 }],
    });
  });

  test("says the same once", () => {
    expect(rules({ http: ["https://a.example.com", "https://b.example.com"] })).toHaveLength(2);
  });

  test("excepts only what lies within a block, as the API server wants it", () => {
    const grant = {
      http: ["https://a.com", "http://b.internal"],
      sockets: [{ host: "0.0.0.0/1", protocol: "tcp", ports: ["1"] }],
    };
    for (const { to } of rules(grant)) {
      for (const { ipBlock } of to) {
        for (const except of ipBlock?.except ?? []) {
          expect([except, holds(ipBlock?.cidr ?? "", except.split("/")[0] ?? "")]).toEqual([except, true]);
          expect(Number(except.split("/")[1])).toBeGreaterThan(Number(ipBlock?.cidr.split("/")[1]));
        }
      }
    }
  });
});

describe("ingress", () => {
  test("is closed where nobody is named", () => {
    expect(objectOf(appOf({}), "NetworkPolicy").spec).not.toHaveProperty("ingress");
    const job = appOf({}, { run: { kind: "job" }, block: { callers: [{ app: "web" }] } });
    expect(objectOf(job, "NetworkPolicy").spec).not.toHaveProperty("ingress");
  });

  test("is for callers alone, at the App's port", () => {
    const block = { callers: [{ app: "web", namespace: "front" }, { cidr: "192.0.2.0/24" }] };
    expect(objectOf(appOf({}, { block }), "NetworkPolicy").spec.ingress).toEqual([
      {
        from: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "front" } },
            podSelector: {
              matchLabels: { "app.kubernetes.io/name": "web", "app.kubernetes.io/managed-by": "pulumi-wasm" },
            },
          },
          { ipBlock: { cidr: "192.0.2.0/24" } },
        ],
        ports: [{ protocol: "TCP", port: 8080 }],
      },
    ]);
  });

  test("takes the namespace of the controller that leads to it", () => {
    const namespaced = (block: object) =>
      objectOf(appOf({}, { block }), "NetworkPolicy").spec.ingress[0].from;
    const peer = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "edge" } } }];
    expect(namespaced({ ingress: { controllerNamespace: "edge" } })).toEqual(peer);
    expect(namespaced({ route: { gateway: "g", controllerNamespace: "edge" } })).toEqual(peer);
  });
});
