import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { NeurodexError } from '@neurodex/core';

/** What asks the program to stop: a key, the system, a terminal that is closed. */
const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Stopping = (typeof STOPPING)[number];

/** Milliseconds within which a second signal is the same key press: npx passes on what the terminal already sent us. */
const SAME_PRESS = 500;

/** Milliseconds in which the event loop turns, and hears of signals. */
const TURN = 5;

/** Seconds for which the thread may be kept by something that hears no signal, as a person waits for an answer. */
const PATIENCE = 1.5;

/**
 * Signals are the system's business, which ends the process at once, but while work runs that comes to an orderly end. A
 * handler runs only when the thread has time for it, so that there is none while the thread is kept for long.
 */
export class Signals {
  private readonly process: NodeJS.Process;
  private readonly names: readonly Stopping[];
  private readonly controller = new AbortController();
  private held = false;

  constructor(process: NodeJS.Process) {
    this.process = process;
    const ignored = ignoredSignals();
    // Who started us said that these are to be ignored (nohup, a job in the background).
    this.names = STOPPING.filter((name) => !ignored(name));
  }

  /** Given when the work shall stop. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** From now on the first signal asks the work to stop, and one after it ends the process. @returns what ends that */
  hold(): () => void {
    this.take();
    return () => this.letGo();
  }

  /** Does work that keeps the thread: a signal ends the process meanwhile where it is expected to take long. */
  readonly around = async <T>(seconds: number, work: () => T | Promise<T>): Promise<T> => {
    if (!this.held || seconds < PATIENCE) return await work();
    // What came while the thread had no time for it would be lost with the handlers.
    await setTimeout(TURN);
    if (this.signal.aborted) throw new NeurodexError('interrupted', 'interrupted');
    this.letGo();
    try {
      return await work();
    } finally {
      this.take();
    }
  };

  private take(): void {
    if (this.held || this.controller.signal.aborted) return;
    this.held = true;
    for (const name of this.names) this.process.on(name, this.stop);
  }

  private letGo(): void {
    if (!this.held) return;
    this.held = false;
    for (const name of this.names) this.process.off(name, this.stop);
  }

  private readonly stop = (): void => {
    if (this.controller.signal.aborted) return;
    this.controller.abort();
    void setTimeout(SAME_PRESS, undefined, { ref: false }).then(() => this.letGo());
  };
}

/** Linux: the signals that this process was started to ignore. */
function ignoredSignals(): (name: Stopping) => boolean {
  try {
    const [, mask = '0'] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    const bits = BigInt(`0x${mask}`);
    return (name) => ((bits >> BigInt(constants.signals[name] - 1)) & 1n) === 1n;
  } catch {
    return () => false;
  }
}
