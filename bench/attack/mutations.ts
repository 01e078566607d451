import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { Random } from '@neurodex/autograd';
import { isRecord } from '@neurodex/core';
import { VALUES } from './values.ts';

/** One way to damage an index. */
export interface Mutation {
  readonly file: string;
  /** What is done: 'flip', 'truncate', … */
  readonly kind: string;
  readonly what: string;
  /** Whether the index must go on as if nothing had happened, for what it holds is what it was. */
  readonly harmless?: boolean;
  apply(folder: string): void;
}

/** Files of an index, as paths below it. */
export const filesOf = (index: string): string[] =>
  readdirSync(index, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(index, join(entry.parentPath, entry.name)))
    .sort();

/** @param each random changes of each kind to each file */
export function mutationsOf(index: string, each: number, seed: number): Mutation[] {
  const files = filesOf(index);
  return files.flatMap((file) => {
    const random = Random.stream(seed, file);
    const { size } = statSync(join(index, file));
    return [
      ...bytesOf(file, size, each, random),
      ...lengthsOf(file, size, random),
      ...wholesOf(file, files),
      ...(file.endsWith('.json') ? leavesOf(file, readFileSync(join(index, file), 'utf8'), jsonOf, textOf) : []),
      ...(file.endsWith('.safetensors') ? headerOf(file, readFileSync(join(index, file))) : []),
    ];
  });
}

const edit = (folder: string, file: string, change: (bytes: Buffer) => Buffer | undefined): void => {
  const path = join(folder, file);
  const bytes = readFileSync(path);
  writeFileSync(path, change(bytes) ?? bytes);
};

/** Flipped bits and overwritten bytes; half of them near the ends, where headers and footers are. */
function bytesOf(file: string, size: number, each: number, random: Random): Mutation[] {
  const place = (i: number): number => {
    if (i % 4 === 0) return random.integer(Math.min(size, 128));
    return i % 4 === 1 ? size - 1 - random.integer(Math.min(size, 1024)) : random.integer(size);
  };
  return Array.from({ length: each }, (_, i) => i).flatMap((i): Mutation[] => {
    const [at, bit] = [place(i), random.integer(8)];
    const [start, length, fill] = [place(i), 1 + random.integer(8), [0, 0xff, 0x7f, random.integer(256)][i % 4] ?? 0];
    return [
      {
        file,
        kind: 'flip',
        what: `bit ${bit} of byte ${at}`,
        apply: (folder) =>
          edit(folder, file, (bytes) => {
            bytes[at] = (bytes[at] ?? Number.NaN) ^ (1 << bit);
            return bytes;
          }),
      },
      {
        file,
        kind: 'overwrite',
        what: `${length} bytes from ${start} with ${fill}`,
        apply: (folder) => edit(folder, file, (bytes) => bytes.fill(fill, start, start + length)),
      },
    ];
  });
}

function lengthsOf(file: string, size: number, random: Random): Mutation[] {
  const shorter = [0, 1, size >> 1, size - 1, random.integer(size)];
  return [
    ...shorter.map((length) => ({
      file,
      kind: 'truncate',
      what: `to ${length} of ${size} bytes`,
      apply: (folder: string) => truncateSync(join(folder, file), length),
    })),
    { file, kind: 'extend', what: 'by a byte', apply: (folder) => appendFileSync(join(folder, file), 'x') },
    {
      file,
      kind: 'extend',
      what: 'by itself',
      apply: (folder) => edit(folder, file, (bytes) => Buffer.concat([bytes, bytes])),
    },
  ];
}

/** Files that are gone, something else, or in the place of another. */
function wholesOf(file: string, files: readonly string[]): Mutation[] {
  const others = files.filter((other) => other !== file);
  const put = (kind: string, what: string, make: (path: string) => void): Mutation => ({
    file,
    kind,
    what,
    apply: (folder) => {
      const path = join(folder, file);
      rmSync(path);
      make(path);
    },
  });
  return [
    put('missing', 'it is gone', () => {}),
    put('folder', 'a folder of its name', (path) => mkdirSync(path)),
    put('pipe', 'a pipe of its name', (path) => execFileSync('mkfifo', [path])),
    put('device', 'a link to endless zeros', (path) => symlinkSync('/dev/zero', path)),
    ...others.map((other) => ({
      file,
      kind: 'swap',
      what: `with ${other}`,
      apply: (folder: string) => {
        const [one, two] = [join(folder, file), join(folder, other)];
        const bytes = readFileSync(one);
        copyFileSync(two, one);
        writeFileSync(two, bytes);
      },
    })),
    {
      file,
      kind: 'duplicate',
      what: 'under another name beside it',
      harmless: true,
      apply: (folder) => copyFileSync(join(folder, file), join(folder, `${file}.copy`)),
    },
  ];
}

type Path = readonly (string | number)[];

const jsonOf = (text: Buffer): unknown => JSON.parse(text.toString('utf8'));
const textOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Every key of a JSON text that holds no object, and every object and list as a whole. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Array.isArray(value)
    ? value.slice(0, 3).flatMap((each, i) => pathsOf(each, [...path, i]))
    : Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]));
  return path.length === 0 ? inner : [path, ...inner];
}

function leavesOf(
  file: string,
  text: string,
  parse: (bytes: Buffer) => unknown,
  print: (value: unknown) => Buffer,
): Mutation[] {
  return pathsOf(parse(Buffer.from(text))).flatMap((path) =>
    VALUES.map(({ name, of }) => ({
      file,
      kind: 'key',
      what: `${path.join('.')} ${name}`,
      apply: (folder: string) =>
        edit(folder, file, (bytes) => {
          const root = parse(bytes);
          change(root, path, of);
          return print(root);
        }),
    })),
  );
}

/** Puts another value in the place that a path leads to, or nothing. */
function change(holder: unknown, [key, ...rest]: Path, of: (value: unknown) => unknown): void {
  if (typeof holder !== 'object' || holder === null || key === undefined) throw new TypeError('the path leads nowhere');
  const before: unknown = Reflect.get(holder, key);
  if (rest.length > 0) {
    change(before, rest, of);
    return;
  }
  const after = of(before);
  if (after === undefined) Reflect.deleteProperty(holder, key);
  else Reflect.set(holder, key, after);
}

/** The header of a safetensors file, the description of the network in it taken apart as well. */
function headerOf(file: string, bytes: Buffer): Mutation[] {
  const parse = (all: Buffer): unknown => {
    const header: unknown = JSON.parse(all.toString('utf8', 8, 8 + Number(all.readBigUInt64LE(0))));
    if (!isRecord(header)) return header;
    const { __metadata__: about } = header;
    return isRecord(about) && about.geometry !== undefined
      ? { ...header, __metadata__: { ...about, geometry: JSON.parse(String(about.geometry)) } }
      : header;
  };
  const print = (value: unknown, all: Buffer): Buffer => {
    const { __metadata__: about, ...header } = isRecord(value) ? value : {};
    const metadata =
      isRecord(about) && about.geometry !== undefined ? { ...about, geometry: JSON.stringify(about.geometry) } : about;
    const text = Buffer.from(JSON.stringify({ __metadata__: metadata, ...header }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text, all.subarray(8 + Number(all.readBigUInt64LE(0)))]);
  };
  return pathsOf(parse(bytes)).flatMap((path) =>
    VALUES.map(({ name, of }) => ({
      file,
      kind: 'key',
      what: `${path.join('.')} ${name}`,
      apply: (folder: string) =>
        edit(folder, file, (all) => {
          const root = parse(all);
          change(root, path, of);
          return print(root, all);
        }),
    })),
  );
}
