import type { Attack, Family } from "./attack.ts";

const skip = { local: "it has no stores, and calls no libraries" };
const calling = (call: string): Attack["ask"] => ({ call });
const works = (name: string, call: string, answer: string): Attack => {
  return { name, ask: calling(call), answer, reaches: ["the store"], skip };
};
const denied = (name: string, call: string, answer: string): Attack => ({
  name,
  ask: calling(call),
  answer,
  skip,
});

const noBucket = "open failed: Error::AccessDenied";

const granted: Attack[] = ["draft", "draft2"].flatMap((version) => [
  works(`a bucket (${version})`, `key-value("${version}", "carts")`, "increment: 42"),
  denied(`another bucket (${version})`, `key-value("${version}", "payroll")`, noBucket),
  denied(`a bucket in another case (${version})`, `key-value("${version}", "Carts")`, noBucket),
  denied(
    `a bucket's name with a line of rules (${version})`,
    `key-value("${version}", "payroll\\nkeyValue\\tpayroll")`,
    noBucket,
  ),
]);
granted.push(
  works("a container", 'blobs("uploads", "images")', "copy: ()"),
  denied("another container", 'blobs("payroll", "images")', "not granted"),
  works("to publish", 'messaging("orders", "")', "publish: ()"),
  denied("to publish elsewhere", 'messaging("payroll", "")', "not granted"),
  // It asks first, and then publishes; the host hears of the first only.
  works(
    "to have replies sent elsewhere",
    'messaging("orders", "payroll")',
    'is not granted\\"", "host: messaging request orders within 100 ms"]',
  ),
);

const nothing: Attack[] = [
  denied("a bucket", 'key-value("draft", "carts")', noBucket),
  denied("a container", 'blobs("uploads", "images")', "not granted"),
  denied("to publish", 'messaging("orders", "")', "not granted"),
];

const modules = { main: "labels" };
const log = { interfaces: ["acme:label-host/log"] };
const host = "label-host";

export const labelAttacks: Family = {
  title: "Stores and messages",
  worlds: {
    "some of each": {
      modules,
      grants: {
        main: { keyValue: ["carts"], blobs: ["uploads", "images"], messaging: ["orders"], ...log },
      },
      host,
      attacks: granted,
    },
    nothing: { modules, grants: { main: log }, host, attacks: nothing },
  },
};
