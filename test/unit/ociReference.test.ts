import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserError } from "../../provider/errors.ts";
import { formatReference, parseReference, parseRepository } from "../../provider/oci/reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("a reference", () => {
  test.each([
    ["registry.example/acme/auth", { registry: "registry.example", repository: "acme/auth" }],
    ["registry.example/auth:1.2", { registry: "registry.example", repository: "auth", tag: "1.2" }],
    [`localhost/a@${digest}`, { registry: "localhost", repository: "a", digest }],
    [
      `localhost:5000/a/b/c:T_a.g-1@${digest}`,
      { registry: "localhost:5000", repository: "a/b/c", tag: "T_a.g-1", digest },
    ],
    ["127.0.0.1:5000/a", { registry: "127.0.0.1:5000", repository: "a" }],
    ["[::1]:5000/a:b", { registry: "[::1]:5000", repository: "a", tag: "b" }],
    ["registry:80/a.b_c__d-e--f/0", { registry: "registry:80", repository: "a.b_c__d-e--f/0" }],
    ["docker.io/nginx", { registry: "docker.io", repository: "library/nginx" }],
    ["docker.io/acme/nginx", { registry: "docker.io", repository: "acme/nginx" }],
    ["Registry.Example:443/a", { registry: "registry.example:443", repository: "a" }],
  ])("%s is read, and written as it was read", (text, expected) => {
    const parsed = parseReference(text);
    expect(parsed).toEqual(expected);
    expect(parseReference(formatReference(parsed))).toEqual(expected);
  });

  test.each([
    ["", "does not begin with the host"],
    ["nginx", "does not begin with the host"],
    ["nginx:1.2", "does not begin with the host"],
    ["localhost:5000", "the name of a repository is missing"],
    ["acme/auth", "does not begin with the host"],
    ["registry.example", "the name of a repository is missing"],
    ["registry.example/", "is empty"],
    ["registry.example//a", "is empty"],
    ["registry.example/a/", "is empty"],
    ["/a", "does not begin with the host"],
    ["https://registry.example/a", "leave out the scheme"],
    ["oci://registry.example/a", "leave out the scheme"],
    ["registry.example/Acme/auth", "upper-case letters"],
    ["registry.example/a/../b", '".." may only have'],
    ["registry.example/./b", '"." may only have'],
    ["registry.example/.a", "may only have"],
    ["registry.example/a-", "may only have"],
    ["registry.example/a___b", "may only have"],
    ["registry.example/a b", "may only have"],
    ["registry.example/a?b", "may only have"],
    ["registry.example/a#b", "may only have"],
    ["registry.example/a%2fb", "may only have"],
    ["registry.example/a\\b", "may only have"],
    ["registry.example/a\r\nx-evil: 1", "may only have"],
    ["registry.example/ä", "may only have"],
    ["registry.example:/a", "is not a host"],
    ["registry.example:0/a", "0 is not a port"],
    ["registry.example:65536/a", "65536 is not a port"],
    ["registry.example:5000000/a", "is not a host"],
    ["registry..example/a", "is not a host"],
    ["-registry.example/a", "is not a host"],
    ["reg_istry.example/a", "is not a host"],
    ["registry.example /a", "is not a host"],
    ["registry.example/a:", "the tag after"],
    ["registry.example/a:.b", "the tag"],
    ["registry.example/a:b:c", "the tag"],
    ["registry.example/a:b c", "the tag"],
    [`registry.example/a:${"t".repeat(129)}`, "128 at most"],
    ["registry.example/a@", "sha256: and 64"],
    ["registry.example/a@sha256:abc", "sha256: and 64"],
    [`registry.example/a@${digest.toUpperCase()}`, "sha256: and 64"],
    [`registry.example/a@sha512:${"0".repeat(128)}`, "sha256: and 64"],
    [`registry.example/a@${digest}@${digest}`, 'more than one "@"'],
    [`registry.example/${"a/".repeat(130)}a`, "longer than 255"],
  ])("%j is refused: %s", (text, why) => {
    const message = refusalOf(() => parseReference(text));
    expect(message).toContain(why);
    expect(message).toContain("registry.example/acme/auth");
  });

  test("with a user and a password is refused, and the password not quoted", () => {
    const message = refusalOf(() => parseReference("user:hunter2@registry.example/a"));
    expect(message).toContain("no user name and password");
    expect(message).not.toContain("hunter2");
  });

  test("is never anything but a reference or a refusal on one line, whatever is given", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom(..."ab0./:@-_[]%\\ \r\n\u001b") }).map((tail) => `r.example/${tail}`),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          const parsed = parseReference(given);
          expect(formatReference(parsed)).toMatch(/^[\w.:[\]/@-]+$/);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          expect(error.message).not.toMatch(/[\p{Cc}]/u);
          expect(error.message.length).toBeLessThan(600);
        }
      }),
    );
  });
});

describe("a repository", () => {
  test("has neither tag nor digest", () => {
    expect(parseRepository("localhost:5000/a")).toEqual({ registry: "localhost:5000", repository: "a" });
    expect(refusalOf(() => parseRepository("localhost:5000/a:b"))).toContain('":b" is a tag');
    expect(refusalOf(() => parseRepository(`localhost:5000/a@${digest}`))).toContain("is a digest");
  });
});

function refusalOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("It was not refused.");
}
