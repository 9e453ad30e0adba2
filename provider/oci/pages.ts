/** Lists that come in pages, each naming the next one by `Link` (RFC 8288). */
import type { Call } from "./call.ts";
import type { Ask, Connection } from "./connection.ts";
import { OciError } from "./errors.ts";
import { parseJson } from "./manifests.ts";
import { header, readBody } from "./responses.ts";

const maxPages = 200;
const maxPageBytes = 4 * 1024 * 1024;

/** The JSON of each page, null for what is none; undefined, and then the end, where the registry knows no such list (404). */
export async function* pagesOf(
  connection: Connection,
  first: string,
  options: { repository: string; what: string; accept: string; call: Call },
): AsyncGenerator<unknown> {
  const { repository, what, accept, call } = options;
  let target: string | URL | undefined = first;
  for (let page = 0; target !== undefined; page++) {
    if (page === maxPages) {
      throw new OciError("unsupported", `${connection.registry} has more than ${maxPages} pages to ${what}.`);
    }
    const scope: Ask["scope"] = { repository, actions: "pull" };
    const ask: Ask = { method: "GET", target, headers: { accept }, scope, what, expect: [200, 404] };
    const answer: { body: unknown; next?: URL | undefined } = await connection.ask(
      ask,
      call,
      async (response) => {
        if (response.status === 404) return { body: undefined };
        const body = parseJson(await readBody(response, maxPageBytes, what)) ?? null;
        return { body, next: nextOf(header(response, "link"), response.url) };
      },
    );
    yield answer.body;
    target = answer.next;
  }
}

/** Of the same place only: it goes with our credentials. */
function nextOf(link: string | undefined, from: URL): URL | undefined {
  const next = /<([^>]{1,4096})>\s*;[^,]*\brel="?next"?/i.exec(link ?? "")?.[1];
  const url = next === undefined ? null : URL.parse(next, from.href);
  return url && url.host === from.host ? new URL(url.pathname + url.search, from) : undefined;
}
