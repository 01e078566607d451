/** Where the native parts are, and whether they work. Loading them may fail: that is a finding. */
export interface NativeParts {
  /** @throws Error why ONNX Runtime cannot be loaded */
  engine(): Promise<{ readonly version: string; readonly devices: readonly string[] }>;
  /** Traces a small graph and runs it. @returns what is wrong with its answer @throws Error why it cannot be run */
  compute(device: string): Promise<string | undefined>;
  /** @throws Error why sharp cannot be loaded */
  pictures(): Promise<{ readonly sharp: string; readonly libvips: string }>;
  /** Encodes and decodes a small picture. @returns what is wrong with it @throws Error why it cannot be done */
  decode(): Promise<string | undefined>;
}

/** What a check may look at. Tests make machines up; `thisMachine` is the one that the program runs on. */
export interface Machine {
  readonly version: string;
  /** Of Node: 20.19.0. */
  readonly node: string;
  readonly platform: NodeJS.Platform;
  readonly architecture: string;
  /** Of the operating system. */
  readonly release: string;
  /** Undefined where that is no question. */
  readonly libc: 'glibc' | 'musl' | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Threads that Node takes for useful: those of ONNX Runtime. */
  readonly threads: number;
  /** Bytes of memory, whoever may use it. */
  readonly memory: number;
  readonly cacheFolder: string;
  readonly temporaryFolder: string;
  readonly native: NativeParts;
  /** The text of a small file; undefined where there is none. */
  read(path: string): Promise<string | undefined>;
  /** Bytes that are free where a path is, or would be. */
  freeDisk(path: string): Promise<number | undefined>;
  /** Makes and deletes a file in a folder, or looks whether the folder could be made. @returns why that cannot be done */
  whyUnwritable(folder: string): Promise<string | undefined>;
  /** Of all files below a folder, as far as they are counted in a few seconds; undefined where there is none. */
  sizeOf(
    folder: string,
  ): Promise<{ readonly bytes: number; readonly files: number; readonly isWhole: boolean } | undefined>;
  /** Files that a process may have open; undefined where there is no such limit, or nobody knows. */
  openFiles(): Promise<number | undefined>;
  /** Of a package that is installed beside this one; undefined where it is not. */
  packageVersion(name: string): Promise<string | undefined>;
}
