import type { ByteReader } from './byte-reader.ts';
import { Damaged } from './damaged.ts';

/** A class or function that a pickle names. Nothing is imported and nothing called: it is a name. */
export class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What a pickle of tensors holds; `unknown` is what `reduce` and `load` of its owner gave. */
export type PickleValue = unknown;

/** What the owner of the format makes of the three opcodes that would run code in Python. */
export interface PickleHooks {
  /** Full names (`module name`) that may occur; any other ends the reading. */
  readonly globals: ReadonlySet<string>;
  /** Stands for `callable(*args)`. @throws Damaged */
  reduce(callable: Global, args: readonly PickleValue[]): PickleValue;
  /** An object that is kept outside of the pickle. @throws Damaged */
  load(id: PickleValue): PickleValue;
}

/** Where an opcode begins a list of items on the stack. */
const MARK = Symbol('mark');

/** Protocols 2 to 5 differ in opcodes that are refused one by one. */
const PROTOCOLS = { from: 2, to: 5 } as const;

/**
 * Reads one pickle by the opcodes that tensors and plain containers are written with (Python's Lib/pickletools.py says what
 * each does). No opcode runs code: names of classes are looked up in `hooks.globals`, and what a call would make comes from
 * `hooks.reduce`. Dictionaries become Maps, tuples and lists arrays. It takes one step for each opcode, without recursion, and
 * holds no more values than the pickle has bytes.
 * @throws Damaged
 */
export function readPickle(reader: ByteReader, hooks: PickleHooks): PickleValue {
  return new Machine(reader, hooks).run();
}

class Machine {
  private readonly reader: ByteReader;
  private readonly hooks: PickleHooks;
  private readonly stack: PickleValue[] = [];
  private readonly memo = new Map<number, PickleValue>();

  constructor(reader: ByteReader, hooks: PickleHooks) {
    this.reader = reader;
    this.hooks = hooks;
  }

  run(): PickleValue {
    for (;;) {
      const code = this.reader.uint8();
      if (code === STOP) return this.pop();
      const step = OPCODES.get(code);
      if (step === undefined)
        throw new Damaged(`the pickle opcode 0x${code.toString(16).padStart(2, '0')} is not read`);
      step(this, this.reader);
    }
  }

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === MARK || value === undefined) throw new Damaged('an opcode finds nothing to work on');
    return value;
  }

  top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === MARK || value === undefined) throw new Damaged('an opcode finds nothing to work on');
    return value;
  }

  /** The items above the last mark, which goes as well. */
  popToMark(): PickleValue[] {
    const at = this.stack.lastIndexOf(MARK);
    if (at < 0) throw new Damaged('a list of items has no beginning');
    const items = this.stack.splice(at + 1);
    this.stack.pop();
    return items;
  }

  put(place: number): void {
    this.memo.set(place, this.top());
  }

  get(place: number): void {
    const value = this.memo.get(place);
    if (value === undefined) throw new Damaged('an opcode refers to a value that was not kept');
    this.push(value);
  }

  global(): void {
    const name = `${this.reader.line()} ${this.reader.line()}`;
    if (!this.hooks.globals.has(name)) throw new Damaged(`it names ${name.replace(' ', '.')}, which is not read`);
    this.push(new Global(name));
  }

  reduce(): void {
    const args = this.pop();
    const callable = this.pop();
    if (!(callable instanceof Global) || !Array.isArray(args)) throw new Damaged('a call is not one of a named class');
    this.push(this.hooks.reduce(callable, args));
  }

  load(): void {
    this.push(this.hooks.load(this.pop()));
  }

  setItems(items: readonly PickleValue[]): void {
    const target = this.top();
    if (!(target instanceof Map) || items.length % 2 !== 0) throw new Damaged('items are set of what is no dictionary');
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  append(items: readonly PickleValue[]): void {
    const target = this.top();
    if (!Array.isArray(target)) throw new Damaged('items are appended to what is no list');
    for (const item of items) target.push(item);
  }

  /** Attributes of an object. Tensors and dictionaries have none that matter (`_metadata` of a state_dict). */
  build(): void {
    this.pop();
    if (!(this.top() instanceof Map)) throw new Damaged('attributes are set of what is no dictionary');
  }
}

type Step = (machine: Machine, reader: ByteReader) => void;

const STOP = 0x2e;

/** Integers of any length, little-endian in two's complement; those that sizes and numbers of versions need. */
function long(reader: ByteReader): number | bigint {
  const bytes = reader.take(reader.uint8());
  let value = 0n;
  for (const [i, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * i);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

function protocol(_: Machine, reader: ByteReader): void {
  const version = reader.uint8();
  if (version < PROTOCOLS.from || version > PROTOCOLS.to)
    throw new Damaged(`the pickle protocol ${version} is not read`);
}

/** By their codes, with the names of pickletools. */
const OPCODES: ReadonlyMap<number, Step> = new Map<number, Step>([
  [0x80, protocol], // PROTO
  [0x28, (m) => m.push(MARK)],
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4b, (m, r) => m.push(r.uint8())], // BININT1
  [0x4d, (m, r) => m.push(r.uint16())], // BININT2
  [0x4a, (m, r) => m.push(r.int32())], // BININT
  [0x8a, (m, r) => m.push(long(r))], // LONG1
  [0x47, (m, r) => m.push(r.float64())], // BINFLOAT
  [0x58, (m, r) => m.push(r.utf8(r.uint32()))], // BINUNICODE
  [0x8c, (m, r) => m.push(r.utf8(r.uint8()))], // SHORT_BINUNICODE
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x73, (m) => setItem(m)], // SETITEM
  [0x75, (m) => m.setItems(m.popToMark())], // SETITEMS
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x61, (m) => appendOne(m)], // APPEND
  [0x65, (m) => m.append(m.popToMark())], // APPENDS
  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x85, (m) => tuple(m, 1)], // TUPLE1
  [0x86, (m) => tuple(m, 2)], // TUPLE2
  [0x87, (m) => tuple(m, 3)], // TUPLE3
  [0x74, (m) => m.push(m.popToMark())], // TUPLE
  [0x71, (m, r) => m.put(r.uint8())], // BINPUT
  [0x72, (m, r) => m.put(r.uint32())], // LONG_BINPUT
  [0x68, (m, r) => m.get(r.uint8())], // BINGET
  [0x6a, (m, r) => m.get(r.uint32())], // LONG_BINGET
  [0x63, (m) => m.global()], // GLOBAL
  [0x52, (m) => m.reduce()], // REDUCE
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => m.load()], // BINPERSID
]);

function setItem(machine: Machine): void {
  const value = machine.pop();
  const key = machine.pop();
  machine.setItems([key, value]);
}

function appendOne(machine: Machine): void {
  const item = machine.pop();
  machine.append([item]);
}

function tuple(machine: Machine, count: number): void {
  const items: PickleValue[] = [];
  for (let i = 0; i < count; i++) items.unshift(machine.pop());
  machine.push(items);
}
