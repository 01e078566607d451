import { databaseFolders } from '../src/indexing/database-folders.ts';
import { privateFolders } from '../src/indexing/private-folders.ts';
import { FOLDERS_CONTRACT } from './folders.contract.ts';

const STORES = { privateFolders, databaseFolders } as const;
export type StoreName = keyof typeof STORES;

async function openStore(name: StoreName) {
  const folders = await STORES[name]();
  if (folders === null) throw new Error(`this browser has no ${name}`);
  return folders;
}

/** What a test asks of the stores of this browser. */
const page = {
  promises: FOLDERS_CONTRACT.map(({ name }) => name),
  /** Checks one promise on a store that is empty. */
  async check(store: StoreName, promise: string): Promise<void> {
    const folders = await openStore(store);
    await folders.setCurrent(null);
    for (const folder of await folders.list()) await folders.remove(folder);
    await FOLDERS_CONTRACT.find(({ name }) => name === promise)?.check(() => openStore(store));
  },
  /** @returns the name of the error; empty where there was none */
  async write(store: StoreName, folder: string, bytes: number): Promise<string> {
    const folders = await openStore(store);
    const written = folders.write(folder, 'file', new Uint8Array(bytes).fill(7));
    return await written.then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.name : String(error)),
    );
  },
  makeCurrent: async (store: StoreName, folder: string): Promise<void> =>
    await (await openStore(store)).setCurrent(folder),
  /** The current folder, and the bytes of the file of each folder. */
  async kept(store: StoreName) {
    const folders = await openStore(store);
    const sizes = (await folders.list()).map(async (folder) => {
      const file = (await folders.read(folder)).get('file');
      return [folder, file?.size ?? null] as const;
    });
    return { current: await folders.current(), sizes: Object.fromEntries(await Promise.all(sizes)) };
  },
};

declare global {
  var foldersPage: typeof page;
}
globalThis.foldersPage = page;
