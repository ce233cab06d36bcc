// TensorBoard's event file, written by hand: TFRecord frames (length, masked CRC-32C, data, masked CRC-32C) around Event
// messages in protobuf's wire format. Only what scalars need:
//   Event   { 1: double wall_time, 2: int64 step, 3: string file_version, 5: Summary summary }
//   Summary { repeated 1: Value }   Value { 1: string tag, 2: float simple_value }

export interface ScalarEvent {
  /** Seconds since 1970. */
  wall_time: number;
  step: number;
  values: Record<string, number>;
}

/** The bytes of an event file. */
export function tensorboardEvents(started: number, events: Iterable<ScalarEvent>): Uint8Array {
  const parts = [frame(message([double(1, started), text(3, "brain.Event:2")]))];
  for (const event of events) parts.push(scalarFrame(event));
  return message(parts);
}

/** What one event adds to the end of a file. */
export function scalarFrame({ wall_time, step, values }: ScalarEvent): Uint8Array {
  const summary = Object.entries(values).map(([tag, value]) =>
    bytes(1, message([text(1, tag), float(2, value)]))
  );
  return frame(message([double(1, wall_time), varint(2, step), bytes(5, message(summary))]));
}

const encoder = new TextEncoder();

/** Fields one after another; a message has no other structure. */
function message(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function frame(data: Uint8Array): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(data.length), true);
  return message([length, masked(length), data, masked(data)]);
}

/** The checksum of a TFRecord, rotated and shifted so that a checksum of checksums stays strong. */
function masked(data: Uint8Array): Uint8Array {
  const crc = crc32c(data);
  const result = new Uint8Array(4);
  new DataView(result.buffer).setUint32(0, (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, true);
  return result;
}

/** CRC-32 with Castagnoli's polynomial, reflected. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function tag(field: number, wireType: number): number[] {
  return [(field << 3) | wireType]; // fields up to 15 take one byte
}

function varint(field: number, value: number): Uint8Array {
  return Uint8Array.from([...tag(field, 0), ...digits(value)]);
}

function digits(value: number): number[] {
  const result: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) result.push((value % 128) | 128);
  return [...result, value];
}

function double(field: number, value: number): Uint8Array {
  const result = Uint8Array.from([...tag(field, 1), 0, 0, 0, 0, 0, 0, 0, 0]);
  new DataView(result.buffer).setFloat64(1, value, true);
  return result;
}

function float(field: number, value: number): Uint8Array {
  const result = Uint8Array.from([...tag(field, 5), 0, 0, 0, 0]);
  new DataView(result.buffer).setFloat32(1, value, true);
  return result;
}

function bytes(field: number, data: Uint8Array): Uint8Array {
  return message([Uint8Array.from([...tag(field, 2), ...digits(data.length)]), data]);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, encoder.encode(value));
}
