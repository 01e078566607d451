/** Files that the visitor opened, by their keys. They last as long as the page. */
const files = new Map<string, File>();
const keys = new WeakMap<File, string>();
/** Addresses outlive the page: the next one gives its files other keys. */
const opened = Date.now().toString(36);

/** The key of a file in addresses: its name behind a number, since several may have one name. */
export function fileKey(file: File): string {
  const key = keys.get(file) ?? `${opened}.${files.size + 1}-${file.name}`;
  keys.set(file, key);
  files.set(key, file);
  return key;
}

/** The file of a key; null where an earlier page opened it, or someone else. */
export const openedFile = (key: string | null): File | null => (key === null ? null : (files.get(key) ?? null));

/** The name of a file by its key. */
export const fileName = (key: string): string => key.replace(/^[^-]*-/, '');
