import type { HostArray, ShapedArray } from '@neurodex/autograd';

const TYPES = { Float32Array, Int32Array, BigInt64Array, Uint8Array } as const;
type TypeName = keyof typeof TYPES;

/** Arrays as text, bit for bit, so that a page and its test can hand them to each other. */
export type PackedArrays = Readonly<Record<string, { readonly type: TypeName; readonly base64: string }>>;
type PackedShaped = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: PackedArrays[string] }>
>;

const typeOf = (array: HostArray): TypeName => {
  if (array instanceof Float32Array) return 'Float32Array';
  if (array instanceof Int32Array) return 'Int32Array';
  return array instanceof BigInt64Array ? 'BigInt64Array' : 'Uint8Array';
};

const pack = (array: HostArray): PackedArrays[string] => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return { type: typeOf(array), base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')) };
};

const unpack = ({ type, base64 }: PackedArrays[string]): HostArray => {
  const { buffer } = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new TYPES[type](buffer);
};

export const packed = (arrays: Readonly<Record<string, HostArray>>): PackedArrays =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, pack(array)]));

export const unpacked = (arrays: PackedArrays): Record<string, HostArray> =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, unpack(array)]));

export const packedShaped = (arrays: Readonly<Record<string, ShapedArray>>): PackedShaped =>
  Object.fromEntries(Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: pack(data) }]));

export const unpackedShaped = (arrays: PackedShaped): Record<string, ShapedArray> =>
  Object.fromEntries(Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: unpack(data) }]));
