/**
 * How large things may be, in one place for everybody who makes them and everybody who reads them: what people and scripts
 * enter beyond a bound is refused with its name, what Docker and the machine say beyond it is cut visibly, and what another
 * node sends beyond it costs itself (see lenient.ts). All of a thing together fits what its reader takes in one piece.
 *
 * Lengths are in UTF-16 units, as JavaScript and zod count; one becomes six bytes of JSON at most (`\u0000`). A bound that
 * shrinks makes what older nodes send unreadable, one that grows what newer nodes send to older primaries: change them rarely.
 */
export const bounds = {
  app: {
    name: 63,
    description: 10_000,
    composeBytes: 256 * 1024,
    statusReason: 2000,
    containers: 500,
    /** What the containers of one app may weigh as JSON; with the largest Compose file an app stays below 1 MiB. */
    containersBytes: 256 * 1024,
  },
  /** Folders that are no app yet: more are not chosen from in a list. */
  folders: 500,
  container: { id: 100, name: 300, service: 255, image: 500, statusText: 200, ports: 200, hostIp: 100, protocol: 20 },
  operation: {
    message: 1000,
    error: 10_000,
    line: 2000,
    lines: 500,
    /** Of all lines together; the newest are kept. */
    output: 100_000,
    warnings: 50,
  },
  /** What a removal would take and leave: so many things of each kind, and texts that name them. */
  removal: { ofKind: 100, items: 1000, name: 1000, detail: 500, obstacle: 1000 },
  /** What is wrong with a Compose file, or worth knowing of it. */
  problem: { message: 500, file: 255 },
  stats: { containers: 2000, disks: 100, mount: 255, filesystem: 100, dockerError: 2000, dockerVersion: 100 },
  about: { version: 50, capability: 50, capabilities: 100, hostname: 255 },
  /** What one node may have: its primary keeps no more of it. */
  node: { apps: 1000, composeBytes: 24 * 2 ** 20 },
  nodeName: 100,
  url: 2000,
  apiKey: 500,
  settingValue: 10_000,
  /** Of a person in whose name a node asks another. */
  personName: 200,
  join: { notes: 10, note: 1000, earlier: 10, failure: 1000 },
  /** What one node answers another, and one event of a feed: in bytes, and in values, which is what parsing costs. */
  answer: { bytes: 2 * 2 ** 20, values: 50_000 },
  event: { bytes: 8 * 2 ** 20, values: 200_000 },
  /** What a reader of events takes in the long run, and at once after a quiet time; a piece of them costs `chunkCost` bytes at least. */
  feed: { bytes: { perSecond: 2 ** 20, burst: 16 * 2 ** 20 }, events: { perSecond: 100, burst: 500 }, chunkCost: 256 },
} as const

/** Whole numbers of 32 bits are all that GraphQL's Int can carry. */
export const maxInt = 2 ** 31 - 1
/** Dates that everybody can write and read: in years of four digits. */
export const earliest = new Date('0001-01-01T00:00:00Z')
export const latest = new Date('9999-12-31T23:59:59Z')

/** A text of at most `most` units. What was cut ends with "…", and no character is cut in half. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  const kept = text.slice(0, most - 1)
  return `${isHighSurrogate(kept.charCodeAt(kept.length - 1)) ? kept.slice(0, -1) : kept}…`
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff

export const cutOrNull = (text: string | null, most: number): string | null => (text === null ? null : cut(text, most))

/** The first of a list, and how many more there are. */
export const firstOf = <T>(list: T[], most: number): { kept: T[]; more: number } => ({
  kept: list.length <= most ? list : list.slice(0, most),
  more: Math.max(0, list.length - most),
})

/** What is wrong with a text that somebody entered, with its field; nothing when it is short enough. */
export const tooLong = (field: string, text: string | null | undefined, most: number): { field: string; message: string }[] =>
  text && text.length > most ? [{ field, message: `has ${text.length} characters; at most ${most} are possible` }] : []

export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))
