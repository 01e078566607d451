/** What is used of WebAssembly: TypeScript declares it with the browser's types, and Node's have none of their own. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => CompiledModule;
  Instance: new (module: CompiledModule, imports?: Imports) => { readonly exports: Readonly<Record<string, unknown>> };
  Memory: new (pages: { readonly initial: number; readonly maximum: number }) => WebAssemblyMemory;
}

/** Code that can be given memories again and again. */
export type CompiledModule = object;
type Imports = Readonly<Record<string, Readonly<Record<string, WebAssemblyMemory>>>>;

export interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Bytes that a memory grows by. */
export const PAGE = 65_536;

/** Looked up at each call: where a program runs without WebAssembly, each of them throws, and nothing else does. */
const api = (): WebAssemblyApi => (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;

/** @throws Error where WebAssembly is missing, or does not know what the module uses */
export function compile(bytes: Uint8Array): CompiledModule {
  const { Module } = api();
  return new Module(bytes);
}

/** The exports of a module. */
export function instantiate<Exports>(module: CompiledModule, imports: Imports = {}): Exports {
  const { Instance } = api();
  return new Instance(module, imports).exports as Exports;
}

/**
 * A memory that never grows, so that views of it stay valid.
 * @throws Error where WebAssembly is missing, or so much memory
 */
export function fixedMemory(bytes: number): WebAssemblyMemory {
  const { Memory } = api();
  const pages = Math.ceil(bytes / PAGE);
  return new Memory({ initial: pages, maximum: pages });
}

/**
 * Makes instances of a small module, each over a memory that it imports; they are undefined where WebAssembly, or what the module uses
 * of it, is missing.
 * @param module base64 @param from the module name of the import `memory`
 */
export function kernelOf<Kernel>(module: string, from: string): (memory: WebAssemblyMemory) => Kernel | undefined {
  /** null where it cannot be compiled. */
  let compiled: CompiledModule | null | undefined;
  return (memory) => {
    compiled = compiled === undefined ? compiledOrNull(module) : compiled;
    return compiled === null ? undefined : instantiate<Kernel>(compiled, { [from]: { memory } });
  };
}

function compiledOrNull(module: string): CompiledModule | null {
  try {
    return compile(Uint8Array.from(atob(module), (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}
