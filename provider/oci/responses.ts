/** Answers of registries and token services: their bytes, bounded, and what their refusals mean. */
import * as z from "zod";
import { formatBytes } from "../artifacts/errors.ts";
import { OciError, type OciErrorCode, printable, type Retry } from "./errors.ts";
import type { Response } from "./transport.ts";

/** The whole body, of at most `limit` bytes. @throws OciError `damaged` for more; and network errors as they are */
export async function readBody(response: Response, limit: number, what: string): Promise<Uint8Array> {
  const announced = contentLength(response);
  const tooLong = () =>
    new OciError(
      "damaged",
      `${response.url.host} sent more than ${formatBytes(limit)} to ${what}. Correct the registry.`,
    );
  if (announced !== undefined && announced > limit) {
    response.body.destroy();
    throw tooLong();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Bytes; undefined where the header is missing or says nothing. */
export function contentLength(response: Response): number | undefined {
  const text = header(response, "content-length");
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export function header(response: Pick<Response, "headers">, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

const codes: Record<number, OciErrorCode> = {
  401: "unauthorized",
  403: "denied",
  404: "not-found",
  429: "rate-limited",
};

/** 408 and 5xx that pass; 501 and 505 do not. */
const transient = new Set([408, 429, 500, 502, 503, 504]);

export interface RefusalContext {
  what: string;
  /** As users write it; an address behind it, such as an object store, may be who refuses. */
  registry: string;
  /** Who asks, for messages: `as "ada" (from …)` or `without credentials`. */
  who: () => Promise<string>;
  /** Takes secrets out of what the server says. */
  redact: (text: string) => string;
}

/** What a status that was not expected means. Reads the body. */
export async function refusal(response: Response, context: RefusalContext): Promise<OciError> {
  const { status, url } = response;
  const said = context.redact(await ownWords(response));
  const code = codes[status] ?? (status >= 500 || status === 408 ? "unreachable" : "refused");
  const retry: Retry = transient.has(status) ? "yes" : "no";
  const answered = `${status}${said ? `: ${said}` : ""}`;
  const who = code === "unauthorized" || code === "denied" ? ` ${await context.who()}` : "";
  const message = `${url.host} ${sentence(code, status, context.what)}${who} (${answered}). ${advice(code, said, context)}`;
  return new OciError(code, message, { status, retry, retryAfter: retryAfter(response) });
}

function sentence(code: OciErrorCode, status: number, what: string): string {
  switch (code) {
    case "unauthorized":
      return `does not let anyone ${what}`;
    case "denied":
      return `does not allow to ${what}`;
    case "not-found":
      return `has nothing there to ${what}`;
    case "rate-limited":
      return `takes no more requests for now, such as to ${what}`;
    case "unreachable":
      return status === 408 ? `gave up waiting to ${what}` : `failed to ${what}`;
    default:
      return `refuses to ${what}`;
  }
}

function advice(code: OciErrorCode, said: string, { registry }: RefusalContext): string {
  if (/HTTP request.*HTTPS (server|port)/i.test(said)) return "It speaks HTTPS: leave out insecure: true.";
  switch (code) {
    case "unauthorized":
      return `Log in with a container tool (docker login ${registry}), or give registries["${registry}"] in the provider's configuration. Some registries answer this for what does not exist.`;
    case "denied":
      return "Ask for that permission, or use other credentials. Some registries answer this for what does not exist.";
    case "not-found":
      return "Correct the reference, or push it first.";
    case "rate-limited":
      return "Try again later, or log in: many registries allow more to those whom they know.";
    case "unreachable":
      return "Try again later.";
    default:
      return "Correct what was asked, or the registry.";
  }
}

const errorsSchema = z.object({
  errors: z.array(z.object({ code: z.string().optional(), message: z.string().nullish() })).min(1),
});

/** The error in the form of the distribution specification, else the begin of a text; nothing of a page in HTML. */
async function ownWords(response: Response): Promise<string> {
  const body = await readBody(response, 64 * 1024, "say what is wrong").catch(() => undefined);
  if (!body) return "";
  const text = Buffer.from(body).toString("utf8");
  try {
    const { errors } = errorsSchema.parse(JSON.parse(text));
    const { code, message } = errors[0]!;
    return printable([code, message].filter(Boolean).join(", "));
  } catch {
    return /^\s*</.test(text) ? "" : printable(text, 200);
  }
}

/** Seconds: a number of them, or until a date (RFC 9110, 10.2.3). */
export function retryAfter(response: Pick<Response, "headers">, now = Date.now()): number | undefined {
  const text = header(response, "retry-after");
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const date = /^[A-Z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
