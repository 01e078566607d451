/** How terminals take pictures: the graphics protocol of kitty, the inline images of iTerm2, and Sixel of DEC's terminals. */
export const PROTOCOLS = ['kitty', 'iterm2', 'sixel'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** What `--inline` takes. */
export const INLINE = ['auto', ...PROTOCOLS, 'none'] as const;
export type Inline = (typeof INLINE)[number];

/** A character cell of a terminal in pixels. */
export interface CellSize {
  readonly width: number;
  readonly height: number;
}

/** How pictures go to a terminal. */
export interface TerminalPictures {
  readonly protocol: Protocol;
  /** Undefined where the terminal does not tell. */
  readonly cell: CellSize | undefined;
  /** Width of the terminal in cells. */
  readonly columns: number;
}
