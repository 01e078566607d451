import { ApiError } from './api/problems.ts';
import type { Waiting } from './batcher.ts';
import { BODIES_AT_ONCE, type Limits } from './limits.ts';

/** A search that was let in. */
export interface Admitted extends Waiting {
  gone: boolean;
  /** Once it is answered, or nobody waits for it. */
  leave(): void;
}

/** Lets searches in, as many as the limits allow at one time, before anything of their bodies is read. */
export class Admission {
  private readonly limits: Limits;
  private searches = 0;
  private bytes = 0;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Searches that are under way. */
  get underWay(): number {
    return this.searches;
  }

  /**
   * @param contentLength of the body; undefined where the request does not say
   * @throws ApiError `busy`, `body-too-large`
   */
  admit(contentLength: number | undefined): Admitted {
    const { queue, bodyBytes, searchSeconds } = this.limits;
    const bytes = contentLength ?? bodyBytes;
    if (bytes > bodyBytes)
      throw new ApiError('body-too-large', `the body has ${bytes} bytes, and the limit is ${bodyBytes}`, {
        hint: 'scale the picture down',
      });
    if (this.searches >= queue || this.bytes + bytes > BODIES_AT_ONCE * bodyBytes) throw busy();
    this.searches++;
    this.bytes += bytes;
    let inside = true;
    return {
      deadline: performance.now() + 1000 * searchSeconds,
      gone: false,
      leave: () => {
        if (!inside) return;
        inside = false;
        this.searches--;
        this.bytes -= bytes;
      },
    };
  }
}

const busy = (): ApiError =>
  new ApiError('busy', 'the server has more searches than it takes at one time', { hint: 'try again', retryAfter: 1 });
