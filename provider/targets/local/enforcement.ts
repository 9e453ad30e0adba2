/** What the local target enforces by itself: the host functions check each call, whatever the artifact holds. */
import type { TargetEnforcement } from "../../capabilities/report.ts";
import type { Family } from "../../capabilities/vocabulary.ts";

const verdicts: Record<Family, { verdict: "exact" | "unavailable"; note?: string }> = {
  http: {
    verdict: "exact",
    note: "redirects are not followed; a public name opens no private address",
  },
  sockets: { verdict: "exact", note: "outgoing only; a name opens what its granted look-up returned" },
  nameLookup: { verdict: "exact" },
  filesystem: { verdict: "exact", note: "the folder of the bound volume; no symbolic links are made" },
  environment: { verdict: "exact" },
  config: { verdict: "exact" },
  keyValue: { verdict: "unavailable", note: "it has no key-value stores yet" },
  blobs: { verdict: "unavailable", note: "it has no blob stores yet" },
  messaging: { verdict: "unavailable", note: "it has no messaging yet" },
  sql: { verdict: "unavailable", note: "it has no databases yet" },
  calls: { verdict: "unavailable", note: "it connects no Apps yet; grant the other's address under http" },
  interfaces: { verdict: "unavailable", note: "it provides no interfaces beyond WASI" },
};

export const localEnforcement: TargetEnforcement = {
  name: "local",
  enforce: (family) => verdicts[family],
};
