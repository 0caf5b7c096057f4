import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { Clock } from '../clock.ts'
import { AppError, asError, errorMessage, notFound } from '../errors.ts'
import { withDeadline } from './deadline.ts'
import { dockerUnavailable } from './docker-endpoint.ts'
import { createEngineClient, hasStatus, inspectContainer, statusOf } from './engine-client.ts'
import type { EngineLogOptions, EngineLogs } from './engine.types.ts'
import { createFrameReader, createLogLines, createTerminalReader } from './log-lines.ts'

/** The Engine answers before it looks for the first line. */
const opensWithinMs = 10_000

/** @throws StartError when dockerHost is not an address */
export function createEngineLogs(options: { clock: Clock; dockerHost?: string }): EngineLogs {
  const client = createEngineClient(options)
  const { docker, endpoint } = client
  const { clock } = options

  async function hasTerminal(containerId: string): Promise<boolean> {
    const info = await inspectContainer(client, containerId)
    if (!info) throw notFound('container', containerId)
    if (info.HostConfig.LogConfig?.Type === 'none') throw cannotBeRead(containerId, 'none')
    return info.Config.Tty
  }

  return {
    async *read(containerId, asked, signal) {
      const isTerminal = await hasTerminal(containerId)
      if (signal.aborted) return
      const lines = createLogLines(asked.choose)
      const read = isTerminal ? createTerminalReader(lines) : createFrameReader(lines)
      const connection = new AbortController()
      const abort = (): void => connection.abort()
      signal.addEventListener('abort', abort)
      try {
        const stream = await withDeadline({ clock, ms: opensWithinMs, outer: connection.signal }, (until) => {
          until.addEventListener('abort', abort)
          return openLog(docker, containerId, asked, connection.signal)
        })
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          read(chunk)
          const batch = lines.take()
          if (batch) yield batch
        }
      } catch (error) {
        if (signal.aborted) return
        if (hasStatus(error, 404)) throw notFound('container', containerId)
        if (/does not support reading/.test(errorMessage(error))) throw cannotBeRead(containerId)
        if (statusOf(error) === 409) throw new AppError('CONFLICT', errorMessage(error), { cause: error })
        throw dockerUnavailable(endpoint, error)
      } finally {
        signal.removeEventListener('abort', abort)
        connection.abort()
      }
    },
  }
}

const cannotBeRead = (id: string, driver?: string): AppError =>
  new AppError(
    'NOT_SUPPORTED',
    `Docker cannot read the log of container ${id.slice(0, 12)}: its log driver${driver ? ` "${driver}"` : ''} only writes. Use json-file or local`,
  )

/** dockerode would collect a log that is not followed in memory. */
function openLog(docker: Docker, id: string, { tail, since, follow }: EngineLogOptions, abortSignal: AbortSignal): Promise<Readable> {
  const query = { stdout: true, stderr: true, timestamps: true, follow, tail: tail ?? 'all', ...(since && { since: secondsOf(since) }) }
  const request = {
    path: `/containers/${encodeURIComponent(id)}/logs?`,
    method: 'GET',
    isStream: true,
    statusCodes: { 200: true, 404: 'no such container', 500: 'server error', 501: 'cannot be read' },
    options: query,
    abortSignal,
  }
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error: unknown, stream: unknown) => {
      if (error) reject(asError(error))
      else resolve(stream as Readable)
    })
  })
}

/** Seconds since 1970, with nine decimals. */
const secondsOf = (at: string): string => `${Math.floor(Date.parse(`${at.slice(0, 19)}Z`) / 1000)}.${at.slice(20, 29).padEnd(9, '0')}`
