import type { MeasuredReport } from 'neurodex/client';
import { counted, signed } from '../state/format.ts';

type PairwiseTest = MeasuredReport['tests'][number];

interface Tests {
  readonly tests: readonly PairwiseTest[];
}

/** The significance tests of every pair of systems. @param level of the tests, after Holm's correction */
export function PairwiseTests({ tests, level }: Tests & { readonly level: number }) {
  return (
    <section aria-labelledby="tests-title">
      <h2 id="tests-title">Significance tests</h2>
      <p className="note">
        Paired randomisation test, two-sided; p after Holm’s correction over {counted(tests.length, 'test')}; level{' '}
        {level}.
      </p>
      <ul className="plain-list">
        {verdictsOf(tests).map((verdict) => (
          <li key={verdict}>{verdict}</li>
        ))}
      </ul>
      <details className="behind">
        <summary>All tests</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must reach a scrolling region. */}
        <section className="scroll" tabIndex={0} aria-label="Tests of every pair of systems">
          <TestTable tests={tests} />
        </section>
      </details>
    </section>
  );
}

function TestTable({ tests }: Tests) {
  return (
    <table className="plain">
      <thead>
        <tr>
          <th scope="col">measure</th>
          <th scope="col">systems</th>
          <th scope="col" className="number">
            difference
          </th>
          <th scope="col" className="number">
            p
          </th>
          <th scope="col">better</th>
        </tr>
      </thead>
      <tbody>
        {tests.map(({ measure, systems, difference, interval, pHolm, winner }) => (
          <tr key={`${measure} ${systems.join()}`}>
            <th scope="row">{measure}</th>
            <td>{systems.join(' − ')}</td>
            <td className="number">
              {signed(difference)}
              <span className="interval">{interval.map(signed).join(' to ')}</span>
            </td>
            <td className="number">{pHolm < 0.0001 ? '< 0.0001' : pHolm.toFixed(4)}</td>
            <td>{winner ?? 'not significant'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** For each pair of systems, which one is better on which measures. */
function verdictsOf(tests: readonly PairwiseTest[]): string[] {
  /** Pair → verdict → measures. */
  const pairs = new Map<string, Map<string, string[]>>();
  for (const { systems, winner, measure } of tests) {
    const [a, b] = systems;
    const pair = pairs.get(systems.join()) ?? new Map([[`No difference between ${a} and ${b} is significant`, []]]);
    if (winner !== null) {
      const verdict = `${winner} is better than ${winner === a ? b : a}`;
      pair.set(verdict, [...(pair.get(verdict) ?? []), measure]);
    }
    pairs.set(systems.join(), pair);
  }
  return [...pairs.values()].flatMap((pair) => {
    const won = [...pair].filter(([, measures]) => measures.length > 0);
    return won.length > 0 ? won.map(([verdict, measures]) => `${verdict} on ${measures.join(', ')}`) : [...pair.keys()];
  });
}
