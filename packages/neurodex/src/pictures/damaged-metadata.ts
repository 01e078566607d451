import type { Reporter } from '@neurodex/core';

/** Counts pictures whose metadata is damaged. They are used all the same, and one warning tells of them. */
export class DamagedMetadata {
  private count = 0;
  private first: { readonly path: string; readonly reason: string } | undefined;

  /** @param damaged as `readMetadata` tells it; empty where nothing is */
  add(path: string, damaged: readonly string[]): void {
    const [reason] = damaged;
    if (reason === undefined) return;
    this.count++;
    this.first ??= { path, reason };
  }

  report(reporter: Reporter): void {
    const [count, first] = [this.count, this.first];
    if (first === undefined) return;
    const many = count === 1 ? '1 picture has' : `${count} pictures have`;
    reporter.warn(
      `${many} metadata that is damaged, and that was passed over (${count === 1 ? '' : 'the first: '}${first.path}, ${first.reason})`,
      { damagedMetadata: count },
    );
  }
}
