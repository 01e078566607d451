/** The catalogue pictures among which a search ranks. */
export interface RowMask {
  /** uint8 [rows]: 1 where the picture of a row is one of them. */
  readonly bytes: Uint8Array;
  /** How many there are. */
  readonly count: number;
}

/** Whether a row is among those that are ranked; without a mask, all are. */
export const isAmong = (mask: RowMask | undefined, row: number): boolean => mask === undefined || mask.bytes[row] === 1;
