import { type ServiceError, status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { InputErrors, PartialFailure, ProviderError, UserError } from "../../provider/errors.ts";
import { toServiceError } from "../../provider/protocol/errors.ts";
import { Operations } from "../../provider/protocol/operations.ts";
import { Secret } from "../../provider/values.ts";
import { detailOf } from "./harness.ts";

const never = new AbortController().signal;

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Runs work and returns once it has begun; its outcome is wrapped so that it can be awaited later. */
async function started(
  operations: Operations,
  caller: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
) {
  const begun = Promise.withResolvers<void>();
  const running = operations.run(caller, 0, (signal) => {
    begun.resolve();
    return work(signal);
  });
  running.catch(() => {});
  await begun.promise;
  return [running] as const;
}

describe("errors on the wire", () => {
  it.each([
    [new ProviderError("invalid", "m"), status.INVALID_ARGUMENT],
    [new ProviderError("precondition", "m"), status.FAILED_PRECONDITION],
    [new ProviderError("notFound", "m"), status.NOT_FOUND],
    [new ProviderError("unavailable", "m"), status.UNAVAILABLE],
    [new ProviderError("exists", "m"), status.ALREADY_EXISTS],
    [new ProviderError("cancelled", "m"), status.CANCELLED],
    [new ProviderError("timeout", "m"), status.DEADLINE_EXCEEDED],
    [new ProviderError("unimplemented", "m"), status.UNIMPLEMENTED],
    [new UserError("m"), status.FAILED_PRECONDITION],
  ])("have a code that says what is known: %o", (error, code) => {
    expect(toServiceError(error)).toMatchObject({ code, details: "m" });
  });

  it("that are ours say so, and that what happened is not known", () => {
    const { code, details } = toServiceError(new TypeError("x is not a function"));
    expect(code).toBe(status.INTERNAL);
    expect(details).toMatch(
      /^This is a defect of the wasm provider, please report it: TypeError: x is not a function/,
    );
  });

  it("of a resource that exists all the same carry what is known of it, secrets as secrets", () => {
    const outputs = { logFile: "/log", token: new Secret("hush") };
    const error = toServiceError(new PartialFailure("id", outputs, "The job ended with 3: hush"), ["hush"]);
    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(error.details).toBe("The job ended with 3: [secret]");
    const failed = detailOf(error as unknown as ServiceError).initFailed;
    expect(failed?.getId()).toBe("id");
    expect(failed?.getReasonsList()).toEqual(["The job ended with 3: [secret]"]);
    expect(failed?.getProperties()?.toJavaScript()).toMatchObject({
      logFile: "/log",
      token: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "hush" },
    });
  });

  it("of inputs name every property", () => {
    const problems = [
      { path: "grants[0]", message: "is hush" },
      { path: "bindings.main", message: "is missing" },
    ];
    const error = toServiceError(new InputErrors(problems), ["hush"]);
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(detailOf(error as unknown as ServiceError).inputErrors).toEqual([
      { path: "grants[0]", reason: "is [secret]" },
      { path: "bindings.main", reason: "is missing" },
    ]);
  });
});

describe("what is under way", () => {
  it("is stopped by Cancel, which waits for its end", async () => {
    const operations = new Operations();
    let ended = false;
    const [running] = await started(operations, never, async (signal) => {
      await aborted(signal).finally(() => {
        ended = true;
      });
    });
    await operations.cancel();
    expect(ended).toBe(true);
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
  });

  it("is refused once Cancel has come", async () => {
    const operations = new Operations();
    await operations.cancel();
    await expect(operations.run(never, 0, async () => 1)).rejects.toMatchObject({ code: "cancelled" });
  });

  it("is stopped when its custom timeout has passed", async () => {
    const running = new Operations().run(never, 0.01, aborted);
    await expect(running).rejects.toMatchObject({
      code: "timeout",
      message: "Not done within the custom timeout of 0.01 s.",
    });
  });

  it("is stopped when the engine gives the request up", async () => {
    const caller = new AbortController();
    const running = new Operations().run(caller.signal, 0, aborted);
    caller.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
  });

  it("keeps a half-made resource although it was stopped", async () => {
    const caller = new AbortController();
    const [running] = await started(new Operations(), caller.signal, async (signal) => {
      await aborted(signal).catch(() => {
        throw new PartialFailure("id", {}, "half made");
      });
    });
    caller.abort();
    await expect(running).rejects.toBeInstanceOf(PartialFailure);
  });
});
