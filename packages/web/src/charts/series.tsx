/** Dashes, so that lines are told apart without colour; colours are the variables of styles/tokens.css. */
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '12 4', '4 2'] as const;
export const INKS = 6;

export const ink = (i: number): string => `var(--series-${i % INKS})`;
export const dash = (i: number): string | undefined => DASHES[i % DASHES.length] || undefined;

/** Which line is whose. */
export function Legend({ names }: { readonly names: readonly string[] }) {
  return (
    <ul className="legend">
      {names.map((name, i) => (
        <li key={name}>
          <svg width="26" height="10" aria-hidden="true" focusable="false">
            <line x1="1" x2="25" y1="5" y2="5" stroke={ink(i)} strokeWidth="2.5" strokeDasharray={dash(i)} />
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
