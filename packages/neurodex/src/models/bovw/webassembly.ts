/** What is used of WebAssembly: TypeScript declares it with the browser's types, and Node's have none of their own. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

export interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** The exports of a compiled module that imports nothing. */
export function instantiate<Exports>(bytes: Uint8Array): Exports {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
  return new Instance(new Module(bytes)).exports as Exports;
}
