/** The names of `calls`: which labels there are, and what they mean. */
import { expect, test } from "vitest";
import { type CalleeName, formatCallee, parseCallee } from "../../provider/capabilities/callee.ts";
import { entriesOf } from "../../provider/capabilities/entries.ts";
import { covers } from "../../provider/capabilities/lattice.ts";
import { isGuarded } from "../../provider/capabilities/vocabulary.ts";
import { grant, problems } from "./grantInputs.ts";

test.each<[text: string, parsed: CalleeName, label: string]>([
  ["auth", { name: "auth", port: 80 }, "auth"],
  ["auth:80", { name: "auth", port: 80 }, "auth"],
  ["auth:8080", { name: "auth", port: 8080 }, "auth:8080"],
  ["auth.identity", { name: "auth", namespace: "identity", port: 80 }, "auth.identity"],
  ["auth.identity:443", { name: "auth", namespace: "identity", port: 443 }, "auth.identity:443"],
  ["1-2-3", { name: "1-2-3", port: 80 }, "1-2-3"],
  [`${"a".repeat(63)}:65535`, { name: "a".repeat(63), port: 65535 }, `${"a".repeat(63)}:65535`],
])("%s is a name, and an entry of a grant in its one spelling", (text, parsed, label) => {
  expect(parseCallee(text)).toEqual({ ok: true, value: parsed });
  expect(formatCallee(parsed)).toBe(label);
  expect(entriesOf(grant({ calls: [text] }).rules)).toEqual([{ family: "calls", text: label }]);
});

const noName =
  "is no name of an App or Service: take 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends, and a namespace after a dot where one is needed, such as auth or auth.identity";
const address =
  "reads as an address, which is no App's or Service's; grant it under http, such as http://10.0.0.1";
const local = "is the machine's own name, and no App's; grant it under http, such as http://localhost:8080";
const port = "has a port that is not a number from 1 to 65535; leave it out for 80";
const capitals = (advice: string) => `has capitals, which such names do not; write ${advice}`;
const tls = (scheme: string, advice: string) =>
  `has the scheme ${scheme}, but calls go by http (TLS is for a mesh to add); write ${advice}`;

test.each([
  ["", noName],
  [":8080", noName],
  ["-auth", noName],
  ["auth-", noName],
  ["au_th", noName],
  ["auth..identity", noName],
  [".identity", noName],
  ["a".repeat(64), noName],
  ["authé", noName],
  ["auth/login", noName],
  ["auth%2eevil", noName],
  ["user@auth", noName],
  ["user:secret@auth", port],
  ["auth.identity.svc.cluster.local", "has more than a name and a namespace; write auth.identity"],
  ["auth.identity.", "ends with a dot, which makes another name of it; leave it out"],
  ["auth.", "ends with a dot, which makes another name of it; leave it out"],
  ["*.identity", "takes no wildcard; name each App or Service"],
  ["*", "takes no wildcard; name each App or Service"],
  ["Auth", capitals("auth")],
  ["AUTH.Identity:80", capitals("auth.identity")],
  ["Au_th", capitals("for example auth")],
  ["http://auth", "is a URL; write auth"],
  ["http://auth:8080/login", "is a URL; write auth:8080"],
  ["http://user:secret@auth", "is a URL; write the name alone, such as auth"],
  ["https://auth", tls("https", "auth")],
  ["grpc://auth.identity:50051", tls("grpc", "auth.identity:50051")],
  ["localhost", local],
  ["web.localhost:8080", local],
  ["10.0.0.7", address],
  ["10.0.0.7:8080", address],
  ["2130706433", address],
  ["0x7f000001", address],
  ["127.1", address],
  ["auth.1", address],
  ["[::1]:80", address],
  ["::1", address],
  ["auth:0", port],
  ["auth:080", port],
  ["auth:65536", port],
  ["auth:", port],
  ["auth:http", port],
  ["auth:80:80", port],
  ["au th", "holds a space or a control character; leave it out"],
  ["auth\tcalls", "holds a space or a control character; leave it out"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what is tried
  ["auth-${stack}", "holds a placeholder, which nothing fills in here; put the value in where the program makes this text"],
])("%j is refused, with the reason and what to write", (text, problem) => {
  expect(problems({ calls: [text] })).toEqual([`calls[0]: ${problem}`]);
  const advice = /; write (?!for example|the name)(\S+)$/.exec(problem)?.[1];
  if (advice !== undefined) expect(problems({ calls: [advice] })).toEqual([]);
}); // biome-ignore format: a table

test("one name in two spellings is there twice", () => {
  expect(problems({ calls: ["auth", "auth:80"] })).toEqual([
    "calls[1]: says the same as entry 0; leave one out",
  ]);
});

test("calls are in the bytes, and a family of their own: an origin of the same host covers none, nor the other way", () => {
  expect(isGuarded("calls")).toBe(true);
  const [call, origin] = [grant({ calls: ["auth"] }).rules, grant({ http: ["http://auth"] }).rules];
  expect([covers(origin, call), covers(call, origin)]).toEqual([false, false]);
});
