import { pino, type DestinationStream, type Logger } from 'pino'

export type Log = Logger

/** Names of members that never reach a log, wherever they appear in what is logged. */
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
 * Standard output, as the log writes to it: JSON lines, or readable ones when a person looks on (a terminal). It writes later
 * than it is told, so a text that must come after a line of the log goes through here too.
 */
export async function createLogOutput({ pretty }: { pretty: boolean }) {
  const stdout = pino.destination({ dest: 1, sync: false })
  const print = (text: string): void => void stdout.write(text)
  if (!pretty) return { write: print, print }
  const { prettyFactory } = await import('pino-pretty')
  const readable = prettyFactory({ translateTime: 'SYS:HH:MM:ss', singleLine: true })
  return { write: (line: string): void => print(readable(line)), print }
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
