import { describe, expect, it } from 'vitest';
import { Host } from './host.ts';
import type { Hosted } from './hosted.ts';

/** As much of an index as a host looks at, whether it was closed, and what it hides. */
function fake(id: string, version: string, created = 'then') {
  const state = { closed: false, hidden: [] as number[] };
  const close = async (): Promise<void> => {
    state.closed = true;
  };
  const index = {
    id,
    card: { version },
    version: { digest: version, created },
    close,
    hideAs: () => {},
    hide: (picture: number) => void state.hidden.push(picture),
    show: (picture: number) => {
      state.hidden = state.hidden.filter((each) => each !== picture);
    },
  };
  return { index: index as unknown as Hosted, state };
}

describe('a host', () => {
  it('gives the version that was put in last', () => {
    const [one, other, next] = [fake('a', '1'), fake('b', '1'), fake('a', '2')];
    const host = new Host([one.index, other.index]);
    expect(host.index('a')).toBe(one.index);
    host.replace(0, next.index);
    expect(host.index('a')).toBe(next.index);
    expect(host.index(undefined)).toBe(next.index);
    expect(host.indexes).toEqual([next.index, other.index]);
    expect(() => host.replace(1, next.index)).toThrow('there is no index a at 1');
  });

  it('closes what was replaced at once where nobody reads it', () => {
    const [one, next] = [fake('a', '1'), fake('a', '2')];
    const host = new Host([one.index]);
    host.enter()();
    host.replace(0, next.index);
    expect([one.state.closed, next.state.closed]).toEqual([true, false]);
  });

  it('closes what was replaced behind the last request that began before, and not for later ones', () => {
    const versions = ['1', '2', '3'].map((version) => fake('a', version));
    const [first, second, third] = versions as [(typeof versions)[0], (typeof versions)[0], (typeof versions)[0]];
    const closed = () => versions.map(({ state }) => state.closed);
    const host = new Host([first.index]);
    const [leaveOne, leaveTwo] = [host.enter(), host.enter()];
    host.replace(0, second.index);
    const leaveThree = host.enter();
    host.replace(0, third.index);
    const leaveFour = host.enter();
    expect(closed()).toEqual([false, false, false]);
    leaveTwo();
    expect(closed()).toEqual([false, false, false]);
    leaveOne();
    expect(closed()).toEqual([true, false, false]);
    leaveFour();
    expect(closed()).toEqual([true, false, false]);
    leaveThree();
    expect(closed()).toEqual([true, true, false]);
  });

  it('hides a picture in every version that a request may still read, and in no other build or index', () => {
    const [one, other, next, built] = [fake('a', '1'), fake('b', '1'), fake('a', '2'), fake('a', '3', 'now')];
    const host = new Host([one.index, other.index]);
    const leave = host.enter();
    host.replace(0, next.index);
    host.hide('a', 7);
    expect([one, next, other].map(({ state }) => state.hidden)).toEqual([[7], [7], []]);
    host.replace(0, built.index);
    host.hide('a', 8);
    expect([one, next, built].map(({ state }) => state.hidden)).toEqual([[7], [7], [8]]);
    host.show('a', 8);
    host.hide('nowhere', 1);
    expect(built.state.hidden).toEqual([]);
    leave();
  });

  it('closes all with itself', async () => {
    const [one, next] = [fake('a', '1'), fake('a', '2')];
    const host = new Host([one.index]);
    host.enter();
    host.replace(0, next.index);
    await host.close();
    expect([one.state.closed, next.state.closed]).toEqual([true, true]);
  });
});
