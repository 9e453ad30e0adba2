// Takes requests over HTTP and asks the other modules.
//
//   POST /sign-in    { user, password }                              200 account, 401 or 403 refusal
//   POST /order      { email, lines: [{ article, quantity, cents }] } 200 total, 422 violations
//   POST /thumbnail  a PNG or JPEG file                               200 PNG file, 413, 415 or 422 failure
//                    ?width= and ?height= bound it, in pixels; 160 each by default
import { signIn } from "acme:auth/check@1.0.0";
import { shrink } from "acme:images/thumbnail@1.0.0";
import { validate } from "acme:validation/order@1.0.0";
import { count, field, list, RequestError, text } from "./input.js";

const routes = { "/sign-in": handleSignIn, "/order": handleOrder, "/thumbnail": handleThumbnail };

addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  const url = new URL(request.url);
  if (!Object.hasOwn(routes, url.pathname)) return json(404, { error: "not-found" });
  if (request.method !== "POST") return json(405, { error: "method-not-allowed" }, { allow: "POST" });
  try {
    return await routes[url.pathname](request, url.searchParams);
  } catch (error) {
    if (error instanceof RequestError) return json(400, { error: "bad-request", message: error.message });
    throw error;
  }
}

async function handleSignIn(request) {
  const body = await parsed(request);
  const credentials = { user: field(body, "user", text), password: field(body, "password", text) };
  const { ok, err } = outcome(() => signIn(credentials));
  if (ok) return json(200, ok);
  return json(err.tag === "locked" ? 403 : 401, { error: err.tag, reason: err.val });
}

async function handleOrder(request) {
  const body = await parsed(request);
  const draft = {
    // What is missing, `validation` says, together with everything else that is wrong.
    email: field(body, "email", text, ""),
    lines: field(body, "lines", list, []).map((line) => ({
      article: field(line, "article", text, ""),
      quantity: field(line, "quantity", count, 0),
      cents: field(line, "cents", count, 0),
    })),
  };
  const { ok, err } = outcome(() => validate(draft));
  if (ok) return json(200, { pieces: ok.pieces, cents: Number(ok.cents) });
  const violations = err.map(({ field, complaint }) => ({
    field,
    problem: complaint.tag,
    expected: complaint.val,
  }));
  return json(422, { error: "violations", violations });
}

const failureStatus = { "unknown-format": 415, "too-large": 413, damaged: 422, "empty-bounds": 400 };

async function handleThumbnail(request, query) {
  const bound = (name) => (query.has(name) ? count(Number(query.get(name)), name) : 160);
  const bounds = { width: bound("width"), height: bound("height") };
  const file = new Uint8Array(await request.arrayBuffer());
  const { ok, err } = outcome(() => shrink(file, bounds));
  if (!ok) return json(failureStatus[err.tag], { error: err.tag, detail: err.val });
  return new Response(ok.png, { headers: { "content-type": "image/png" } });
}

/** A WIT `result`: bindings return its value and throw its error, as `payload`. */
function outcome(call) {
  try {
    return { ok: call() };
  } catch (error) {
    if (!("payload" in Object(error))) throw error;
    return { err: error.payload };
  }
}

async function parsed(request) {
  const body = await request.text();
  try {
    return JSON.parse(body);
  } catch {
    throw new RequestError("the body is not JSON");
  }
}

function json(status, value, headers = {}) {
  const body = `${JSON.stringify(value)}\n`;
  return new Response(body, { status, headers: { "content-type": "application/json", ...headers } });
}
