/** What each method of the service is made of. */
import type { Session } from "./session.ts";

export interface Message {
  serializeBinary(): Uint8Array;
}

/** What a handler knows of its request beside the message. */
export interface Call {
  session: Session;
  /** Aborted when the engine gives the request up. */
  caller: AbortSignal;
  /** Values that must not appear in the answer's error; handlers add what they find in their message. */
  secrets: string[];
}

export interface Handler {
  decode(bytes: Uint8Array): unknown;
  handle(request: never, call: Call): Promise<Message> | Message;
}

/** Ties a handler to the message that it takes. */
export function handler<Request>(
  message: { deserializeBinary(bytes: Uint8Array): Request },
  handle: (request: Request, call: Call) => Promise<Message> | Message,
): Handler {
  return { decode: (bytes) => message.deserializeBinary(bytes), handle };
}
