/** The `err` side of a WIT `result`: jco hands `payload` to the guest. Anything else that is thrown traps the guest. */
export class WitError {
  // No Error: guests meet these all the time, and a stack trace costs more than the call.
  readonly payload: unknown;
  constructor(payload: unknown) {
    this.payload = payload;
  }
}

/** Thrown through the guest's stack by `wasi:cli/exit`. */
export class GuestExit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`the guest exited with code ${code}`);
    this.code = code;
  }
}

/** Thrown through the guest's stack by a call that nothing grants. */
export class Denied extends Error {
  constructor(what: string) {
    super(`the guest called ${what}, which it is not granted or which the local target does not have`);
    this.name = "Denied";
  }
}
