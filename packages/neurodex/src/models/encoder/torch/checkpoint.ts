import { NeurodexError } from '@neurodex/core';
import { unusable } from '../unusable.ts';
import { ByteReader } from './byte-reader.ts';
import { Damaged } from './damaged.ts';
import { Global, type PickleHooks, type PickleValue, readPickle } from './pickle.ts';
import { asStorage, STORAGES, type Storage, type StoredType } from './storage.ts';
import { elementCount, type TorchTensor, tensorOf, type View } from './tensor.ts';

/** The first pickle of a file of `torch.save` before PyTorch 1.6, or with `_use_new_zipfile_serialization=False`. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;

/** Of a tensor; convolutions have 4. */
const MOST_DIMENSIONS = 8;

/** What the pickles before that of the tensors, and the one behind it, may name: nothing. */
const PLAIN: PickleHooks = {
  globals: new Set(),
  reduce: () => fail('it calls a class where there is none to call'),
  load: () => fail('it refers to a storage where there is none'),
};

const [DICTIONARY, TENSOR] = ['collections OrderedDict', 'torch._utils _rebuild_tensor_v2'];
const GLOBALS: ReadonlySet<string> = new Set([DICTIONARY, TENSOR, ...Object.keys(STORAGES)]);

function fail(what: string): never {
  throw new Damaged(what);
}

/**
 * The tensors of a PyTorch checkpoint (`.pth`, a state_dict in PyTorch's format before 1.6: pickles, then the bytes of the
 * storages; torch/serialization.py, `_legacy_save`), by their names, in the file's order. The pickles are read without running
 * any code of theirs: whatever is not a dictionary of tensors is refused.
 * @param name of the file, for messages
 * @throws NeurodexError `encoder-unusable`
 */
export function readCheckpoint(bytes: Uint8Array, name: string): Map<string, TorchTensor> {
  try {
    return readTensors(bytes);
  } catch (error) {
    if (error instanceof NeurodexError || !(error instanceof Damaged)) throw error;
    throw unusable(name, `is not a PyTorch checkpoint that is read: ${error.message}`, {
      hint: 'take a state_dict of plain tensors, stored by torch.save(…, _use_new_zipfile_serialization=False)',
      cause: error,
    });
  }
}

function readTensors(bytes: Uint8Array): Map<string, TorchTensor> {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) fail('it is in the zip format of PyTorch 1.6 and later');
  const reader = new ByteReader(bytes);
  if (readPickle(reader, PLAIN) !== MAGIC) fail('it does not begin as one');
  if (readPickle(reader, PLAIN) !== PROTOCOL_VERSION) fail('its version is not 1001');
  const system = readPickle(reader, PLAIN);
  if (!(system instanceof Map) || system.get('little_endian') !== true) fail('its numbers are not little-endian');
  const storages = new Map<string, Storage>();
  const state = readPickle(reader, { globals: GLOBALS, reduce, load: (id) => load(id, storages) });
  readStorages(reader, storages);
  if (!(state instanceof Map)) fail('it holds no dictionary of tensors');
  const tensors = new Map<string, TorchTensor>();
  let elements = 0;
  for (const [key, value] of state as Map<PickleValue, PickleValue>) {
    if (typeof key !== 'string' || !isView(value)) fail('it holds more than tensors with names');
    elements += elementCount(value.shape);
    // An element takes 4 bytes or more: tensors may share storages, but not without end.
    if (elements > bytes.length) fail('its tensors are larger than the file');
    tensors.set(key, tensorOf(value, key));
  }
  return tensors;
}

/** Names of the storages in the order of their bytes, then those bytes: the count of elements as int64, then the elements. */
function readStorages(reader: ByteReader, storages: ReadonlyMap<string, Storage>): void {
  const keys = readPickle(reader, PLAIN);
  if (!Array.isArray(keys) || keys.length !== storages.size) fail('it lists other storages than its tensors have');
  for (const key of keys as PickleValue[]) {
    const storage = storages.get(typeof key === 'string' ? key : '') ?? fail('it lists a storage that no tensor has');
    if (storage.bytes !== undefined) fail('it lists a storage twice');
    if (reader.int64() !== storage.count) fail('a storage has another size than its tensors say');
    storage.bytes = reader.take(storage.count * storage.type.bytes);
  }
}

/** ('storage', class, key, device, count, view), where view is a part of another storage, which nobody writes any more. */
function load(id: PickleValue, storages: Map<string, Storage>): Storage {
  if (!Array.isArray(id) || id[0] !== 'storage' || id.length < 5) fail('it refers to something that is no storage');
  const [, type, key, , count, view = null] = id as PickleValue[];
  if (typeof key !== 'string' || !isCount(count) || view !== null) fail('it refers to a storage in another way');
  const known = storages.get(key);
  const stored = storageType(type);
  if (known !== undefined) {
    if (known.type !== stored || known.count !== count) fail('it describes a storage in two ways');
    return known;
  }
  const storage: Storage = { kind: 'storage', type: stored, count, bytes: undefined };
  storages.set(key, storage);
  return storage;
}

const storageType = (type: PickleValue): StoredType =>
  (type instanceof Global ? STORAGES[type.name] : undefined) ?? fail('it has a storage of a type that is not read');

function reduce({ name }: Global, args: readonly PickleValue[]): PickleValue {
  if (name === DICTIONARY && args.length === 0) return new Map();
  if (name !== TENSOR || args.length < 4) fail(`it calls ${name.replace(' ', '.')} in another way`);
  const [storage, offset, shape, strides] = args;
  if (!isCount(offset) || !isCounts(shape) || !isCounts(strides)) fail('a tensor has no sound shape');
  return { kind: 'view', storage: asStorage(storage), offset, shape, strides } satisfies View;
}

const isCount = (value: PickleValue): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isCounts = (value: PickleValue): value is number[] =>
  Array.isArray(value) && value.length <= MOST_DIMENSIONS && value.every(isCount);
const isView = (value: PickleValue): value is View => (value as View | null)?.kind === 'view';
