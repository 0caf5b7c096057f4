import { pino, type DestinationStream, type Logger } from 'pino'
import { systemClock } from './clock.ts'

export type Log = Logger

/** Members with these names are redacted wherever they appear in a log line. */
const secretMembers = [
  'apiKey',
  'api_key',
  'key',
  'token',
  'secret',
  'password',
  'authorization',
  'cookie',
  'cloudflareApiToken',
  'X-Node-API-Key',
]

/**
 * Standard output for the log: JSON lines, or readable lines if it is a terminal. Writing is asynchronous, so text that must
 * come after a log line has to go through `print` here.
 */
export async function createLogOutput({ pretty }: { pretty: boolean }) {
  const stdout = pino.destination({ dest: 1, sync: false })
  const print = (text: string): void => void stdout.write(text)
  /** Writes what is left, for a second at most. When this program ends, sonic-boom tries for ever to write to a reader that is gone. */
  async function end(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = systemClock.after(1000, resolve)
    stdout.flush(() => resolve())
    await promise
    cancel()
    stdout.flushSync = () => undefined
  }
  if (!pretty) return { write: print, print, end }
  const { prettyFactory } = await import('pino-pretty')
  const readable = prettyFactory({ translateTime: 'SYS:HH:MM:ss', singleLine: true })
  return { write: (line: string): void => print(readable(line)), print, end }
}

export function createLog({ level, output }: { level: string; output?: DestinationStream }): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretMembers.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[redacted]' },
    },
    output ?? pino.destination(1),
  )
}
