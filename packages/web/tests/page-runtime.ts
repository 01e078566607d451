import { type Feeds, type Fetches, type Runtime, RuntimeError } from '@neurodex/autograd';
import type { Page } from 'playwright-core';
import { copyElements } from '../../autograd/src/core/types.ts';
import { packed, packedShaped, unpacked, unpackedShaped } from './packed-arrays.ts';

/** Errors come out of a page as text: those of the runtime are its own again. */
async function inPage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const message = /RuntimeError: (.*)/.exec(text)?.[1];
    throw message === undefined ? error : new RuntimeError(message);
  }
}

/**
 * The runtime of a page (tests/runtime-page.ts), as a runtime here: every call is made in the page.
 * @param facts of the runtime that the page opens
 */
export function pageRuntime(
  open: () => Promise<Page>,
  facts: Pick<Runtime, 'device' | 'contrib' | 'inPlace'>,
): Runtime {
  return {
    ...facts,
    async load({ bytes, inputs, outputs }) {
      const page = await open();
      const given = { bytes: packed({ bytes }), model: { inputs, outputs } };
      const session = await inPage(() => page.evaluate((all) => runtimePage.load(all.bytes, all.model), given));
      return {
        async run(feeds: Feeds, into: Fetches = {}) {
          const asked = { session, feeds: packed(feeds), into: packed(into) };
          const answer = await inPage(() =>
            page.evaluate((all) => runtimePage.run(all.session, all.feeds, all.into), asked),
          );
          // What the page wrote into an array that it was given is written into the one that was given here.
          const fetched = unpacked(answer.outputs);
          for (const name of answer.written) {
            const [target, source] = [into[name], fetched[name]];
            if (target === undefined || source === undefined) continue;
            copyElements(target, source);
            fetched[name] = target;
          }
          for (const [name, array] of Object.entries(unpacked(answer.feeds))) {
            const own = feeds[name];
            if (own !== undefined) copyElements(own, array);
          }
          return fetched;
        },
        release: () => page.evaluate((at) => runtimePage.release(at), session),
      };
    },
    async open(onnx) {
      const page = await open();
      const bytes = packed({ bytes: onnx });
      const { model, ...declared } = await inPage(() => page.evaluate((all) => runtimePage.openModel(all), bytes));
      return {
        ...declared,
        async run(feeds, output) {
          const asked = { model, feeds: packedShaped(feeds), output };
          const { found } = unpackedShaped(
            await inPage(() => page.evaluate((all) => runtimePage.runModel(all.model, all.feeds, all.output), asked)),
          );
          if (!(found?.data instanceof Float32Array)) throw new RangeError('outputs are float32');
          return { shape: found.shape, data: found.data };
        },
        release: () => page.evaluate((at) => runtimePage.releaseModel(at), model),
      };
    },
  };
}
