import type { Reporter } from '@neurodex/core';

/** One file's share of the progress. */
export interface Share {
  /** How many of its bytes are here. */
  reach(bytes: number): void;
  /** Its size, as soon as it is known. */
  expect(total: number): void;
  end(): void;
}

/** Files that are fetched at the same time, shown as one: bytes here of the bytes that all of them have. */
export class ByteProgress {
  private readonly reporter: Reporter;
  private readonly shares = new Map<symbol, { bytes: number; total: number | undefined }>();
  private active = 0;

  constructor(reporter: Reporter) {
    this.reporter = reporter;
  }

  begin(total: number | undefined): Share {
    const key = Symbol();
    const share = { bytes: 0, total };
    this.shares.set(key, share);
    this.active++;
    let ended = false;
    return {
      reach: (bytes) => {
        share.bytes = bytes;
        this.report();
      },
      expect: (known) => {
        share.total = known;
      },
      end: () => {
        if (ended) return;
        ended = true;
        // A file that failed does not hold the bar back for ever.
        share.total = share.bytes;
        this.report();
        if (--this.active === 0) this.shares.clear();
      },
    };
  }

  private report(): void {
    let done = 0;
    let total: number | undefined = 0;
    for (const share of this.shares.values()) {
      done += share.bytes;
      total = total === undefined || share.total === undefined ? undefined : total + Math.max(share.total, share.bytes);
    }
    this.reporter.progress({ phase: 'download', done, ...(total === undefined ? {} : { total }), unit: 'bytes' });
  }
}
