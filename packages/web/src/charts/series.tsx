/** Dashes distinguish lines without colour; styles/tokens.css defines the colours. */
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '12 4', '4 2'] as const;
export const INKS = 6;

export const ink = (i: number): string => `var(--series-${i % INKS})`;
export const dash = (i: number): string | undefined => DASHES[i % DASHES.length] || undefined;

/** Shapes around (0, 0) distinguish dots without colour. */
const SHAPES = [
  'M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0',
  'M-3 -3h6v6h-6z',
  'M0 -4.2L4 2.8h-8z',
  'M0 -4.4L4.4 0L0 4.4L-4.4 0z',
  'M0 4.2L4 -2.8h-8z',
  'M-4 -1.3h2.7v-2.7h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7z',
] as const;

export function Mark({ i, x, y }: { readonly i: number; readonly x: number; readonly y: number }) {
  return <path d={SHAPES[i % SHAPES.length]} transform={`translate(${x} ${y})`} fill={ink(i)} stroke="none" />;
}

/** The names of the series, each beside its line or its mark. */
export function Legend({ names, marks = false }: { readonly names: readonly string[]; readonly marks?: boolean }) {
  return (
    <ul className="legend">
      {names.map((name, i) => (
        <li key={name}>
          <svg width="26" height="10" aria-hidden="true" focusable="false">
            <line
              x1="1"
              x2="25"
              y1="5"
              y2="5"
              stroke={ink(i)}
              strokeWidth={marks ? 2 : 2.5}
              strokeDasharray={marks ? undefined : dash(i)}
            />
            {marks ? <Mark i={i} x={13} y={5} /> : null}
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
