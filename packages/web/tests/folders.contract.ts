import type { Folders } from '../src/indexing/index-store.ts';

/** What every store of folders promises. It needs no test runner, so that it runs in a page of a browser as well. */
export interface FoldersPromise {
  readonly name: string;
  /** @param open opens the store, which is empty at first; a second time as the next visit does. @throws Error where it is not kept */
  check(open: () => Promise<Folders>): Promise<void>;
}

/** A file larger than what stores write in one piece. */
const LARGE = 3_000_001;

function same(have: unknown, wanted: unknown, what: string): void {
  const [a, b] = [JSON.stringify(have), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what} is ${a} and should be ${b}`);
}

const bytesOf = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

async function contentsOf(folders: Folders, folder: string): Promise<Readonly<Record<string, number[]>>> {
  const files = [...(await folders.read(folder))].sort(([a], [b]) => (a < b ? -1 : 1));
  const contents = await Promise.all(files.map(async ([, file]) => [...new Uint8Array(await file.arrayBuffer())]));
  return Object.fromEntries(files.map(([name], i) => [name, contents[i] ?? []]));
}

export const FOLDERS_CONTRACT: readonly FoldersPromise[] = [
  {
    name: 'is empty at first, and what is not there can be read and removed',
    async check(open) {
      const folders = await open();
      same(await folders.list(), [], 'the list');
      same(await folders.current(), null, 'the current folder');
      same(await contentsOf(folders, 'none'), {}, 'a folder that is not there');
      await folders.remove('none');
      await folders.setCurrent(null);
    },
  },
  {
    name: 'keeps files byte for byte under names with folders and letters of any script, for the next visit too',
    async check(open) {
      const wanted = { 'index/catalogue/a.u8': [0, 255, 7], 'leer.json': [], 'β/ü 1%2f.bin': [1, 2] };
      const folders = await open();
      for (const [name, values] of Object.entries(wanted)) await folders.write('one', name, bytesOf(...values));
      same(await contentsOf(folders, 'one'), wanted, 'the folder');
      same(await contentsOf(await open(), 'one'), wanted, 'the folder, found again');
    },
  },
  {
    name: 'keeps the bytes as they were when they were given',
    async check(open) {
      const folders = await open();
      const bytes = bytesOf(1, 2, 3, 4).subarray(1, 3);
      const writing = folders.write('one', 'a', bytes);
      bytes.fill(9);
      await writing;
      same(await contentsOf(folders, 'one'), { a: [2, 3] }, 'the file');
    },
  },
  {
    name: 'keeps the last of what is written under one name, and large files',
    async check(open) {
      const folders = await open();
      const large = new Uint8Array(LARGE).map((_, i) => i % 251);
      await folders.write('one', 'a', bytesOf(1, 1, 1));
      await folders.write('one', 'a', large);
      await folders.write('one', 'b', bytesOf(5, 5, 5));
      await folders.write('one', 'b', bytesOf(6));
      const files = await (await open()).read('one');
      const kept = new Uint8Array((await files.get('a')?.arrayBuffer()) ?? new ArrayBuffer(0));
      same([kept.length, kept[0], kept[LARGE - 1]], [LARGE, 0, (LARGE - 1) % 251], 'the large file');
      same([...new Uint8Array((await files.get('b')?.arrayBuffer()) ?? new ArrayBuffer(0))], [6], 'the file');
    },
  },
  {
    name: 'keeps folders apart, also where a name begins like another, and removes one alone',
    async check(open) {
      const folders = await open();
      for (const [at, folder] of ['a', 'ab', 'b', 'a b'].entries()) await folders.write(folder, 'file', bytesOf(at));
      same([...(await folders.list())].sort(), ['a', 'a b', 'ab', 'b'], 'the list');
      same(await contentsOf(folders, 'a'), { file: [0] }, 'the folder');
      await folders.remove('a');
      same([...(await folders.list())].sort(), ['a b', 'ab', 'b'], 'the list without it');
      same(await contentsOf(folders, 'ab'), { file: [1] }, 'the folder beside it');
    },
  },
  {
    name: 'says which folder is current, for the next visit too, and none where that folder is gone',
    async check(open) {
      const folders = await open();
      for (const folder of ['a', 'b']) await folders.write(folder, 'file', bytesOf(1));
      same(await folders.current(), null, 'the current folder at first');
      await folders.setCurrent('a');
      await folders.setCurrent('b');
      same(await (await open()).current(), 'b', 'the current folder');
      await folders.remove('b');
      same(await folders.current(), null, 'the current folder, removed');
      await folders.setCurrent('a');
      await folders.setCurrent(null);
      same(await (await open()).current(), null, 'the current folder, cleared');
      same([...(await folders.list())], ['a'], 'the list, in which it is no folder');
    },
  },
];
