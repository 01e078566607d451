/** The origin private file system in memory, as far as a page uses it: for tests where there is no browser. */
export class MemoryFiles {
  /** Bytes that all files together may take. */
  quota = Number.POSITIVE_INFINITY;
  private readonly entries = new Map<string, Uint8Array | null>();

  /** `navigator.storage` of a browser that has one. */
  get storage() {
    const used = (): number => [...this.entries.values()].reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0);
    return {
      getDirectory: async () => new MemoryDirectory(this, ''),
      estimate: async () => ({ quota: this.quota, usage: used() }),
    };
  }

  get(path: string): Uint8Array | null | undefined {
    return this.entries.get(path);
  }

  /** @param bytes null: a folder */
  set(path: string, bytes: Uint8Array | null): void {
    const before = this.entries.get(path)?.length ?? 0;
    const used = [...this.entries.values()].reduce((sum, each) => sum + (each?.length ?? 0), 0);
    if (used - before + (bytes?.length ?? 0) > this.quota) throw new DOMException('full', 'QuotaExceededError');
    this.entries.set(path, bytes);
  }

  remove(path: string): void {
    for (const each of [...this.entries.keys()])
      if (each === path || each.startsWith(`${path}/`)) this.entries.delete(each);
  }

  childrenOf(path: string): string[] {
    const below = [...this.entries.keys()].filter((each) => each.startsWith(`${path}/`));
    return below.map((each) => each.slice(path.length + 1)).filter((name) => !name.includes('/'));
  }
}

const missing = (name: string): DOMException => new DOMException(`${name} is not there`, 'NotFoundError');

class MemoryDirectory {
  readonly kind = 'directory';
  private readonly files: MemoryFiles;
  private readonly path: string;

  constructor(files: MemoryFiles, path: string) {
    this.files = files;
    this.path = path;
  }

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<MemoryDirectory> {
    const path = `${this.path}/${name}`;
    if (create && this.files.get(path) === undefined) this.files.set(path, null);
    if (this.files.get(path) !== null) throw missing(name);
    return new MemoryDirectory(this.files, path);
  }

  async getFileHandle(name: string, { create = false } = {}): Promise<MemoryFileHandle> {
    if (name.includes('/')) throw new TypeError('a name may hold no slash');
    const path = `${this.path}/${name}`;
    if (create && this.files.get(path) === undefined) this.files.set(path, new Uint8Array());
    if (!(this.files.get(path) instanceof Uint8Array)) throw missing(name);
    return new MemoryFileHandle(this.files, path, name);
  }

  async removeEntry(name: string): Promise<void> {
    const path = `${this.path}/${name}`;
    if (this.files.get(path) === undefined) throw missing(name);
    this.files.remove(path);
  }

  async *entries(): AsyncGenerator<[string, MemoryDirectory | MemoryFileHandle]> {
    for (const name of this.files.childrenOf(this.path)) {
      const isFolder = this.files.get(`${this.path}/${name}`) === null;
      yield [name, isFolder ? await this.getDirectoryHandle(name) : await this.getFileHandle(name)];
    }
  }
}

/** `FileSystemFileHandle` */
export class MemoryFileHandle {
  readonly kind = 'file';
  private readonly files: MemoryFiles;
  private readonly path: string;
  private readonly name: string;

  constructor(files: MemoryFiles, path: string, name: string) {
    this.files = files;
    this.path = path;
    this.name = name;
  }

  async getFile(): Promise<File> {
    const bytes = this.files.get(this.path);
    if (!(bytes instanceof Uint8Array)) throw missing(this.name);
    return new File([Uint8Array.from(bytes)], this.name);
  }

  /** What is written takes the place of the file when the stream is closed. */
  async createWritable() {
    const pieces: Uint8Array[] = [];
    const { files, path } = this;
    return {
      async write(bytes: Uint8Array): Promise<void> {
        pieces.push(bytes);
      },
      async abort(): Promise<void> {
        pieces.length = 0;
      },
      async close(): Promise<void> {
        const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
        let at = 0;
        for (const piece of pieces) {
          all.set(piece, at);
          at += piece.length;
        }
        files.set(path, all);
      },
    };
  }
}
