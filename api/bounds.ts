/**
 * Size limits, shared by the code that writes a value and the code that reads it. Input from people and scripts beyond a
 * limit is refused, naming the field. Facts from Docker and the machine are cut visibly. Values from another node that
 * exceed a limit are dropped on their own (see lenient.ts). The largest possible item still fits in one message.
 *
 * Lengths are in UTF-16 code units, as JavaScript and zod count them; one takes at most six bytes of JSON (`\u0000`). Change
 * limits rarely: lowering one makes data from older nodes unreadable here, and raising one makes our data unreadable to
 * older primaries.
 */
export const bounds = {
  app: {
    name: 63,
    description: 10_000,
    composeBytes: 256 * 1024,
    statusReason: 2000,
    containers: 500,
    /** Exceptions from the safety policy. */
    allowances: 50,
    /** Total size of one app's containers as JSON. Together with the largest Compose file, an app stays below 1 MiB. */
    containersBytes: 256 * 1024,
    /** What is said about updates of its images: services, digests of each, and all of it as JSON. */
    imageUpdates: 200,
    imageDigests: 8,
    imageError: 500,
    imageUpdatesBytes: 64 * 1024,
    /** Variables of its environment, and the length of all names and values together. */
    variables: 500,
    variableName: 255,
    environmentBytes: 64 * 1024,
    /** Files beside the Compose file, and the size of all together. */
    files: 50,
    filePath: 255,
    filesBytes: 512 * 1024,
    profiles: 50,
    profile: 100,
    schedules: 20,
  },
  /** Folders that are not an app yet. Nobody picks from a longer list. */
  folders: 500,
  /** Compose projects that are not apps yet: how many, and what is shown of each. */
  foundProjects: { projects: 200, name: 255, services: 100, path: 1000, files: 20, containers: 100, bytes: 1024 * 1024 },
  cron: 100,
  timeZone: 100,
  /** A window is at most a day, and an image that is a year old is old. */
  autoUpdate: { windowMinutes: 1440, minimumAgeHours: 8760, held: 1000 },
  digest: 200,
  platform: 100,
  container: { id: 100, name: 300, service: 255, image: 500, statusText: 200, ports: 200, hostIp: 100, protocol: 20 },
  operation: {
    message: 1000,
    error: 10_000,
    line: 2000,
    lines: 500,
    /** All lines together. The newest are kept. */
    output: 100_000,
    warnings: 50,
    /** Services that one restart names. */
    services: 100,
    idempotencyKey: 200,
    /** What it was asked to do, as JSON: a description and many services fit. */
    input: 256 * 1024,
  },
  /** One version of an app. `listed`: most that one answer lists. */
  version: { reason: 1000, author: 200, images: 500, digest: 100, listed: 500 },
  /** The preview of a removal: items of each kind, items in all, and the length of their texts. */
  removal: { ofKind: 100, items: 1000, name: 1000, detail: 500, obstacle: 1000 },
  /** A finding of the safety policy: its words, its value, its place in the model; and what an administrator may name at once. */
  policy: { message: 2500, detail: 300, path: 500, rule: 50, allowed: 100 },
  /** An error or warning about a Compose file. */
  problem: { message: 500, file: 255 },
  network: { id: 100, name: 255, driver: 100 },
  /** What an Engine holds: the most of each kind that a list shows, the size of a list as JSON, and the parts of one thing. */
  thing: {
    ...{ container: 1000, image: 2000, volume: 2000, network: 500, listBytes: 2 ** 20 },
    ...{
      name: 300,
      networks: 50,
      volumes: 50,
      tags: 50,
      digests: 20,
      heldFor: 50,
      subnets: 10,
      labels: 20,
      labelName: 200,
      labelValue: 300,
    },
    exitReason: 600,
  },
  /** What is asked about one container: the parts of its details, what it looks like inside, and its processes. */
  inside: {
    ...{ mounts: 100, networks: 50, aliases: 10, address: 100, environment: 300, labels: 100, text: 1000, output: 4000 },
    ...{ inspectBytes: 256 * 1024, processes: 500, columns: 12, cell: 500 },
  },
  prune: { items: 1000, kept: 200, text: 300 },
  /** The answer to a check of a draft. */
  validation: { problems: 50, findings: 50, findingText: 500, rule: 50, path: 300, variables: 300, variable: 200, resolved: 200_000 },
  stats: { containers: 2000, disks: 100, mount: 255, filesystem: 100, dockerError: 2000, dockerVersion: 100, storageReason: 500 },
  /** What one answer about the past has: series, metrics of each, values of each metric, and marks on the time axis. */
  history: { name: 300, series: 50, metrics: 20, points: 1000, marks: 400, detail: 500 },
  /** What one answer about what happened has, and its texts. */
  timeline: { entries: 500, what: 50, name: 300, detail: 500 },
  /**
   * Terminals. In bytes: what is kept for whoever joins again, one message, and what was typed and waits. Then how long a command is,
   * sessions, and how fast one of them and all of a node together send, where every message costs `messageCost` bytes more than it has.
   */
  terminals: {
    history: 256 * 1024,
    message: 64 * 1024,
    output: 16 * 1024,
    queued: 256 * 1024,
    command: { arguments: 50, argument: 4096 },
    size: { cols: 1000, rows: 500 },
    container: 255,
    sessions: { ofCaller: 10, ofNode: 40, all: 200 },
    messageCost: 256,
    ofSession: { perSecond: 2 ** 20, burst: 2 ** 20 },
    sent: { perSecond: 3 * 2 ** 20, burst: 2 * 2 ** 20 },
  },
  about: { version: 50, capability: 50, capabilities: 100, hostname: 255 },
  /** Most that a primary keeps about one node. */
  node: { apps: 1000, composeBytes: 24 * 2 ** 20 },
  /** The longest that a deploy may take to become healthy. */
  deadlineSeconds: 3600,
  nodeName: 100,
  url: 2000,
  apiKey: 500,
  settingValue: 10_000,
  /** Name of the person on whose behalf one node calls another. */
  personName: 200,
  join: { notes: 10, note: 1000, earlier: 10, failure: 1000 },
  /** One answer between nodes, and one feed event. Values are counted because they determine the cost of parsing. */
  answer: { bytes: 4 * 2 ** 20, values: 50_000 },
  event: { bytes: 8 * 2 ** 20, values: 200_000 },
  /**
   * Logs. A longer line is cut. `past`: what a stream can start with. `ring`: what one reader keeps for slower ones. `batch`: what is sent
   * at once. `streams`: live streams of one caller, to one node, and in all. `read`, `sent`: bytes per second that a node decodes, and
   * sends to its primary; what is more is counted, not kept. A link is cut beyond twice `sent`.
   */
  logs: {
    lineBytes: 16 * 1024,
    tail: 10_000,
    past: { lines: 10_000, bytes: 8 * 2 ** 20 },
    ring: { lines: 10_000, bytes: 4 * 2 ** 20 },
    batch: { lines: 2000, bytes: 256 * 1024 },
    message: 4 * 2 ** 20,
    streams: { ofCaller: 20, ofNode: 40, all: 200 },
    read: { perSecond: 16 * 2 ** 20, burst: 16 * 2 ** 20 },
    sent: { perSecond: 8 * 2 ** 20, burst: 2 * 2 ** 20 },
    services: 100,
    /** Ends of earlier reading, from which a stream goes on. */
    positions: 200,
  },
  /** How fast a reader accepts events: the sustained rate, and the burst after a quiet time. Each chunk counts as at least `chunkCost` bytes. */
  feed: { bytes: { perSecond: 2 ** 20, burst: 16 * 2 ** 20 }, events: { perSecond: 100, burst: 500 }, chunkCost: 256 },
} as const

/** GraphQL's Int is a signed 32-bit integer. */
export const maxInt = 2 ** 31 - 1
/** Dates with four-digit years, which every JSON reader accepts. */
export const earliest = new Date('0001-01-01T00:00:00Z')
export const latest = new Date('9999-12-31T23:59:59Z')

/** Shortens a text to at most `most` units. A shortened text ends with "…", and no character is split. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  const kept = text.slice(0, most - 1)
  return `${isHighSurrogate(kept.charCodeAt(kept.length - 1)) ? kept.slice(0, -1) : kept}…`
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff

export const cutOrNull = (text: string | null, most: number): string | null => (text === null ? null : cut(text, most))

/** The first `most` items of a list, and how many were left out. */
export const firstOf = <T>(list: T[], most: number): { kept: T[]; more: number } => ({
  kept: list.length <= most ? list : list.slice(0, most),
  more: Math.max(0, list.length - most),
})

/** Control characters, and those that change the direction of the text around them: a name with them can look like another. */
const unprintable = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u
export const isPrintable = (text: string): boolean => !unprintable.test(text)
export const unprintableWords = 'must not contain line breaks, control characters or characters that change the text direction'

/** The field error for a text that is too long; empty if it is short enough. */
export const tooLong = (field: string, text: string | null | undefined, most: number): { field: string; message: string }[] =>
  text && text.length > most ? [{ field, message: `has ${text.length} characters. The maximum is ${most}` }] : []

export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))
