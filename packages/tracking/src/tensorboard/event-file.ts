import { PbfWriter } from 'pbf';
import type { ExamplePicture } from '../tracker.ts';
import { maskedCrc32c } from './crc32c.ts';

/** One thing to show, under a tag. */
export type SummaryValue =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly text: string }
  | { readonly tag: string; readonly picture: ExamplePicture };

export interface TensorBoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** 'brain.Event:2', in the first event of a file. */
  readonly fileVersion?: string;
  /** A resumed run begins again here: TensorBoard forgets what an earlier file holds from this step on. */
  readonly restart?: true;
  readonly values?: readonly SummaryValue[];
}

export const FILE_VERSION = 'brain.Event:2';

/** One record of a TFRecord file: length, its checksum, data, its checksum; all little-endian. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return record;
}

/** Field numbers are those of tensorflow/core/util/event.proto and framework/summary.proto. */
export function encodeEvent(event: TensorBoardEvent): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeDoubleField(1, event.wallTime);
  if (event.step !== 0) pbf.writeVarintField(2, event.step);
  if (event.fileVersion !== undefined) pbf.writeStringField(3, event.fileVersion);
  if (event.values !== undefined) pbf.writeMessage(5, writeSummary, event.values);
  if (event.restart) pbf.writeMessage(7, (_, log) => log.writeVarintField(1, SESSION_START), undefined);
  return pbf.finish();
}

const SESSION_START = 1;
const DT_STRING = 7;
const RGB = 3;

function writeSummary(values: readonly SummaryValue[], pbf: PbfWriter): void {
  for (const value of values) pbf.writeMessage(1, writeValue, value);
}

function writeValue(value: SummaryValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, value.tag);
  if ('scalar' in value) {
    pbf.writeFloatField(2, value.scalar);
  } else if ('picture' in value) {
    pbf.writeMessage(4, writePicture, value.picture);
    pbf.writeMessage(9, writeMetadata, { plugin: 'images', displayName: `${value.tag}: ${value.picture.caption}` });
  } else {
    pbf.writeMessage(8, writeText, value.text);
    pbf.writeMessage(9, writeMetadata, { plugin: 'text', displayName: value.tag });
  }
}

function writePicture({ width, height, bytes }: ExamplePicture, pbf: PbfWriter): void {
  pbf.writeVarintField(1, height);
  pbf.writeVarintField(2, width);
  pbf.writeVarintField(3, RGB);
  pbf.writeBytesField(4, bytes);
}

/** A tensor of shape [1] that holds a string. */
function writeText(text: string, pbf: PbfWriter): void {
  pbf.writeVarintField(1, DT_STRING);
  pbf.writeMessage(
    2,
    (size: number, shape) => shape.writeMessage(2, (n: number, dim) => dim.writeVarintField(1, n), size),
    1,
  );
  pbf.writeBytesField(8, Buffer.from(text));
}

function writeMetadata(metadata: { readonly plugin: string; readonly displayName: string }, pbf: PbfWriter): void {
  pbf.writeMessage(1, (name: string, data) => data.writeStringField(1, name), metadata.plugin);
  pbf.writeStringField(2, metadata.displayName);
}
