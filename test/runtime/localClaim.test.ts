/** Whose an instance's folder is, with real processes and sockets. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { announceApp } from "../../provider/targets/local/apps.ts";
import { claim, removeUnowned } from "../../provider/targets/local/claim.ts";
import { type Instance, instanceOf } from "../../provider/targets/local/instance.ts";
import { folder } from "./localSupport.ts";

const source = fileURLToPath(new URL("../../provider/targets/local/claim.ts", import.meta.url));

/** A process that has the claim on `instance` as `held`, and does `then` with it. */
function claimant(instance: Instance, then: string): ChildProcess {
  const code = `import { claim, removeUnowned } from ${JSON.stringify(source)};
    import { readFileSync, rmSync, writeFileSync } from "node:fs";
    const instance = ${JSON.stringify(instance)};
    const take = () => claim(instance, (socket) => socket.destroy());
    ${then}`;
  const child = spawn(process.execPath, ["--input-type=module", "--no-warnings", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** An owner that was killed, with what it leaves. */
async function leftBehind(instance: Instance): Promise<void> {
  const child = claimant(
    instance,
    `await take(); writeFileSync(instance.logFile, "old"); console.log("taken"); setInterval(() => {}, 1000);`,
  );
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
}

const places: [string, (root: string) => string][] = [
  ["in the folder", (root) => root],
  ["elsewhere, for the folder's path is long", (root) => join(root, "long-".repeat(30))],
];

describe.each(places)("with the control socket %s", (_place, directoryOf) => {
  const instance = () => instanceOf(directoryOf(folder()), "id");
  const left = ({ folder: path, controlSocket }: Instance) => [
    ...readdirSync(join(path, "..")),
    ...(existsSync(controlSocket) ? [controlSocket] : []),
  ];
  const ignore = () => {};

  test("one has it at a time, and the clean-up of others leaves it alone", async () => {
    const one = instance();
    const held = await claim(one, (socket) => socket.on("error", ignore).end("here"));
    writeFileSync(one.logFile, "log");
    expect(await claim(one, ignore)).toBeUndefined();
    await removeUnowned(one);
    expect(existsSync(one.logFile)).toBe(true);
    expect(held?.isHeld).toBe(true);
    const [said] = await once(createConnection(one.controlSocket), "data");
    expect(String(said)).toBe("here");
    held?.remove();
    expect(left(one)).toEqual([]);
  });

  test("what a killed process leaves is taken over, or removed", async () => {
    const one = instance();
    await leftBehind(one);
    const held = await claim(one, ignore);
    expect(held?.isHeld).toBe(true);
    held?.remove();
    await leftBehind(one);
    await removeUnowned(one);
    expect(left(one)).toEqual([]);
    await removeUnowned(one);
  });

  test("a name by which Apps find it goes with it, also what a killed process leaves of that", async () => {
    const [one, other] = [instance(), instanceOf(directoryOf(folder()), "other")];
    const held = await claim(one, ignore);
    announceApp(one.folder, "stack", "app");
    expect(left(one)).toContainEqual(expect.stringMatching(/^app-/));
    held?.remove();
    expect(left(one)).toEqual([]);
    await leftBehind(other);
    announceApp(other.folder, "stack", "app");
    await removeUnowned(other);
    expect(left(other)).toEqual([]);
  });

  test("it ends where all folders are gone", async () => {
    const one = instance();
    const held = await claim(one, ignore);
    rmSync(join(one.folder, ".."), { recursive: true });
    held?.remove();
    expect(existsSync(one.controlSocket)).toBe(false);
  });

  test("who has lost it removes nothing of who has it now", async () => {
    const one = instance();
    const first = await claim(one, ignore);
    rmSync(one.controlSocket);
    const second = await claim(one, ignore);
    writeFileSync(one.logFile, "log");
    expect(first?.isHeld).toBe(false);
    first?.remove();
    expect(existsSync(one.logFile)).toBe(true);
    expect(second?.isHeld).toBe(true);
    second?.remove();
    expect(left(one)).toEqual([]);
  });

  test("processes that take, remove and clean up at once never meet in it", async () => {
    const one = instance();
    await leftBehind(one);
    const rounds = `
      let taken = 0;
      for (let round = 0; round < 150; round++) {
        const held = await take();
        if (!held) { if (round % 5 === 0) await removeUnowned(instance); continue; }
        writeFileSync(instance.folder + "/owner", String(process.pid), { flag: "wx" });
        await new Promise((resolve) => setImmediate(resolve));
        if (!held.isHeld || readFileSync(instance.folder + "/owner", "utf8") !== String(process.pid)) throw new Error("shared");
        held.remove();
        taken++;
      }
      console.log(taken);`;
    const children = [1, 2, 3].map(() => claimant(one, rounds));
    const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
    expect(codes).toEqual([0, 0, 0]);
    await removeUnowned(one);
    expect(left(one)).toEqual([]);
  });
});
