/** What a value of a description is replaced by. */
export const VALUES: readonly { readonly name: string; readonly of: (value: unknown) => unknown }[] = [
  { name: 'deleted', of: () => undefined },
  { name: 'null', of: () => null },
  { name: '0', of: () => 0 },
  { name: '-1', of: () => -1 },
  { name: '2^31', of: () => 2 ** 31 },
  { name: '1e300', of: () => 1e300 },
  { name: 'one more', of: (value) => (typeof value === 'number' ? value + 1 : value === true ? false : 1) },
  { name: 'half', of: (value) => (typeof value === 'number' ? value / 2 : 0.5) },
  { name: 'empty text', of: () => '' },
  { name: 'a path', of: () => '../../../etc/passwd' },
  { name: 'a long text', of: () => 'a\u0000\u202e'.repeat(20_000) },
  { name: 'a list', of: (value) => (Array.isArray(value) ? [...value, ...value] : [value]) },
  { name: 'an empty list', of: () => [] },
  { name: 'an object', of: () => JSON.parse('{"__proto__":{"file":1},"constructor":null}') },
  {
    name: 'nested',
    of: () => {
      let value: unknown = 1;
      for (let i = 0; i < 1000; i++) value = [value];
      return value;
    },
  },
];
