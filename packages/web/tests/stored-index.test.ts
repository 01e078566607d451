import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { databaseFolders } from '../src/indexing/database-folders.ts';
import { type Folders, refuseFull, removeStored, storedFiles, storeIndex } from '../src/indexing/index-store.ts';
import { privateFolders } from '../src/indexing/private-folders.ts';
import { FOLDERS_CONTRACT } from './folders.contract.ts';
import { MemoryDatabases, MemoryKeyRange } from './memory-database.ts';
import { MemoryFileHandle, MemoryFiles } from './memory-directory.ts';

interface LockWish {
  readonly ifAvailable?: boolean;
  readonly signal?: AbortSignal;
}

/** `navigator.locks`, where a test may close the tab that holds one. */
class MemoryLocks {
  private held = false;
  private readonly waiting: (() => void)[] = [];

  async request(_: string, wish: LockWish, work: (lock: object | null) => Promise<void>): Promise<void> {
    if (this.held && wish.ifAvailable === true) return await work(null);
    while (this.held) await this.freed(wish.signal);
    this.held = true;
    try {
      await work({});
    } finally {
      this.closeTab();
    }
  }

  /** The browser takes back what a tab had that is closed. */
  closeTab(): void {
    this.held = false;
    for (const go of this.waiting.splice(0)) go();
  }

  private freed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  }
}

/** Whoever waits for as long as a test likes. */
function patience(): AbortController {
  const ends = new AbortController();
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(ends.signal);
  return ends;
}

let files = new MemoryFiles();
let databases = new MemoryDatabases();
let locks = new MemoryLocks();

/** What a browser offers to a page. */
function offer(storage: object): void {
  vi.stubGlobal('navigator', { storage, locks });
  vi.stubGlobal('indexedDB', databases);
  vi.stubGlobal('IDBKeyRange', MemoryKeyRange);
  vi.stubGlobal('FileSystemFileHandle', MemoryFileHandle);
}

const none = (): Promise<never> => Promise.reject(new DOMException('not in a private window', 'SecurityError'));
const estimate = async () => ({ quota: databases.quota, usage: databases.used });

interface Store {
  readonly name: string;
  readonly offer: () => void;
  readonly open: () => Promise<Folders>;
  /** From now on no more bytes than there are. */
  readonly fill: () => Promise<void>;
}
const STORES: readonly Store[] = [
  {
    name: 'the origin private file system',
    offer: () => offer(files.storage),
    async open() {
      const folders = await privateFolders();
      if (folders === null) throw new Error('there is no private file system');
      return folders;
    },
    async fill() {
      files.quota = (await files.storage.estimate()).usage;
    },
  },
  {
    name: 'IndexedDB',
    offer: () => offer({ getDirectory: none, estimate }),
    open: databaseFolders,
    async fill() {
      databases.quota = databases.used;
    },
  },
];

beforeEach(() => {
  files = new MemoryFiles();
  databases = new MemoryDatabases();
  locks = new MemoryLocks();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
/** The index that a visit finds: its files with their bytes. */
async function found(): Promise<Readonly<Record<string, readonly number[]>> | null> {
  const all = await storedFiles();
  if (all === null) return null;
  const contents = [...all].map(async ([name, file]) => [name, [...new Uint8Array(await file.arrayBuffer())]] as const);
  return Object.fromEntries(await Promise.all(contents));
}
const store = (contents: Readonly<Record<string, readonly number[]>>): Promise<void> =>
  storeIndex(async (write) => {
    for (const [name, values] of Object.entries(contents)) await write(name, bytes(...values));
  });

describe.each(STORES)('an index that is kept in $name', ({ offer: offerStore, open, fill }) => {
  beforeEach(() => offerStore());

  for (const { name, check } of FOLDERS_CONTRACT) it(`(its folders) ${name}`, () => check(open));

  it('is found by the next visit, with all its files, and is the only one', async () => {
    expect(await found()).toBeNull();
    await store({ 'index/index.json': [1, 2], 'model.safetensors': [3] });
    expect(await found()).toEqual({ 'index/index.json': [1, 2], 'model.safetensors': [3] });
    await store({ 'index/index.json': [4] });
    expect(await found()).toEqual({ 'index/index.json': [4] });
    expect(await (await open()).list()).toHaveLength(1);
  });

  it('is gone when it is removed, and another can be made', async () => {
    await store({ a: [1] });
    await removeStored();
    expect([await found(), await (await open()).list()]).toEqual([null, []]);
    await removeStored();
    await store({ a: [2] });
    expect(await found()).toEqual({ a: [2] });
  });

  it('stays where the next one fails, of which nothing is left', async () => {
    await store({ a: [1] });
    const failing = storeIndex(async (write) => {
      await write('a', bytes(2));
      throw new RangeError('the training diverged');
    });
    await expect(failing).rejects.toThrow('the training diverged');
    expect([await found(), (await (await open()).list()).length]).toEqual([{ a: [1] }, 1]);
  });

  it('stays where there is no room for the next one, and the error says so', async () => {
    await store({ a: [1] });
    await fill();
    await expect(store({ a: [1, 2, 3] })).rejects.toMatchObject({
      code: 'storage-full',
      hint: expect.stringContaining('choose fewer pictures'),
    });
    expect([await found(), (await (await open()).list()).length]).toEqual([{ a: [1] }, 1]);
  });

  it('is refused before the work where its least size is more than there is room for', async () => {
    await store({ a: [1] });
    await expect(refuseFull(1_000_000)).resolves.toBeUndefined();
    await fill();
    await expect(refuseFull(1)).rejects.toMatchObject({ code: 'storage-full' });
    await expect(refuseFull(0)).resolves.toBeUndefined();
  });

  it('is the one before where the tab is closed in the middle of a write; its part is removed by the next visit', async () => {
    await store({ a: [1] });
    const written = new Promise<void>((resolve) => {
      // It never ends: the tab is gone.
      void storeIndex(async (write) => {
        await write('a', bytes(2));
        resolve();
        await new Promise(() => {});
      });
    });
    await written;
    // While it is at work, another tab leaves its part alone.
    expect([await found(), (await (await open()).list()).length]).toEqual([{ a: [1] }, 2]);
    locks.closeTab();
    expect([await found(), (await (await open()).list()).length]).toEqual([{ a: [1] }, 1]);
  });

  it('is made by one tab at a time: another is refused before its work begins', async () => {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const first = storeIndex(async (write) => {
      await write('a', bytes(1));
      await ended;
    });
    const work = vi.fn();
    let onWait = (): void => {};
    const ends = patience();
    const waits = new Promise<void>((resolve) => {
      onWait = resolve;
    });
    const second = storeIndex(work, () => onWait());
    await waits;
    ends.abort(new DOMException('it took too long', 'TimeoutError'));
    await expect(second).rejects.toMatchObject({ code: 'busy', hint: expect.stringContaining('close it') });
    expect(work).not.toHaveBeenCalled();
    end();
    await first;
    expect(await found()).toEqual({ a: [1] });
  });

  it('waits for a thread that was told to end and has not yet', async () => {
    void storeIndex(() => new Promise(() => {}));
    patience();
    const next = store({ a: [2] });
    await Promise.resolve();
    locks.closeTab();
    await next;
    expect(await found()).toEqual({ a: [2] });
  });

  it('is found where another tab puts its own in its place while it is read', async () => {
    await store({ a: [1] });
    const folders = await open();
    const [first] = await folders.list();
    // It has the lock while it works.
    void locks.request('', {}, () => new Promise(() => {}));
    await folders.write('next', 'a', bytes(2));
    const reading = found();
    await folders.setCurrent('next');
    await folders.remove(first ?? '');
    expect([{ a: [1] }, { a: [2] }]).toContainEqual(await reading);
    expect(await found()).toEqual({ a: [2] });
  });
});

describe('where an index is kept', () => {
  const kept = async (): Promise<string> => {
    await store({ a: [1] });
    return databases.used > 0 ? 'IndexedDB' : 'private files';
  };

  it('is the private file system where there is one that can be written', async () => {
    offer(files.storage);
    expect(await kept()).toBe('private files');
  });

  it.each([
    ['does not have one', {}],
    ['refuses it, as in a private window', { getDirectory: none }],
  ])('is IndexedDB where the browser %s', async (_, storage) => {
    offer({ estimate, ...storage });
    expect(await kept()).toBe('IndexedDB');
  });

  it('is IndexedDB where the private file system cannot be written', async () => {
    offer(files.storage);
    vi.stubGlobal('FileSystemFileHandle', class {});
    expect(await kept()).toBe('IndexedDB');
  });
});

it('a browser that does not say how much room there is refuses nothing before the work', async () => {
  offer({ estimate: () => Promise.reject(new TypeError('no estimate')) });
  await expect(refuseFull(1e15)).resolves.toBeUndefined();
  offer({ estimate: async () => ({}) });
  await expect(refuseFull(1e15)).resolves.toBeUndefined();
});
