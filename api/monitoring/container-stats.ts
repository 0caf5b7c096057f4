import { bounds, cut, cutOrNull } from '../bounds.ts'
import type { Engine, EngineContainer, EngineStatsSample } from '../docker/engine.types.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ContainerStats } from './node-stats.ts'

/** Each stream is a connection to the Engine and one sample per second to read. This limit keeps both at about a tenth of a core. */
const maxStreams = 200

interface Stream {
  abort: AbortController
  /** Resolves when the stream has ended, for whatever reason. Never rejects. */
  ended: Promise<void>
  sample: EngineStatsSample | null
}

export type ContainerStatsStreams = ReturnType<typeof createContainerStats>

/** Follows the usage of every running container, with one Engine stream each. Keeps only the newest sample. */
export function createContainerStats({ engine, log }: { engine: Engine; log: Log }) {
  const streams = new Map<string, Stream>()
  let containers: EngineContainer[] = []
  let stopped = false
  let saidTooMany = false

  function open(id: string): void {
    const abort = new AbortController()
    const stream: Stream = { abort, sample: null, ended: Promise.resolve() }
    streams.set(id, stream)
    stream.ended = follow(id, stream).finally(() => {
      if (streams.get(id) === stream) streams.delete(id)
    })
  }

  async function follow(id: string, stream: Stream): Promise<void> {
    try {
      for await (const sample of engine.stats(id, stream.abort.signal)) stream.sample = sample
    } catch (error) {
      if (!stream.abort.signal.aborted) log.debug({ container: id, error: errorMessage(error) }, 'container stats stream failed')
    }
  }

  function close(id: string, stream: Stream): void {
    streams.delete(id)
    stream.abort.abort()
  }

  return {
    /** Call this whenever the list of containers has changed. Also reopens streams that failed since the last call. */
    sync(list: EngineContainer[]): void {
      if (stopped) return
      containers = list.filter(({ state }) => state === 'running' || state === 'paused')
      const wanted = new Set(containers.map(({ id }) => id))
      for (const [id, stream] of streams) if (!wanted.has(id)) close(id, stream)
      for (const id of wanted) if (!streams.has(id) && streams.size < maxStreams) open(id)
      const tooMany = wanted.size > maxStreams
      if (tooMany && !saidTooMany) log.warn({ running: wanted.size, measured: maxStreams }, 'more containers are running than are measured')
      saidTooMany = tooMany
    },

    /** The newest sample of each running container that has one, in the order of the list. */
    latest: (): ContainerStats[] =>
      containers.flatMap(({ id, name, project, service, state }) => {
        const sample = streams.get(id)?.sample
        const appName = cutOrNull(project, bounds.container.service)
        return sample ? [{ id, name, appName, service: appName && cut(service, bounds.container.service), state, ...sample }] : []
      }),

    /** How many running containers are not measured. */
    more: (): number => Math.max(0, containers.length - maxStreams),

    streamCount: (): number => streams.size,

    /** Ends all streams permanently. Resolves when they have ended. */
    async stop(): Promise<void> {
      stopped = true
      containers = []
      const open = [...streams]
      for (const [id, stream] of open) close(id, stream)
      await Promise.all(open.map(([, stream]) => stream.ended))
    },
  }
}
