import { ROLES } from '@neurodex/datasets';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PictureFacts } from './api/schemas.ts';
import { ListedPictures } from './listed-pictures.ts';

const names = fc.constantFrom('cat', 'dog', '', '__proto__', 'constructor', 'é');
const pictures = fc.array(fc.record({ role: fc.constantFrom(...ROLES), labels: fc.array(names, { maxLength: 3 }) }), {
  maxLength: 30,
});
const factsOf = (i: number, role: PictureFacts['role'], labels: string[]): PictureFacts => ({
  ...{ id: `a.${i}`, name: `${i}.png`, role, labels, identifier: null },
  ...{ image: `/image/${i}`, thumbnail: `/thumbnail/${i}` },
});

it('lists what looking through all pictures finds, in their order', () => {
  const asked = fc.record({
    role: fc.option(fc.constantFrom(...ROLES), { nil: undefined }),
    label: fc.option(names, { nil: undefined }),
  });
  fc.assert(
    fc.property(pictures, asked, (drawn, { role, label }) => {
      const facts = drawn.map((one, i) => factsOf(i, one.role, one.labels));
      const listed = new ListedPictures(facts);
      expect(listed.with({ role, label })).toEqual(
        facts.filter(
          (one) => (role === undefined || one.role === role) && (label === undefined || one.labels.includes(label)),
        ),
      );
      expect(listed.labels).toEqual([...new Set(facts.flatMap(({ labels }) => labels))].sort());
    }),
  );
});
