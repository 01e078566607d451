/** What the network reads of a batch, as `ModelInput.type`. */
export type BatchInput = Uint8Array | Float32Array | Int32Array;
