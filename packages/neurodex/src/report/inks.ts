/** Okabe and Ito's colours, told apart by people with any colour vision; on dark paper a lighter shade. */
export const INKS = [
  ['#0072b2', '#56b4e9'],
  ['#b34700', '#ff9d5c'],
  ['#00765a', '#3ddbb0'],
  ['#a03c78', '#e79ac6'],
  ['#6b5900', '#e6c84f'],
  ['#4a4a4a', '#c8c8c8'],
] as const;

/** Light, then dark. */
export const PAPER = ['#ffffff', '#0d1117'] as const;
export const TEXT = ['#1f2328', '#e6edf3'] as const;
