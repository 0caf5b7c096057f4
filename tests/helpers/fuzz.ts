import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import type { FuzzInput } from './fuzz-inputs.ts'

export interface FuzzReport {
  /** How often each status came back. */
  statuses: Record<number, number>
  /** GraphQL answers with data, whose document was valid and ran. */
  withData: number
  /** Forbidden answers, with the input that caused them. */
  faults: string[]
}

const answerDeadlineMs = 20_000
/** Stack traces and paths of program files. */
const inside = /\bat (\S+ )?\(?\S+:\d+:\d+|node_modules|file:\/\/|node:internal|SQLITE|MikroORM|TypeError|RangeError/
const expected503 = /"code":"(DOCKER_UNAVAILABLE|NODE_UNREACHABLE)"/

let calls = 0

/** Sends each input from its own address, so that per-address limits do not end the run. */
function send(origin: string, input: FuzzInput, credentials: Record<string, string>): Promise<{ status: number; answer: string }> {
  const { method, path, body } = input
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const localAddress = `127.2.${(calls >> 8) & 255}.${calls++ & 255}`
  return new Promise((resolve, reject) => {
    const headers = { ...length, ...input.headers, ...credentials }
    const sent = request(origin + path, { agent: false, method, localAddress, headers, timeout: answerDeadlineMs })
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${answerDeadlineMs} ms`)))
    sent.on('error', reject)
    sent.on('response', (response) => void text(response).then((answer) => resolve({ status: response.statusCode ?? 0, answer }), reject))
    sent.end(body)
  })
}

function faultOf({ status, answer }: { status: number; answer: string }, secrets: string[]): string | null {
  if (status >= 500 && !(status === 503 && expected503.test(answer))) return `status ${status}`
  if (answer.includes('"code":"INTERNAL"')) return 'a bug, masked'
  if (inside.test(answer)) return 'the inside of the program'
  return secrets.some((secret) => answer.includes(secret)) ? 'a secret' : null
}

/** Sends `count` inputs, a few at once, alternating between callers. The same seed gives the same inputs. */
export async function fuzz(options: {
  origin: string
  inputs: fc.Arbitrary<FuzzInput>
  count: number
  seed: number
  callers: Record<string, Record<string, string>>
  secrets: string[]
}): Promise<FuzzReport> {
  const report: FuzzReport = { statuses: {}, withData: 0, faults: [] }
  const names = Object.keys(options.callers)
  const inputs = fc.sample(options.inputs, { numRuns: options.count, seed: options.seed })
  let next = 0

  async function work(): Promise<void> {
    for (let index = next++; index < inputs.length; index = next++) {
      const input = inputs[index] as FuzzInput
      const caller = names[index % names.length] ?? ''
      const told = `${caller}: ${JSON.stringify(input).slice(0, 1500)}`
      try {
        const answered = await send(options.origin, input, options.callers[caller] ?? {})
        report.statuses[answered.status] = (report.statuses[answered.status] ?? 0) + 1
        if (answered.answer.startsWith('{"data":{')) report.withData += 1
        const fault = faultOf(answered, options.secrets)
        if (fault) report.faults.push(`${fault}: ${told}\n  ${answered.answer.slice(0, 500)}`)
      } catch (error) {
        report.faults.push(`${String(error)}: ${told}`)
      }
    }
  }

  await Promise.all(Array.from({ length: 8 }, work))
  return report
}
