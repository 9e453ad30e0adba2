/** The words are those of kube-apiserver 1.36 and of Pulumi's Kubernetes provider. */
import { expect, test } from "vitest";
import { explain } from "../../provider/targets/kubernetes/explain.ts";

test.each([
  ['namespaces "shop" not found', /namespace shop is not in this cluster/],
  ['pods "shop-1" is forbidden: pod rejected: RuntimeClass "wasm" not found', /no RuntimeClass wasm/],
  [
    'pods "shop-1" is forbidden: exceeded quota: small, requested: limits.memory=256Mi, used: limits.memory=0, limited: limits.memory=1Mi',
    /quota small does not allow/,
  ],
  ["[Pod shop-1]: containers with unready status: [wasm] -- [ErrImagePull] not found", /cannot pull/],
  [
    'Service "shop" is invalid: spec.clusterIPs[0]: Invalid value: []: may not be changed once set',
    /--replace/,
  ],
  [
    'deployments.apps is forbidden: User "dev" cannot create resource "deployments"',
    /user dev has not the rights/,
  ],
  ["dial tcp 127.0.0.1:1: connect: connection refused", /does not answer/],
])("explains %j", (error, advice) => {
  expect(explain(["other words", error])).toMatch(advice);
});

test("leaves what it does not know to the words that were said", () => {
  expect(explain(["admission webhook denied the request"])).toBeUndefined();
  expect(explain([])).toBeUndefined();
});
