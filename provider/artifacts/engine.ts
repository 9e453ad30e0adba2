/** The part of Node's own `WebAssembly` that is used here; TypeScript has its types in the DOM library only. */
interface Engine {
  validate(bytes: Uint8Array): boolean;
  Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): { module: string; name: string; kind: string }[];
    exports(module: object): { name: string; kind: string }[];
  };
}

export const engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;
