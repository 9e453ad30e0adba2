/** Who we are at a registry, from the container tools' files and helpers. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { askHelper } from "../../provider/oci/credentialHelper.ts";
import { CredentialStore, type Found } from "../../provider/oci/credentials.ts";
import type { RegistriesSetting } from "../../provider/settings.ts";

let folder: string;
let environment: NodeJS.ProcessEnv;
const signal = new AbortController().signal;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "credentials-"));
  environment = { HOME: folder, PATH: join(folder, "bin") };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const host = "registry.example:5000";
const auth = (username: string, password: string) =>
  Buffer.from(`${username}:${password}`).toString("base64");

function find(
  options: { registries?: RegistriesSetting; registry?: string; repository?: string } = {},
): Promise<Found> {
  const { registries = {}, registry = host, repository = "acme/auth" } = options;
  return new CredentialStore(registries, environment).find({ registry, repository }, { signal });
}

async function write(path: string, content: unknown): Promise<string> {
  const whole = join(folder, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, typeof content === "string" ? content : JSON.stringify(content));
  return whole;
}

/** A credential helper that is a shell script. */
async function helper(name: string, script: string): Promise<void> {
  const path = await write(`bin/docker-credential-${name}`, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

const password = (username: string, secret: string) => ({ kind: "password", username, password: secret });

describe("the provider's configuration", () => {
  test("comes first, by any spelling of the host", async () => {
    await write(".docker/config.json", { auths: { [host]: { auth: auth("file", "file") } } });
    const registries = { "Registry.Example:5000": { username: "ada", password: "lovelace" } };
    const found = await find({ registries });
    expect(found.credentials).toEqual(password("ada", "lovelace"));
    expect(found.source).toContain(`registries["${host}"]`);
  });

  test("may hold an identity token", async () => {
    const found = await find({ registries: { [host]: { identityToken: "token" } } });
    expect(found.credentials).toEqual({ kind: "identityToken", token: "token" });
  });

  test("without a user leaves it to the files", async () => {
    await write(".docker/config.json", { auths: { [host]: { auth: auth("file", "file") } } });
    const found = await find({ registries: { [host]: { insecure: true } } });
    expect(found.credentials).toEqual(password("file", "file"));
  });
});

describe("the container tools' files", () => {
  test.each<[string, unknown, object | undefined]>([
    ["in Base64", { [host]: { auth: auth("ada", "love:lace") } }, password("ada", "love:lace")],
    ["in plain", { [host]: { username: "ada", password: "lovelace" } }, password("ada", "lovelace")],
    ["as an address", { [`https://${host}/v1/`]: { auth: auth("ada", "l") } }, password("ada", "l")],
    [
      "as a token",
      { [host]: { auth: auth("ada", ""), identitytoken: "t" } },
      { kind: "identityToken", token: "t" },
    ],
    [
      "for a path, which is nearer",
      { [host]: { auth: auth("a", "a") }, [`${host}/acme`]: { auth: auth("b", "b") } },
      password("b", "b"),
    ],
    ["for another path", { [`${host}/other`]: { auth: auth("b", "b") } }, undefined],
    ["for another host", { "registry.example": { auth: auth("b", "b") } }, undefined],
    ["of no form", { [host]: { auth: "%%%" } }, undefined],
    [
      "of a wrong type beside a right one",
      { x: 7, [host]: { auth: auth("ada", "l") } },
      password("ada", "l"),
    ],
    ["empty", { [host]: {} }, undefined],
  ])("credentials %s", async (_, auths, expected) => {
    await write(".docker/config.json", { auths });
    expect((await find()).credentials).toEqual(expected);
  });

  test("are looked for where the environment says", async () => {
    const docker = await write("elsewhere/config.json", { auths: { [host]: { auth: auth("docker", "d") } } });
    environment.DOCKER_CONFIG = dirname(docker);
    expect((await find()).credentials).toEqual(password("docker", "d"));
    delete environment.DOCKER_CONFIG;
    await write("run/containers/auth.json", { auths: { [host]: { auth: auth("podman", "p") } } });
    environment.XDG_RUNTIME_DIR = join(folder, "run");
    expect((await find()).credentials).toEqual(password("podman", "p"));
    environment.REGISTRY_AUTH_FILE = await write("own.json", {
      auths: { [host]: { auth: auth("own", "o") } },
    });
    expect((await find()).credentials).toEqual(password("own", "o"));
  });

  test.each(["docker.io", "index.docker.io", "registry-1.docker.io"])(
    "know Docker Hub as %s",
    async (registry) => {
      await write(".docker/config.json", {
        auths: { "https://index.docker.io/v1/": { auth: auth("hub", "h") } },
      });
      expect((await find({ registry })).credentials).toEqual(password("hub", "h"));
    },
  );

  test.each([
    ["{ not json secret", "not of the expected form"],
    ["[]", "not of the expected form"],
    ['{"auths": "secret"}', "not of the expected form"],
    [`"${"x".repeat(1024 * 1024)}"`, "larger than 1 MiB"],
  ])("that are malformed are told, and not quoted", async (content, problem) => {
    const path = await write(".docker/config.json", content);
    const found = await find();
    expect(found.credentials).toBeUndefined();
    expect(found.problems.join()).toContain(problem);
    expect(found.problems.join()).toContain(path);
    expect(found.problems.join()).not.toContain("secret");
  });

  test("that are not there are no problem", async () => {
    expect(await find()).toEqual({ problems: [] });
  });
});

describe.skipIf(process.platform === "win32")("credential helpers", () => {
  test("get the host on their standard input, and nothing in their arguments", async () => {
    await helper(
      "test",
      'read host; printf \'{"ServerURL":"x","Username":"%s","Secret":"%s"}\' "$*" "$host"',
    );
    await write(".docker/config.json", { credHelpers: { [host]: "test" } });
    const found = await find();
    expect(found.credentials).toEqual(password("get", host));
    expect(found.source).toBe("docker-credential-test");
  });

  test("are taken for every host where they are the store, before what stands in the file", async () => {
    await helper("store", `echo '{"Username":"<token>","Secret":"identity"}'`);
    await write(".docker/config.json", { credsStore: "store", auths: { [host]: { auth: auth("f", "f") } } });
    expect((await find()).credentials).toEqual({ kind: "identityToken", token: "identity" });
  });

  test("that have nothing leave it to the file", async () => {
    await helper("store", "echo 'credentials not found in native keychain'; exit 1");
    await write(".docker/config.json", { credsStore: "store", auths: { [host]: { auth: auth("f", "f") } } });
    expect(await find()).toMatchObject({ credentials: password("f", "f"), problems: [] });
  });

  test.each([
    ["fails", "echo secret; echo secret >&2; exit 3", "failed with exit code 3"],
    ["prints garbage", "echo 'secret'", "answered with something that is not credentials"],
    ["prints other JSON", `echo '{"Secret":"secret"}'`, "answered with something that is not credentials"],
    ["prints without an end", "while :; do echo secretsecretsecret; done", "wrote more than 64 KiB"],
    ["is killed", "kill -9 $$", "was ended by SIGKILL"],
  ])("one that %s is told, and not quoted", async (_, script, problem) => {
    await helper("bad", script);
    const path = await write(".docker/config.json", { credsStore: "bad" });
    const found = await find();
    expect(found.credentials).toBeUndefined();
    expect(found.problems.join()).toContain(`docker-credential-bad ${problem}`);
    expect(found.problems.join()).toContain(path);
    expect(found.problems.join()).not.toContain("secret");
  });

  test("one that is missing is told", async () => {
    await write(".docker/config.json", { credsStore: "missing" });
    expect((await find()).problems.join()).toContain("docker-credential-missing is not on PATH");
  });

  test("names that lead elsewhere are not run", async () => {
    await write(".docker/config.json", { credsStore: "../../bin/evil", credHelpers: { [host]: "a b" } });
    expect(await find()).toEqual({ problems: [] });
  });

  test.each(["sleep 60", "sleep 60 & exit 0"])("one that hangs is ended: %s", async (script) => {
    await helper("slow", script);
    environment.PATH = `${environment.PATH}:/bin:/usr/bin`;
    const { problem } = await askHelper("slow", host, environment, signal, 0.3);
    expect(problem).toContain("did not answer within 0.3 s");
  });
});
