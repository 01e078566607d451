import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isRecord } from '@neurodex/core';

/** What is used of WebAssembly: TypeScript declares it with the browser's types, and Node's have none of their own. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: unknown) => WasmInstance;
  readonly Memory: new (pages: never) => WasmMemory;
};
interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** A function of libheif's C interface: pointers and numbers in, a pointer or a number out. */
type Native = (...values: number[]) => number;

/** What is used of libheif (its header files `heif*.h`); a struct that a function returns is written to its first argument. */
const FUNCTIONS = [
  '_malloc',
  '_free',
  '_heif_context_alloc',
  '_heif_context_free',
  '_heif_context_get_security_limits',
  '_heif_context_read_from_memory_without_copy',
  '_heif_context_get_primary_image_handle',
  '_heif_image_handle_has_alpha_channel',
  '_heif_image_handle_is_premultiplied_alpha',
  '_heif_image_handle_get_raw_color_profile_size',
  '_heif_image_handle_get_raw_color_profile',
  '_heif_image_handle_release',
  '_heif_decoding_options_alloc',
  '_heif_decoding_options_free',
  '_heif_decode_image',
  '_heif_image_get_width',
  '_heif_image_get_height',
  '_heif_image_get_plane_readonly',
  '_heif_image_release',
] as const;
type FunctionName = (typeof FUNCTIONS)[number];

/** libheif in an instance of WebAssembly. */
export interface Libheif {
  readonly call: Readonly<Record<FunctionName, Native>>;
  /** Its memory as it is now: growing replaces the buffer. */
  bytes(): Uint8Array;
  /** Bytes that its memory may grow to; `malloc` fails beyond. */
  limit: number;
}

const PAGE = 65_536;

/**
 * A new instance of libheif-js: its JavaScript is made by Emscripten, and asks us for the instance, so that its memory is in our hands.
 * @param library path of its `libheif.js`
 * @throws Error where the files are others than those that are known
 */
export async function loadLibheif(library: string): Promise<Libheif> {
  const wasm = new WebAssembly.Module(await readFile(join(dirname(library), 'libheif.wasm')));
  const make: unknown = createRequire(import.meta.url)(library);
  if (typeof make !== 'function') throw new Error(`${library} is not libheif`);
  const state = { limit: 0 };
  let memory: WasmMemory | undefined;
  const instantiateWasm = (imports: unknown, ready: (made: WasmInstance) => unknown): unknown => {
    const instance = new WebAssembly.Instance(wasm, imports);
    memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
    if (memory !== undefined) bound(memory, state);
    ready(instance);
    return instance.exports;
  };
  // What it says of a file comes back as an error, too.
  const quiet = (): void => {};
  const made: unknown = make({ instantiateWasm, print: quiet, printErr: quiet });
  const known = memory;
  if (!isRecord(made) || known === undefined) throw new Error(`${library} is not libheif`);
  return {
    call: functionsOf(made),
    bytes: () => new Uint8Array(known.buffer),
    get limit() {
      return state.limit;
    },
    set limit(bytes) {
      state.limit = bytes;
    },
  };
}

/** Emscripten catches the error of `grow`, and `malloc` then finds no more memory. */
function bound(memory: WasmMemory, state: { readonly limit: number }): void {
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * PAGE > state.limit) throw new RangeError('no more memory for this picture');
    return grow(pages);
  };
}

function functionsOf(made: Readonly<Record<string, unknown>>): Libheif['call'] {
  const find = (name: FunctionName): Native => {
    const found = made[name];
    if (typeof found !== 'function') throw new Error(`libheif-js has no function ${name}`);
    return (...values) => Number(found(...values));
  };
  const entries = FUNCTIONS.map((name) => [name, find(name)] as const);
  const all: Partial<Record<FunctionName, Native>> = Object.fromEntries(entries);
  if (!isComplete(all)) throw new Error('libheif-js lacks functions');
  return all;
}

const isComplete = (all: Partial<Record<FunctionName, Native>>): all is Record<FunctionName, Native> =>
  FUNCTIONS.every((name) => all[name] !== undefined);
