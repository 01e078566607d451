import { ApiError } from './api/problems.ts';
import type { WriteReply } from './write-messages.ts';

/** Why a change failed, as far as its sender may know: not where the index is on this machine. The rest is the server's fault. */
export function changeFailure({ error, code, details = {} }: WriteReply & { kind: 'failed' }): Error {
  switch (code) {
    case 'run-locked': {
      const { pid, since } = details;
      const holder = pid === undefined ? 'another process' : `process ${pid}, since ${since}`;
      return new ApiError('run-locked', `the index is being changed by ${holder}`, {
        hint: 'try again when that has ended',
        retryAfter: 5,
        cause: error,
      });
    }
    case 'index-fixed':
      return new ApiError(
        'index-fixed',
        'this index cannot be changed: its network has learned its pictures by heart',
        {
          hint: 'build it again with --preset default: pictures can then come and go',
          cause: error,
        },
      );
    case 'disk-full':
      return new ApiError('disk-full', 'there is no room for the change', {
        hint: 'nothing was changed; make room on the disk of the server',
        cause: error,
      });
    default:
      return error;
  }
}
