import { pino, type Logger } from 'pino'

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

/** JSON lines on standard output; readable lines when a person looks on (a terminal). */
export function createLog(options: { level: string; pretty: boolean }): Log {
  return pino({
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secretMembers.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[redacted]' },
    ...(options.pretty ? { transport: { target: 'pino-pretty', options: { translateTime: 'SYS:HH:MM:ss', singleLine: true } } } : {}),
  })
}
