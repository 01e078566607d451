import { ApiError } from './api/problems.ts';
import type { Waiting } from './batcher.ts';
import type { Limits } from './limits.ts';

/** A search that was let in. */
export interface Admitted extends Waiting {
  gone: boolean;
  /** Places for so many searches beside it, which come and leave with it. @throws ApiError `busy` */
  widen(searches: number): void;
  /** Once it is answered, or nobody waits for it. */
  leave(): void;
}

/** Memory of one body, as far as it has arrived. */
export interface Held {
  /** @throws ApiError `busy` where all bodies together would be more than the limit */
  add(bytes: number): void;
  /** Once the body is no longer needed. */
  free(): void;
}

type Bounds = Pick<Limits, 'bodyBytes' | 'allBodyBytes' | 'queue' | 'searchSeconds'>;

/**
 * Lets bodies and searches in, as many as the limits allow at one time. A body counts with the bytes that have arrived: a client
 * that only announces a large one takes no room from others. A search has a place once its body is complete.
 */
export class Admission {
  private readonly limits: Bounds;
  private searches = 0;
  private bytes = 0;

  constructor(limits: Bounds) {
    this.limits = limits;
  }

  /** Searches that are under way. */
  get underWay(): number {
    return this.searches;
  }

  /** Bytes of bodies in memory. */
  get bodyBytes(): number {
    return this.bytes;
  }

  /**
   * Refuses before anything of a body is read.
   * @param contentLength of the body; undefined where the request does not say
   * @param most bytes that a body of its type may have
   * @throws ApiError `busy`, `body-too-large`
   */
  check(contentLength: number | undefined, most: number): void {
    if (contentLength !== undefined && contentLength > most) throw tooLarge(most, contentLength);
    if (this.searches >= this.limits.queue) throw busy();
    if (this.bytes + (contentLength ?? 0) > this.limits.allBodyBytes) throw busy();
  }

  /** Memory for a body that is about to be read. */
  hold(): Held {
    let held = 0;
    return {
      add: (bytes) => {
        if (this.bytes + bytes > this.limits.allBodyBytes) throw busy();
        held += bytes;
        this.bytes += bytes;
      },
      free: () => {
        this.bytes -= held;
        held = 0;
      },
    };
  }

  /** A place for a search whose body has arrived. @throws ApiError `busy` */
  enter(): Admitted {
    const { queue, searchSeconds } = this.limits;
    if (this.searches >= queue) throw busy();
    this.searches++;
    let places = 1;
    return {
      deadline: performance.now() + 1000 * searchSeconds,
      gone: false,
      widen: (searches) => {
        if (this.searches + searches > queue) throw busy();
        places += searches;
        this.searches += searches;
      },
      leave: () => {
        this.searches -= places;
        places = 0;
      },
    };
  }
}

export const tooLarge = (most: number, bytes?: number): ApiError =>
  new ApiError(
    'body-too-large',
    `the body has ${bytes === undefined ? 'more bytes than the limit,' : `${bytes} bytes, and the limit is`} ${most}`,
    { hint: most > 1e6 ? 'scale the picture down' : 'send {"picture": "<id>"}' },
  );

const busy = (): ApiError =>
  new ApiError('busy', 'the server has more searches than it takes at one time', { hint: 'try again', retryAfter: 1 });
