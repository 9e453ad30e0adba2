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
): Promise<HelperAnswer> {
  const helper = `docker-credential-${name}`;
  const { code, output, failure } = await run(helper, host, environment, signal);
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

function run(command: string, input: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Run> {
  return new Promise((resolve) => {
    const limit = AbortSignal.timeout(timeLimitSeconds * 1000);
    const child = spawn(command, ["get"], {
      env,
      stdio: ["pipe", "pipe", "ignore"],
      signal: AbortSignal.any([signal, limit]),
      killSignal: "SIGKILL",
      windowsHide: true,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (code: number | null, failure?: string) => {
      child.stdout.destroy();
      resolve({ code, output: Buffer.concat(chunks).toString("utf8"), ...(failure && { failure }) });
    };
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else child.kill("SIGKILL");
    });
    // A helper that ends without reading its input says what is wrong in its exit code.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      if (systemCode(error) === "ENOENT") end(null, "is not on PATH");
      else if (limit.aborted) end(null, `did not answer within ${timeLimitSeconds} s`);
      else end(null, `cannot be run (${systemCode(error) ?? "unknown reason"})`);
    });
    child.on("exit", (_code, killedBy) => {
      if (size > maxBytes) end(null, "wrote more than 64 KiB");
      else if (killedBy) end(null, `was ended by ${killedBy}`);
    });
    child.on("close", (code) => end(code));
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
