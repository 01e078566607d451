import type { Random, Runtime } from '@neurodex/autograd';
import { defined, evenly } from '@neurodex/core';
import type { Geometry } from '../dsi/model/geometry.ts';
import { calibrationError } from '../evaluation/calibration/calibration-error.ts';
import { type PictureEvaluationQuery, queriesOf } from '../evaluation/queries.ts';
import { relevantRows } from '../evaluation/relevance.ts';
import type { QueryEncoder } from '../models/encoder/query-encoder.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import type { System } from '../query/system.ts';
import { type CalibrationQuery, fitTemperature, relevantMass, samplePlaces } from '../training/calibration.ts';
import { MOST_VALIDATED } from '../training/most-validated.ts';
import { encodeQueries } from '../training/states.ts';

/** Bins of the calibration error of a memory. */
const BINS = 10;

export interface CalibrationSource {
  readonly store: PictureStore;
  readonly runtime: Runtime;
  readonly geometry: Geometry;
  readonly parameters: Float32Array;
  /** Of the catalogue pictures, float32 [N, D]. */
  readonly states: Float32Array;
  /** Place of a catalogue row among the states. */
  positionOf(row: number): number;
  readonly backbone: QueryEncoder | undefined;
}

/** A validation query with its state. */
interface Encoded extends CalibrationQuery {
  readonly query: PictureEvaluationQuery;
}

/** Fits the temperature of a memory to the validation queries, and measures how well its probabilities can be believed. */
export class Calibration {
  private readonly source: CalibrationSource;
  private readonly sample: readonly number[];
  /** Places of the rows that are relevant; queries of a class share one set. */
  private readonly sets = new Map<ReadonlySet<number>, ReadonlySet<number>>();
  private encoded: Promise<readonly Encoded[]> | undefined;

  constructor(source: CalibrationSource, random: Random) {
    this.source = source;
    this.sample = samplePlaces(source.states.length / source.geometry.width, random);
  }

  /** Undefined where there is no validation query to fit it to. */
  async temperature(): Promise<number | undefined> {
    const { states, geometry } = this.source;
    return fitTemperature(await this.queries(), states, geometry.width, this.sample);
  }

  /**
   * The expected calibration error of the first answers. The confidence in an answer is the probability of all pictures that are
   * relevant to it together; it is right where it is relevant to the query. Undefined where there is no query.
   */
  async error(system: System, temperature: number): Promise<number | undefined> {
    const { store, states, geometry } = this.source;
    const queries = await this.queries();
    if (queries.length === 0) return undefined;
    const ranked = await system.rank(
      queries.map(({ query }) => query),
      1,
    );
    const answers = ranked.flatMap(([first], i) => {
      const { query, state } = defined(queries[i], 'the query of a ranking');
      if (first === undefined) return [];
      const picture = defined(store.rows[first.row], 'the picture of an answer');
      const asked = { state, relevant: this.positions(relevantRows(store, picture)) };
      const confidence = relevantMass(asked, states, geometry.width, temperature, this.sample);
      return [{ confidence, right: query.relevant.has(first.row) }];
    });
    const confidences = answers.map(({ confidence }) => confidence);
    return calibrationError({ confidences, right: answers.map(({ right }) => (right ? 1 : 0)) }, BINS);
  }

  private queries(): Promise<readonly Encoded[]> {
    this.encoded ??= this.encode();
    return this.encoded;
  }

  private positions(rows: ReadonlySet<number>): ReadonlySet<number> {
    const known = this.sets.get(rows) ?? new Set([...rows].map(this.source.positionOf));
    this.sets.set(rows, known);
    return known;
  }

  private async encode(): Promise<readonly Encoded[]> {
    const { store } = this.source;
    const queries = evenly(
      queriesOf(store, 'validation').filter(({ relevant }) => relevant.size > 0),
      MOST_VALIDATED,
    );
    const states = await encodeQueries(this.source, queries);
    return queries.map((query, i) => ({
      query,
      state: defined(states[i], 'the state of a query'),
      relevant: this.positions(query.relevant),
    }));
  }
}
