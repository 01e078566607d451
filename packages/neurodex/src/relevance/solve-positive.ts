/**
 * Solves A·x = b by the Cholesky decomposition, in place: of A, the lower half is overwritten, and b becomes x.
 * @param matrix A, symmetric and positive definite, float64 [size, size] @param vector b, float64 [size]
 * @returns false where A is not positive definite
 */
export function solvePositive(matrix: Float64Array, vector: Float64Array): boolean {
  const size = vector.length;
  const at = (row: number, column: number): number => matrix[row * size + column] ?? NaN;
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let rest = at(row, column);
      for (let k = 0; k < column; k++) rest -= at(row, k) * at(column, k);
      if (row > column) matrix[row * size + column] = rest / at(column, column);
      else if (rest > 0) matrix[row * size + column] = Math.sqrt(rest);
      else return false;
    }
  }
  for (let row = 0; row < size; row++) {
    let rest = vector[row] ?? NaN;
    for (let k = 0; k < row; k++) rest -= at(row, k) * (vector[k] ?? NaN);
    vector[row] = rest / at(row, row);
  }
  for (let row = size - 1; row >= 0; row--) {
    let rest = vector[row] ?? NaN;
    for (let k = row + 1; k < size; k++) rest -= at(k, row) * (vector[k] ?? NaN);
    vector[row] = rest / at(row, row);
  }
  return true;
}
