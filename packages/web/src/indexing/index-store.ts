import { EngineError } from '../engine.ts';
import { databaseFolders } from './database-folders.ts';
import { privateFolders } from './private-folders.ts';

/** Folders of files that a browser keeps for this page, by the names of folders. */
export interface Folders {
  list(): Promise<readonly string[]>;
  write(folder: string, file: string, bytes: Uint8Array): Promise<void>;
  /** All files of a folder, by name; none where there is no such folder. */
  read(folder: string): Promise<ReadonlyMap<string, Blob>>;
  remove(folder: string): Promise<void>;
  /** The folder that is the index; null where there is none. */
  current(): Promise<string | null>;
  /** In one step. */
  setCurrent(folder: string | null): Promise<void>;
}

const LOCK = 'neurodex-index';

/** Milliseconds in which a thread that was told to end has ended, and has given the lock back: browsers let it compute for a while. */
const LONGEST_END = 10_000;
/** Milliseconds of waiting for it after which that is said. */
const NOTICED = 1000;

/** The origin private file system, where this browser writes to it; else IndexedDB. */
const openFolders = async (): Promise<Folders> => (await privateFolders()) ?? (await databaseFolders());

/** The files of the index that this browser keeps; null where there is none. What is half made is removed. */
export async function storedFiles(): Promise<ReadonlyMap<string, Blob> | null> {
  const folders = await openFolders();
  // A tab that is closed leaves its part; one that is at work has the lock.
  await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (lock !== null) await removeOthers(folders, await folders.current());
  });
  for (;;) {
    const current = await folders.current();
    if (current === null) return null;
    const files = await folders.read(current).catch((error: unknown) => error);
    // Another tab may have put its index in the place of this one meanwhile.
    if ((await folders.current()) !== current) continue;
    if (files instanceof Map) return files;
    throw files;
  }
}

/** Deletes the index that this browser keeps, and nothing that another tab is writing. */
export async function removeStored(): Promise<void> {
  const folders = await openFolders();
  const current = await folders.current();
  await folders.setCurrent(null);
  if (current !== null) await folders.remove(current);
}

/**
 * Writes an index in the place of the one before: what is found later is one or the other, whole.
 * @param work writes its files
 * @param onWait is told where another tab, or a thread that was told to end, has not given the lock back for a while
 * @throws EngineError `busy`, `storage-full`
 */
export async function storeIndex(
  work: (write: (file: string, bytes: Uint8Array) => Promise<void>) => Promise<void>,
  onWait: () => void = () => {},
): Promise<void> {
  let held = false;
  const waiting = setTimeout(onWait, NOTICED);
  const store = async (): Promise<void> => {
    held = true;
    clearTimeout(waiting);
    const folders = await openFolders();
    const before = await folders.current();
    await removeOthers(folders, before);
    const folder = crypto.randomUUID();
    try {
      await work((file, bytes) => folders.write(folder, file, bytes).catch(fullStorage));
      await folders.setCurrent(folder).catch(fullStorage);
    } catch (error) {
      await folders.remove(folder).catch(() => {});
      throw error;
    }
    await removeOthers(folders, folder);
  };
  await navigator.locks.request(LOCK, { signal: AbortSignal.timeout(LONGEST_END) }, store).catch((error: unknown) => {
    if (held) throw error;
    clearTimeout(waiting);
    throw new EngineError('busy', 'another tab of this site is indexing pictures', {
      hint: 'Wait until it is done, or close it.',
      cause: error,
    });
  });
}

async function removeOthers(folders: Folders, kept: string | null): Promise<void> {
  for (const folder of await folders.list()) if (folder !== kept) await folders.remove(folder);
}

/** Refuses before the work what there will be no room for. @param bytes that the index takes at least @throws EngineError `storage-full` */
export async function refuseFull(bytes: number): Promise<void> {
  const { quota, usage } = await navigator.storage.estimate().catch((): StorageEstimate => ({}));
  if (quota !== undefined && usage !== undefined && bytes > quota - usage) throw storageFull();
}

function fullStorage(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'QuotaExceededError') throw error;
  throw storageFull(error);
}

const storageFull = (cause?: unknown): EngineError =>
  new EngineError('storage-full', 'this browser has no room left to keep the index', {
    hint: 'Free some space on this device, delete the index that is kept here, or choose fewer pictures.',
    cause,
  });
