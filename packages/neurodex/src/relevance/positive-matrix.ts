/** The inverse of a positive definite matrix, and the logarithm of its determinant. */
export interface Inverse {
  /** float64 [size, size] */
  readonly inverse: Float64Array;
  readonly logDeterminant: number;
}

/**
 * Inverts A by its Cholesky decomposition A = L·Lᵀ. @param matrix A, symmetric, float64 [size, size]; it is left as it is
 * @returns undefined where A is not positive definite
 */
export function invertPositive(matrix: Float64Array, size: number): Inverse | undefined {
  const lower = choleskyOf(matrix, size);
  if (lower === undefined) return undefined;
  let logDeterminant = 0;
  for (let i = 0; i < size; i++) logDeterminant += 2 * Math.log(lower[i * size + i] ?? NaN);
  const below = invertLower(lower, size);
  const inverse = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = 0;
      for (let k = row; k < size; k++) sum += (below[k * size + row] ?? NaN) * (below[k * size + column] ?? NaN);
      inverse[row * size + column] = sum;
      inverse[column * size + row] = sum;
    }
  }
  return { inverse, logDeterminant };
}

/** L, lower triangular, of A = L·Lᵀ; undefined where A is not positive definite. */
function choleskyOf(matrix: Float64Array, size: number): Float64Array | undefined {
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let rest = matrix[row * size + column] ?? NaN;
      for (let k = 0; k < column; k++) rest -= (lower[row * size + k] ?? NaN) * (lower[column * size + k] ?? NaN);
      if (row > column) lower[row * size + column] = rest / (lower[column * size + column] ?? NaN);
      else if (rest > 0) lower[row * size + row] = Math.sqrt(rest);
      else return undefined;
    }
  }
  return lower;
}

function invertLower(lower: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let rest = row === column ? 1 : 0;
      for (let k = column; k < row; k++) rest -= (lower[row * size + k] ?? NaN) * (inverse[k * size + column] ?? NaN);
      inverse[row * size + column] = rest / (lower[row * size + row] ?? NaN);
    }
  }
  return inverse;
}
