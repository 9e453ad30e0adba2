/** Tries all attacks in one runtime. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Workshop } from "../../unit/composeSetup.ts";
import type { Ports } from "../ports.ts";
import { families } from "./all.ts";
import type { Ask, World } from "./attack.ts";
import { Place } from "./place.ts";
import type { Runtime, Server } from "./runtimes.ts";
import { component } from "./worlds.ts";

/** @param ports of the servers that are attacked */
export async function tryAttacks(open: (place: Place) => Runtime, ports: Ports): Promise<void> {
  const shop = await Workshop.open();
  const place = await Place.open(ports);
  const runtime = open(place);
  const unsealed = new Map<string, Running>();
  afterAll(async () => {
    for (const running of unsealed.values()) await running.stop();
    place.close();
  });

  async function started(world: World, making: { sealed: boolean }): Promise<Running> {
    const path = await component(shop, world, { ...making, fill: (text) => place.fill(text) });
    // Those without a seal are the same in several worlds, and start once.
    const running = unsealed.get(path) ?? new Running(runtime, path, place);
    if (!making.sealed) unsealed.set(path, running);
    return running;
  }

  for (const { title, worlds } of families) {
    describe.skipIf(runtime.missing !== undefined).each(Object.entries(worlds))(
      `${title}: %s`,
      (_name, world) => {
        let sealed: Running;
        let open: Running;
        beforeAll(async () => {
          sealed = await started(world, { sealed: true });
          open = await started(world, { sealed: false });
        });
        afterAll(() => sealed?.stop());

        for (const row of world.attacks) {
          const reason = row.skip?.[runtime.name];
          test.skipIf(reason !== undefined)(row.name, async () => {
            const { answer, reaches = [] } = row.in?.[runtime.name] ?? row;
            const outcome = await sealed.outcomeOf(row.ask);
            expect(outcome.reached, outcome.said).toEqual(reaches);
            for (const text of [answer].flat()) expect(outcome.said).toContain(text);
          });

          test.skipIf(reason !== undefined)(`${row.name}, without the seal`, async () => {
            const { said, reached } = await open.outcomeOf(row.ask);
            const refusal = row.unsealed?.[runtime.name];
            // It is an attack only where something gets through.
            if (refusal === undefined) expect(reached, said).not.toEqual([]);
            else expect({ said, reached }).toEqual({ said: expect.stringContaining(refusal), reached: [] });
          });
        }
      },
    );
  }
}

/** A component in a runtime, which starts with the first request. */
class Running {
  private readonly runtime: Runtime;
  private readonly path: string;
  private readonly place: Place;
  private server: Server | undefined;

  constructor(runtime: Runtime, path: string, place: Place) {
    this.runtime = runtime;
    this.path = path;
    this.place = place;
  }

  async outcomeOf(ask: Ask): Promise<{ said: string; reached: string[] }> {
    this.place.reset();
    const said = await this.ask(JSON.parse(this.place.fill(JSON.stringify(ask))) as Ask);
    return { said, reached: await this.place.reached(said) };
  }

  private async ask(ask: Ask): Promise<string> {
    if (ask === "run" || "call" in ask) return this.runtime.once(this.path, ask);
    this.server ??= await this.runtime.serve(this.path);
    return this.server.ask(ask);
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }
}
