import { afterAll, describe, expect, it } from 'vitest';
import { RuntimeError } from '../core/errors.ts';
import type { TensorType } from '../core/types.ts';
import type { Graph } from '../graph/graph.ts';
import { trace } from '../graph/trace.ts';
import { dropout } from '../ops/dropout.ts';
import { add, mul, relu } from '../ops/elementwise.ts';
import { gather } from '../ops/gather.ts';
import { argMax, sum } from '../ops/reduce.ts';
import { cast, equalMask } from '../ops/select.ts';
import { loadable } from './model.ts';
import type { Runtime, Session } from './runtime.ts';

const f = (...shape: number[]): TensorType => ({ dtype: 'float32', shape });

/** What every Runtime does. */
export function runtimeContract(name: string, create: () => Runtime): void {
  describe(`the runtime ${name}`, () => {
    const runtime = create();
    const sessions: Session[] = [];
    const load = async (graph: Graph): Promise<Session> => {
      const session = await runtime.load(loadable(graph, { contrib: runtime.contrib }));
      sessions.push(session);
      return session;
    };
    afterAll(async () => {
      for (const session of sessions) await session.release();
    });

    const scaled = trace({ x: f(2, 2), s: f() }, ({ x, s }) => ({ y: mul(x, s), total: sum(mul(x, s)) }));
    const x = Float32Array.of(1, 2, 3, 4);

    it('computes outputs of any rank from inputs of any rank', async () => {
      const session = await load(scaled);
      expect(await session.run({ x, s: Float32Array.of(2) })).toEqual({
        y: Float32Array.of(2, 4, 6, 8),
        total: Float32Array.of(20),
      });
    });

    it('gives every run its own answer', async () => {
      const session = await load(scaled);
      const first = await session.run({ x, s: Float32Array.of(2) });
      const second = await session.run({ x, s: Float32Array.of(-1) });
      expect([...(second.y ?? [])]).toEqual([-1, -2, -3, -4]);
      expect([...(first.y ?? [])]).toEqual([2, 4, 6, 8]);
    });

    it('writes into arrays that it is given, and leaves the inputs alone', async () => {
      const session = await load(scaled);
      const y = new Float32Array(4);
      const fetched = await session.run({ x, s: Float32Array.of(3) }, { y });
      expect(fetched.y).toBe(y);
      expect([...y]).toEqual([3, 6, 9, 12]);
      expect(fetched.total).toEqual(Float32Array.of(30));
      expect([...x]).toEqual([1, 2, 3, 4]);
    });

    it('opens a model that was made elsewhere, and says what goes in and out', async () => {
      const model = await runtime.open(loadable(scaled, { contrib: runtime.contrib }).bytes);
      expect(model.inputs).toEqual([
        { name: 'x', dtype: 'float32', shape: [2, 2] },
        { name: 's', dtype: 'float32', shape: [] },
      ]);
      expect(model.outputs.map(({ name }) => name)).toEqual(['y', 'total']);
      const feeds = { x: { shape: [2, 2], data: x }, s: { shape: [], data: Float32Array.of(2) } };
      expect(await model.run(feeds, 'y')).toEqual({ shape: [2, 2], data: Float32Array.of(2, 4, 6, 8) });
      await expect(model.run({ x: feeds.x }, 'y')).rejects.toThrow('the input s is missing');
      const wrong = { ...feeds, x: { shape: [4, 1], data: x } };
      await expect(model.run(wrong, 'y')).rejects.toThrow(RuntimeError);
      await model.release();
      await expect(runtime.open(Uint8Array.of(1, 2, 3))).rejects.toThrow(RuntimeError);
    });

    it('moves every element type', async () => {
      const types = {
        bytes: { dtype: 'uint8', shape: [2] },
        whole: { dtype: 'int32', shape: [2] },
        long: { dtype: 'int64', shape: [2] },
        flags: { dtype: 'bool', shape: [2] },
      } as const;
      const session = await load(
        trace(types, ({ bytes, whole, long, flags }) => ({
          bytes32: cast(bytes, 'int32'),
          wholeAsBytes: cast(whole, 'uint8'),
          longIsWhole: equalMask(long, cast(whole, 'int64')),
          flagsAsFloats: cast(flags, 'float32'),
          best: argMax(cast(whole, 'float32')),
          truth: cast(bytes, 'bool'),
        })),
      );
      const outputs = await session.run({
        bytes: Uint8Array.of(255, 0),
        whole: Int32Array.of(3, 200),
        long: BigInt64Array.of(3n, 2n ** 40n),
        flags: Uint8Array.of(1, 0),
      });
      expect(outputs).toEqual({
        bytes32: Int32Array.of(255, 0),
        wholeAsBytes: Uint8Array.of(3, 200),
        longIsWhole: Float32Array.of(1, 0),
        flagsAsFloats: Float32Array.of(1, 0),
        best: BigInt64Array.of(1n),
        truth: Uint8Array.of(1, 0),
      });
    });

    it('gives an input, a constant and one value twice as outputs', async () => {
      const session = await load(
        trace({ x: f(2) }, ({ x: input }) => {
          const y = add(input, 1);
          return { same: input, y, again: y, seven: mul(add(mul(input, 0), 7), 1) };
        }),
      );
      expect(await session.run({ x: Float32Array.of(1, 2) })).toEqual({
        same: Float32Array.of(1, 2),
        y: Float32Array.of(2, 3),
        again: Float32Array.of(2, 3),
        seven: Float32Array.of(7, 7),
      });
    });

    it('asks for no input that nothing reads', async () => {
      const session = await load(trace({ x: f(2), unread: f(9) }, ({ x: input }) => ({ y: relu(input) })));
      expect(await session.run({ x: Float32Array.of(-1, 2) })).toEqual({ y: Float32Array.of(0, 2) });
    });

    it('takes noise as an input', async () => {
      const session = await load(trace({ x: f(3) }, ({ x: input }) => ({ y: dropout(input, 0.5) })));
      const feeds = { x: Float32Array.of(1, 2, 3), noise0: Uint8Array.of(0, 127, 128) };
      expect(await session.run(feeds)).toEqual({ y: Float32Array.of(0, 0, 6) });
      await expect(session.run({ x: feeds.x })).rejects.toThrow('the input noise0 is missing');
    });

    const refused: Record<string, [feeds: Parameters<Session['run']>[0], message: string]> = {
      'an input that is missing': [{ x }, 'the input s is missing'],
      'an array of the wrong length': [
        { x: Float32Array.of(1, 2, 3), s: Float32Array.of(1) },
        'the input x has 3 elements; [2,2] holds 4',
      ],
      'an array of the wrong type': [
        { x, s: Int32Array.of(1) },
        'the input s is float32 and takes a Float32Array, not a Int32Array',
      ],
    };
    for (const [what, [feeds, message]] of Object.entries(refused)) {
      it(`refuses ${what}`, async () => {
        const session = await load(scaled);
        await expect(session.run(feeds)).rejects.toThrow(RuntimeError);
        await expect(session.run(feeds)).rejects.toThrow(message);
      });
    }

    it('refuses an output array of the wrong length', async () => {
      const session = await load(scaled);
      const run = session.run({ x, s: Float32Array.of(1) }, { y: new Float32Array(3) });
      await expect(run).rejects.toThrow('the output y has 3 elements; [2,2] holds 4');
    });

    it('refuses bytes that are no model', async () => {
      const model = { ...loadable(scaled), bytes: Uint8Array.of(1, 2, 3) };
      await expect(runtime.load(model)).rejects.toThrow(RuntimeError);
    });

    if (create().device === 'cpu') {
      it('says so when a run fails, and runs on', async () => {
        const types = { table: f(2), i: { dtype: 'int32', shape: [1] } } as const;
        const session = await load(trace(types, ({ table, i }) => ({ y: gather(table, i) })));
        const table = Float32Array.of(5, 6);
        await expect(session.run({ table, i: Int32Array.of(2) })).rejects.toThrow(RuntimeError);
        expect(await session.run({ table, i: Int32Array.of(1) })).toEqual({ y: Float32Array.of(6) });
      });
    }
  });
}
