import type { Viewer } from './viewer.ts';

/** What the CLI knows of the world: `run.ts` makes it from the process, tests by hand. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Given when a person or the system asks the program to stop. */
  readonly signal?: AbortSignal;
  /** Begins to turn signals into `signal`, where they would end the process; returns what ends that again. */
  readonly holdSignals?: () => () => void;
  /** Asks the terminal and reads its answer; see `askTerminal`. Nothing is asked without it. */
  readonly ask?: (question: string, isWhole: (answer: string) => boolean, milliseconds: number) => Promise<string>;
  /** Starts a viewer; nothing is shown without it. @throws Error where it cannot be started */
  readonly launch?: (viewer: Viewer) => Promise<void>;
  /** `process.platform` unless a test has its own. */
  readonly platform?: NodeJS.Platform;
  /** Milliseconds; `performance.now` unless a test has its own. */
  readonly now?: () => number;
}

export interface Output {
  /** Resolves when the text is on its way; rejects with the system's error. */
  write(text: string): void | Promise<void>;
  readonly isTTY?: boolean | undefined;
  /** Width of a terminal in characters. */
  readonly columns?: number | undefined;
  /** Height of a terminal in lines. */
  readonly rows?: number | undefined;
}
