import type { Folders } from './index-store.ts';

const [DATABASE, FILES, STATE, CURRENT] = ['neurodex-index', 'files', 'state', 'current'] as const;

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Resolves when the changes are kept, which is later than when they are made. */
const kept = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

/** Folders in IndexedDB: a record for each file, under the names of its folder and its own. */
export async function databaseFolders(): Promise<Folders> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(FILES);
    opening.result.createObjectStore(STATE);
  };
  const database = await settled(opening);
  const change = async (store: string, work: (store: IDBObjectStore) => void): Promise<void> => {
    const transaction = database.transaction(store, 'readwrite');
    work(transaction.objectStore(store));
    await kept(transaction);
  };
  const files = (): IDBObjectStore => database.transaction(FILES).objectStore(FILES);
  const within = (folder: string): IDBKeyRange => IDBKeyRange.bound([folder], [folder, []]);
  const list = async (): Promise<string[]> => {
    const keys = await settled(files().getAllKeys());
    return [...new Set(keys.flatMap((key) => (Array.isArray(key) ? [String(key[0])] : [])))];
  };
  return {
    list,
    write: (folder, file, bytes) =>
      change(FILES, (store) => store.put(new Blob([Uint8Array.from(bytes)]), [folder, file])),
    async read(folder) {
      const [keys, contents] = await Promise.all([
        settled(files().getAllKeys(within(folder))),
        settled<unknown[]>(files().getAll(within(folder))),
      ]);
      return new Map(
        keys.flatMap((key, i) => {
          const content = contents[i];
          return Array.isArray(key) && content instanceof Blob ? [[String(key[1]), content] as const] : [];
        }),
      );
    },
    remove: (folder) => change(FILES, (store) => store.delete(within(folder))),
    async current() {
      const name = await settled<unknown>(database.transaction(STATE).objectStore(STATE).get(CURRENT));
      return typeof name === 'string' && (await list()).includes(name) ? name : null;
    },
    setCurrent: (folder) =>
      change(STATE, (store) => (folder === null ? store.delete(CURRENT) : store.put(folder, CURRENT))),
  };
}
