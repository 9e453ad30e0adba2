/**
 * Finds what the linker tells Go's runtime of a program's memory: `runtime.firstmoduledata`, in the data of a core module.
 * Its first field points to the table of functions, whose header no other data has; some fields on, addresses stand in a row:
 * begin and end of noptrdata, data, bss, noptrbss and of the counters of coverage, then `end`. Go 1.21 to 1.26 have it so.
 */
import { Reader } from "../binaryReader.ts";
import { readAddress } from "./coreModule.ts";

/** The header of the table of functions: four bytes that say the version, two of zero, then the sizes of code units and pointers. */
const tableVersion = 0xfffffff0;
const tableSizes = 0x08010000;

const fieldSize = 8;
const rowLength = 11;
/** In fields, more than there are before the row. */
const rowIsWithin = 64;
/** What lies between two ranges of data, in bytes: less than any alignment. */
const maxGap = 4096;

const i32Const = 0x41;
const endOfExpression = 0x0b;

/** Of a program's memory what its data fill; the rest is zero. */
interface Image {
  /** The address of the first byte; a multiple of a field's size. */
  base: number;
  view: DataView;
  segments: number;
}

interface Segment {
  address: number;
  bytes: Uint8Array;
}

/**
 * @param size of the memory, in bytes
 * @returns undefined where the data are not as Go's linker makes them: at fixed addresses of the one memory
 */
export function readImage(body: Uint8Array, size: number): Image | undefined {
  const segments = readSegments(new Reader(body));
  if (!segments) return undefined;
  const begin = segments.reduce((least, { address }) => Math.min(least, address), size);
  const end = segments.reduce((most, { address, bytes }) => Math.max(most, address + bytes.length), begin);
  if (end > size) return undefined;
  const base = begin - (begin % fieldSize);
  const image = new Uint8Array(end - base);
  for (const { address, bytes } of segments) image.set(bytes, address - base);
  return { base, view: new DataView(image.buffer), segments: segments.length };
}

function readSegments(reader: Reader): Segment[] | undefined {
  const segments: Segment[] = [];
  for (let left = reader.u32(); left > 0; left -= 1) {
    const isPlain = reader.u32() === 0 && reader.byte() === i32Const;
    if (!isPlain) return undefined;
    const address = readAddress(reader);
    if (reader.byte() !== endOfExpression) return undefined;
    segments.push({ address, bytes: reader.slice(reader.u32()).rest() });
  }
  return segments;
}

/** What the runtime takes for the end of the program's data, and the address at which that stands. */
interface EndOfData {
  field: number;
  end: number;
}

/** @returns undefined where it is not found, or more than once */
export function findEndOfData({ base, view }: Image): EndOfData | undefined {
  const tables = new Set(indexes(view, isTable).map((index) => base + index * fieldSize));
  const pointers = indexes(view, (_, index) => high(view, index) === 0 && tables.has(low(view, index)));
  const rows = new Set(pointers.flatMap((index) => rowsBehind(view, index, base + view.byteLength)));
  const [row] = rows;
  if (row === undefined || rows.size > 1) return undefined;
  const last = row + rowLength - 1;
  return { field: base + last * fieldSize, end: low(view, last) };
}

function indexes(view: DataView, isOne: (view: DataView, index: number) => boolean): number[] {
  const found: number[] = [];
  const count = Math.floor(view.byteLength / fieldSize);
  for (let index = 0; index < count; index += 1) if (isOne(view, index)) found.push(index);
  return found;
}

function isTable(view: DataView, index: number): boolean {
  return (low(view, index) & 0xfffffff0) >>> 0 === tableVersion && high(view, index) === tableSizes;
}

function rowsBehind(view: DataView, first: number, dataEnd: number): number[] {
  const places = Array.from({ length: rowIsWithin }, (_, index) => first + 1 + index);
  return places.filter((at) => isRow(view, at, dataEnd));
}

function isRow(view: DataView, at: number, dataEnd: number): boolean {
  if ((at + rowLength) * fieldSize > view.byteLength) return false;
  const fields = Array.from({ length: rowLength }, (_, index) => at + index);
  if (fields.some((index) => high(view, index) !== 0)) return false;
  const [noptrdata, enoptrdata, data, edata, bss, ebss, noptrbss, enoptrbss, covctrs, ecovctrs, end] =
    fields.map((index) => low(view, index)) as Row;
  return (
    isRange(noptrdata, enoptrdata) &&
    isNext(enoptrdata, data) &&
    isRange(data, edata) &&
    isNext(edata, bss) &&
    isRange(bss, ebss) &&
    isNext(ebss, noptrbss) &&
    isRange(noptrbss, enoptrbss) &&
    // The counters are part of noptrbss, or at its end where there are none.
    noptrbss <= covctrs &&
    covctrs <= ecovctrs &&
    ecovctrs <= end &&
    enoptrbss <= end &&
    // From bss on all is zero.
    dataEnd <= bss
  );
}

type Row = [number, number, number, number, number, number, number, number, number, number, number];

function isRange(begin: number, end: number): boolean {
  return 0 < begin && begin < end;
}

function isNext(end: number, begin: number): boolean {
  return end <= begin && begin - end < maxGap;
}

function low(view: DataView, index: number): number {
  return view.getUint32(index * fieldSize, true);
}

function high(view: DataView, index: number): number {
  return view.getUint32(index * fieldSize + 4, true);
}
