import { NeurodexError } from '@neurodex/core';

/** Pictures that cannot be had before it is said that most cannot. */
const ENOUGH = 10;

/**
 * Counts the pictures that a server does not give. One that is missing is skipped; where most are, work stops.
 * @example
 * ```ts
 * import { errorMessage, NeurodexError } from '@neurodex/core';
 * import { Availability } from '@neurodex/datasets';
 *
 * const availability = new Availability('photos.csv');
 * availability.add(); // this one came
 * const missing = ['2.jpg', '3.jpg'].map((name) => new NeurodexError('picture-unavailable', `${name}: status 404`));
 * for (const error of missing) availability.add(error);
 * try {
 *   availability.check();
 * } catch (error) {
 *   console.log(errorMessage(error));
 * }
 * // → most pictures of photos.csv cannot be had: 2 of the 3 tried; the first: 2.jpg: status 404
 * ```
 */
export class Availability {
  private readonly source: string;
  private tried = 0;
  private missing = 0;
  private first = '';

  /** @param source what the user named */
  constructor(source: string) {
    this.source = source;
  }

  /**
   * One more picture was tried.
   * @param error what it failed with
   * @throws NeurodexError `download-failed`, when ten are missing and they are most of those tried
   */
  add(error?: unknown): void {
    this.tried++;
    if (!(error instanceof NeurodexError) || error.code !== 'picture-unavailable') return;
    this.missing++;
    this.first ||= error.message;
    if (this.missing >= ENOUGH) this.check();
  }

  /** All were tried. @throws NeurodexError `download-failed`, when most are missing */
  check(): void {
    if (2 * this.missing <= this.tried) return;
    throw new NeurodexError(
      'download-failed',
      `most pictures of ${this.source} cannot be had: ${this.missing} of the ${this.tried} tried; the first: ${this.first}`,
      {
        hint: 'check the network and the addresses in the annotations, or put the pictures beside the annotations; what was fetched is kept',
        details: { source: this.source, missing: this.missing, tried: this.tried },
      },
    );
  }
}
