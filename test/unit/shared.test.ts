import { expect, it } from "vitest";
import { Shared } from "../../provider/resources/shared.ts";

const never = new AbortController().signal;

/** Work that ends when the test says so, counted. */
function work() {
  const begun: PromiseWithResolvers<number>[] = [];
  const begin = () => {
    const one = Promise.withResolvers<number>();
    begun.push(one);
    return one.promise;
  };
  return { begun, begin };
}

it("does work once for all that want it at the same time, and by key", async () => {
  const shared = new Shared<number>("while under way");
  const { begun, begin } = work();
  const results = ["a", "a", "b"].map((key) => shared.get(key, never, begin));
  begun.forEach((one, index) => void one.resolve(index));
  expect(await Promise.all(results)).toEqual([0, 0, 1]);
  void shared.get("a", never, begin);
  expect(begun).toHaveLength(3);
});

it("keeps a success where it is told to, and never a failure", async () => {
  const shared = new Shared<number>("kept");
  const fail = async () => Promise.reject(new Error("no"));
  await expect(shared.get("a", never, fail)).rejects.toThrow("no");
  expect(await shared.get("a", never, async () => 1)).toBe(1);
  expect(await shared.get("a", never, fail)).toBe(1);
});

it("begins again for those that still wait when the one that began is cancelled", async () => {
  const shared = new Shared<number>("kept");
  const { begun, begin } = work();
  const owner = new AbortController();
  const first = shared.get("a", owner.signal, begin);
  const second = shared.get("a", never, begin);
  owner.abort(new Error("cancelled"));
  begun[0]?.reject(new Error("cancelled"));
  await expect(first).rejects.toThrow("cancelled");
  await expect.poll(() => begun.length).toBe(2);
  begun[1]?.resolve(2);
  expect(await second).toBe(2);
});

it("lets one that is cancelled go at once, and the others wait on", async () => {
  const shared = new Shared<number>("kept");
  const { begun, begin } = work();
  const waiting = new AbortController();
  const first = shared.get("a", never, begin);
  const second = shared.get("a", waiting.signal, begin);
  waiting.abort(new Error("cancelled"));
  await expect(second).rejects.toThrow("cancelled");
  begun[0]?.resolve(1);
  expect(await first).toBe(1);
});
