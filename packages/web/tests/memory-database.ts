type Key = string | readonly Key[];
interface Range {
  readonly lower: Key;
  readonly upper: Key;
}
type Records = Map<string, { readonly key: Key; readonly value: unknown }>;

/** The order of keys: strings before arrays, arrays by their elements (Indexed Database API 3.0, §2.4). */
function compare(a: Key, b: Key): number {
  if (typeof a === 'string' || typeof b === 'string') {
    if (typeof a === typeof b) return a === b ? 0 : a < b ? -1 : 1;
    return typeof a === 'string' ? -1 : 1;
  }
  for (const [i, element] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const order = compare(element, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** `IDBKeyRange` */
export const MemoryKeyRange = { bound: (lower: Key, upper: Key): Range => ({ lower, upper }) };

const isRange = (key: Key | Range): key is Range => typeof key === 'object' && 'lower' in key;

const within = (key: Key, asked: Key | Range): boolean =>
  isRange(asked) ? compare(asked.lower, key) <= 0 && compare(key, asked.upper) <= 0 : compare(key, asked) === 0;

class Request {
  onsuccess: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onupgradeneeded: (() => void) | null = null;
  result: unknown;
  error: DOMException | null = null;
}

/** Answers when whoever asked has had time to say what is to happen then. */
function answered(result: () => unknown): Request {
  const request = new Request();
  setTimeout(() => {
    request.result = result();
    request.onsuccess?.();
  });
  return request;
}

const sizeOf = (value: unknown): number => (value instanceof Blob ? value.size : 0);

/** IndexedDB in memory, as far as a page uses it: for tests where there is no browser. */
export class MemoryDatabases {
  /** Bytes that all values together may take. */
  quota = Number.POSITIVE_INFINITY;
  private readonly databases = new Map<string, Map<string, Records>>();

  get used(): number {
    const records = [...this.databases.values()].flatMap((stores) => [...stores.values()]);
    return records.flatMap((each) => [...each.values()]).reduce((sum, { value }) => sum + sizeOf(value), 0);
  }

  /** `indexedDB.open` */
  open(name: string): Request {
    const request = new Request();
    setTimeout(() => {
      const isNew = !this.databases.has(name);
      const stores = this.databases.get(name) ?? new Map<string, Records>();
      this.databases.set(name, stores);
      request.result = {
        createObjectStore: (store: string) => stores.set(store, new Map()),
        transaction: (store: string, mode = 'readonly') => this.transaction(stores, store, mode),
      };
      if (isNew) request.onupgradeneeded?.();
      request.onsuccess?.();
    });
    return request;
  }

  private transaction(stores: Map<string, Records>, store: string, mode: string): Transaction {
    if (!stores.has(store)) throw new DOMException(`there is no store ${store}`, 'NotFoundError');
    const transaction = new Transaction(() => stores.get(store) ?? new Map());
    // Its requests come before any timer.
    if (mode === 'readwrite') setTimeout(() => this.settle(stores, store, transaction));
    return transaction;
  }

  /** All of a transaction, or nothing of it. */
  private settle(stores: Map<string, Records>, store: string, transaction: Transaction): void {
    const before: Records = stores.get(store) ?? new Map();
    const after: Records = new Map(before);
    for (const change of transaction.changes) change(after);
    stores.set(store, after);
    if (this.used <= this.quota) {
      transaction.oncomplete?.();
      return;
    }
    stores.set(store, before);
    transaction.error = new DOMException('full', 'QuotaExceededError');
    transaction.onabort?.();
  }
}

class Transaction {
  oncomplete: (() => void) | null = null;
  onabort: (() => void) | null = null;
  error: DOMException | null = null;
  readonly changes: ((records: Records) => void)[] = [];
  private readonly records: () => Records;

  constructor(records: () => Records) {
    this.records = records;
  }

  objectStore() {
    const { changes } = this;
    const found = (asked?: Key | Range) =>
      [...this.records().values()]
        .filter(({ key }) => asked === undefined || within(key, asked))
        .sort((a, b) => compare(a.key, b.key));
    return {
      put: (value: unknown, key: Key) => changes.push((records) => records.set(JSON.stringify(key), { key, value })),
      delete: (asked: Key | Range) =>
        changes.push((records) => {
          for (const { key } of found(asked)) records.delete(JSON.stringify(key));
        }),
      get: (key: Key) => answered(() => found(key)[0]?.value),
      getAll: (asked?: Key | Range) => answered(() => found(asked).map(({ value }) => value)),
      getAllKeys: (asked?: Key | Range) => answered(() => found(asked).map(({ key }) => key)),
    };
  }
}
