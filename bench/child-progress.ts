import { type Reporter, silentReporter } from '@neurodex/core';

/** Lines for a process that waits for this one: every twentieth of the work. */
export const progressLines = (): Reporter => ({
  ...silentReporter,
  progress: ({ phase, done, total = 1 }) => {
    if (done % Math.ceil(total / 20) === 0) process.stderr.write(`${phase} ${done} of ${total}\n`);
  },
});
