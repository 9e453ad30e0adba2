/** Credential helpers of the container tools (https://github.com/docker/docker-credential-helpers). */
import { spawn } from "node:child_process";
import * as z from "zod";
import { systemCode } from "../artifacts/errors.ts";
import type { Credentials } from "./credentials.ts";

/** A helper may ask a person to unlock a key chain, or a cloud for a token. */
const timeLimitSeconds = 30;
const maxBytes = 64 * 1024;

const answerSchema = z.object({ Username: z.string(), Secret: z.string() });

interface HelperAnswer {
  credentials?: Credentials;
  /** What went wrong; nothing when the helper has no credentials for that host. */
  problem?: string;
}

/**
 * Runs `docker-credential-<name> get` with the host on its standard input. Never fails, and never quotes what the helper
 * writes: it may hold the secret.
 */
export async function askHelper(
  name: string,
  host: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
  timeLimit = timeLimitSeconds,
): Promise<HelperAnswer> {
  const helper = `docker-credential-${name}`;
  const { code, output, failure } = await run(helper, host, environment, signal, timeLimit);
  if (failure) return { problem: `The credential helper ${helper} ${failure}.` };
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return {};
    return { problem: `The credential helper ${helper} failed with exit code ${code}.` };
  }
  const parsed = answerSchema.safeParse(parseJson(output));
  if (!parsed.success) {
    return { problem: `The credential helper ${helper} answered with something that is not credentials.` };
  }
  const { Username: username, Secret: secret } = parsed.data;
  if (secret === "") return {};
  if (username === "<token>") return { credentials: { kind: "identityToken", token: secret } };
  return { credentials: { kind: "password", username, password: secret } };
}

interface Run {
  code: number | null;
  output: string;
  failure?: string;
}

function run(
  command: string,
  input: string,
  env: NodeJS.ProcessEnv,
  cancel: AbortSignal,
  timeLimit: number,
): Promise<Run> {
  return new Promise((resolve) => {
    const limit = AbortSignal.timeout(timeLimit * 1000);
    const signal = AbortSignal.any([cancel, limit]);
    const child = spawn(command, ["get"], {
      env,
      stdio: ["pipe", "pipe", "ignore"],
      signal,
      killSignal: "SIGKILL",
      windowsHide: true,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (code: number | null, failure?: string) => {
      child.stdout.destroy();
      resolve({ code, output: Buffer.concat(chunks).toString("utf8"), ...(failure && { failure }) });
    };
    const endLate = () => end(null, `did not answer within ${timeLimit} s`);
    // The end of the helper alone is not enough: a process that it left behind may hold its output open.
    signal.addEventListener("abort", endLate, { once: true });
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return void chunks.push(chunk);
      child.kill("SIGKILL");
      end(null, "wrote more than 64 KiB");
    });
    // A helper that ends without reading its input says what is wrong in its exit code.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      const code = systemCode(error);
      if (signal.aborted) endLate();
      else end(null, code === "ENOENT" ? "is not on PATH" : `cannot be run (${code ?? "unknown reason"})`);
    });
    child.on("close", (code, killedBy) => end(code, killedBy ? `was ended by ${killedBy}` : undefined));
    child.stdin.end(input);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
