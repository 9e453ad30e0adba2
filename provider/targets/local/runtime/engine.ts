/** The part of the engine's JavaScript interface that is used here; Node's types name it without its values. */
interface Engine {
  compile(bytes: Uint8Array): Promise<WebAssembly.Module>;
  RuntimeError: new (message?: string) => Error;
}

export const engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;
