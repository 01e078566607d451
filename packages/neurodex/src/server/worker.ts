import { NeurodexError, silentReporter } from '@neurodex/core';
import { ApiError } from './api/problems.ts';
import type { Changed } from './index-changes.ts';
import type { ReportState } from './report-desk.ts';
import type { ServerSettings } from './server-options.ts';
import { type Serving, startServer } from './start-server.ts';
import type { FromWorker, RefusedChange, ToWorker } from './worker-messages.ts';

/** One process of a server of several (workers.ts). */
const send = (message: FromWorker): void => void process.send?.(message);

/** Questions of one kind to the process that started this one, until they are answered. */
class Questions<T> {
  private readonly waiting = new Map<number, (answer: T) => void>();
  private last = 0;

  ask(question: (id: number) => FromWorker): Promise<T> {
    return new Promise((resolve) => {
      const id = ++this.last;
      this.waiting.set(id, resolve);
      send(question(id));
    });
  }

  answer(id: number, answer: T): void {
    this.waiting.get(id)?.(answer);
    this.waiting.delete(id);
  }
}

const reports = new Questions<ReportState>();
const changes = new Questions<Changed | RefusedChange>();
const metricsTexts = new Questions<string>();

let serving: Serving | undefined;

async function start(settings: ServerSettings): Promise<void> {
  try {
    serving = await startServer({
      ...settings,
      reporter: { ...silentReporter, warn: (message) => send({ kind: 'warning', message }) },
      reports: {
        ask: (index, digest) => reports.ask((id) => ({ kind: 'ask-report', id, index, digest })),
        close: async () => {},
      },
      desk: {
        // One process writes, so that the changes of all are committed together.
        async ask(index, request) {
          const answer = await changes.ask((id) => ({ kind: 'ask-change', id, index, request }));
          if ('outcome' in answer) return answer;
          const { code, message, hint, retryAfter } = answer;
          throw new ApiError(code, message, {
            ...(hint === undefined ? {} : { hint }),
            ...(retryAfter === undefined ? {} : { retryAfter }),
          });
        },
        close: async () => {},
      },
      metricsText: () => metricsTexts.ask((id) => ({ kind: 'ask-metrics', id })),
    });
    send({ kind: 'listening', address: serving.address });
    void serving.failure.then(fail);
  } catch (error) {
    fail(error);
  }
}

/** Says why it ends, and ends: it would be of no more use. */
function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const { code, hint, details } = error instanceof NeurodexError ? error : {};
  const said: FromWorker = {
    kind: 'failed',
    message,
    ...(code === undefined ? {} : { code }),
    ...(details === undefined ? {} : { details }),
    ...(hint === undefined ? {} : { hint }),
  };
  process.send?.(said, () => process.exit(1));
}

process.on('message', async (message: ToWorker) => {
  if (message.kind === 'start') await start(message.settings);
  else if (message.kind === 'report') reports.answer(message.id, message.state);
  else if (message.kind === 'change') changes.answer(message.id, message.answer);
  else if (message.kind === 'hide') serving?.hide(message.index, message.picture, message.isHidden);
  else if (message.kind === 'all-metrics') metricsTexts.answer(message.id, message.text);
  else if (message.kind === 'metrics-wanted') {
    const metrics = (await serving?.metrics.registry.getMetricsAsJSON()) ?? [];
    send({ kind: 'metrics', id: message.id, metrics });
  } else if (message.kind === 'stop') {
    await serving?.stop();
    process.exit();
  }
});
// The process that started this one hears the signals, and is what there is to end with.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());
// What is sent before there is somebody to hear it is lost.
send({ kind: 'hello' });
