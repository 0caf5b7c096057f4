import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { jsonOrNothing } from '../limits/bounded-json.ts'
import { failureInWords, timeoutInWords } from './failure-words.ts'

/** The stage a call was in: looking up the name, connecting, negotiating TLS, or waiting for the answer. */
export type Stage = 'dns' | 'tcp' | 'tls' | 'http'

export interface StagedAnswer {
  status: number
  headers: IncomingHttpHeaders
  /** Undefined if the answer is not JSON. */
  json: unknown
}

/** The stage in which a call failed, with a message for people. */
export class StagedFailure extends Error {
  override readonly name = 'StagedFailure'
  readonly stage: Stage

  constructor(stage: Stage, reason: string, cause: unknown) {
    super(reason, { cause })
    this.stage = stage
  }
}

/** In bytes. These calls have small answers. */
const maxAnswerBytes = 64 * 1024

/** Posts JSON over its own connection and tracks the stage it is in. @throws StagedFailure */
export async function stagedPost(url: string, body: unknown, deadlineMs: number): Promise<StagedAnswer> {
  const { protocol, hostname } = new URL(url)
  const isTls = protocol === 'https:'
  let stage: Stage = isIP(hostname.replace(/^\[|\]$/g, '')) ? 'tcp' : 'dns'
  const signal = AbortSignal.timeout(deadlineMs)
  const payload = JSON.stringify(body)
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload), accept: 'application/json' }
  const sent = (isTls ? httpsRequest : httpRequest)(url, { method: 'POST', headers, agent: false, signal })
  sent.once('socket', (socket: Socket) => {
    socket.once('lookup', (error: Error | null) => (stage = error ? 'dns' : 'tcp'))
    socket.once('connect', () => (stage = isTls ? 'tls' : 'http'))
    socket.once('secureConnect', () => (stage = 'http'))
  })
  sent.end(payload)
  try {
    const response = await answerTo(sent)
    const { statusCode: status = 0, headers: answered } = response
    return { status, headers: answered, json: jsonOrNothing(await readUpTo(response, maxAnswerBytes)) }
  } catch (error) {
    throw new StagedFailure(stage, signal.aborted ? timeoutInWords(stage, url, deadlineMs) : failureInWords(error, url), error)
  } finally {
    sent.destroy()
  }
}

const answerTo = (sent: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    sent.once('response', resolve)
    // Not `once`, because a request that is cut off can emit several errors.
    sent.on('error', reject)
  })

async function readUpTo(response: IncomingMessage, most: number): Promise<string> {
  let read = 0
  response.on('data', (chunk: Buffer) => {
    read += chunk.length
    if (read > most) response.destroy(Object.assign(new Error('too large'), { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' }))
  })
  return text(response)
}
