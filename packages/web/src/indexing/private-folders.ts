import type { Folders } from './index-store.ts';

const ROOT = 'neurodex-index';
const CURRENT = 'current';

/** Of a larger piece Chromium may only say that it was aborted where there is no room for it: its process that writes stops reading. */
const PIECE_BYTES = 1 << 18;

/** Folders in the origin private file system; null in a browser that has none, or does not write to it. */
export async function privateFolders(): Promise<Folders | null> {
  let root: FileSystemDirectoryHandle;
  try {
    root = await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });
  } catch {
    return null;
  }
  if (!('createWritable' in FileSystemFileHandle.prototype)) return null;
  // A name may hold no slash.
  const write = async (at: FileSystemDirectoryHandle, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    const file = await at.getFileHandle(encodeURIComponent(name), { create: true });
    // It is the file once it is closed: until then the one before is.
    const stream = await file.createWritable();
    try {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) await stream.write(bytes.subarray(at, at + PIECE_BYTES));
    } catch (error) {
      await stream.abort().catch(() => {});
      throw error;
    }
    await stream.close();
  };
  const remove = (name: string): Promise<void> =>
    root.removeEntry(name, { recursive: true }).catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
    });
  const list = async (): Promise<string[]> => {
    const names: string[] = [];
    for await (const [name, handle] of root.entries()) if (handle.kind === 'directory') names.push(name);
    return names;
  };
  return {
    list,
    async write(folder, file, bytes) {
      // The bytes are the caller's, who may go on to write into them.
      const own = bytes.slice();
      await write(await root.getDirectoryHandle(folder, { create: true }), file, own);
    },
    async read(folder) {
      const files = new Map<string, Blob>();
      if (!(await list()).includes(folder)) return files;
      for await (const [name, handle] of (await root.getDirectoryHandle(folder)).entries())
        if (handle instanceof FileSystemFileHandle) files.set(decodeURIComponent(name), await handle.getFile());
      return files;
    },
    remove,
    async current() {
      const name = await root
        .getFileHandle(CURRENT)
        .then(async (file) => await (await file.getFile()).text())
        .catch(() => '');
      return name !== '' && (await list()).includes(name) ? name : null;
    },
    setCurrent: (folder) =>
      folder === null ? remove(CURRENT) : write(root, CURRENT, new TextEncoder().encode(folder)),
  };
}
