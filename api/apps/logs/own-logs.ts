import type { Clock } from '../../clock.ts'
import type { ContainerDetails, EngineLogs } from '../../docker/engine.types.ts'
import { AppError, asError, invalidInput, notFound } from '../../errors.ts'
import type { EventHub } from '../../events.ts'
import type { App } from '../app.ts'
import { createContainerLog, readContainer, type ContainerLogDeps } from './container-log.ts'
import type { LogPosition, LogRange, LogSource, LogTap } from './log-line.ts'
import { createLogStream, type LogStream } from './log-stream.ts'
import { createMergedLog, type MergedLog } from './merged-log.ts'
import { createPast } from './past-lines.ts'
import type { SharedLog } from './shared-log.ts'

interface Known {
  id: string
  name: string
  service: string | null
}

export type OwnLogs = ReturnType<typeof createOwnLogs>

/** The logs of the containers on this node: of an app, all of its services in time order, or of any container. */
export function createOwnLogs(deps: {
  logs: EngineLogs
  details: (containerId: string) => Promise<ContainerDetails | null>
  apps: {
    get: (id: string) => App
    containers: () => { id: string; name: string; service: string; project: string | null }[]
    events: EventHub<{ app: App; appRemoved: string; containers: undefined }>
  }
  spend: (bytes: number) => boolean
  clock: Clock
}) {
  const { apps, clock } = deps
  const shared = new Map<string, SharedLog>()
  const reading: ContainerLogDeps = { ...deps, containersChanged: (signal) => nextChange(apps.events, signal) }

  function logOf(of: Known): SharedLog {
    const known = shared.get(of.id)
    if (known) return known
    const made: SharedLog = createContainerLog(reading, of, () => shared.get(of.id) === made && shared.delete(of.id))
    shared.set(of.id, made)
    return made
  }

  /** A log that is not followed is read only for who asked. */
  async function once(of: Known, range: LogRange): Promise<LogTap> {
    const past = createPast(range)
    const never = new AbortController()
    for await (const batch of readContainer(reading, of, range, never.signal)) past.add(batch)
    return { past: past.batch(), take: () => [], isOver: () => true, close: () => never.abort() }
  }

  const tap = (of: Known, range: LogRange, onChange: () => void): Promise<LogTap> =>
    range.follow ? logOf(of).tap(range, onChange) : once(of, range)

  /** A container of an app may go, or have a log that cannot be read. The others are read all the same. */
  async function tapOfPart(of: Known, range: LogRange, onChange: () => void): Promise<LogTap | null> {
    try {
      return await tap(of, range, onChange)
    } catch (error) {
      if (!(error instanceof AppError) || (error.code !== 'NOT_FOUND' && error.code !== 'NOT_SUPPORTED')) throw error
      return error.code === 'NOT_FOUND' ? null : saying(of, error.message)
    }
  }

  async function tapApp(
    { appId, services }: { appId: string; services: string[] },
    range: LogRange,
    onChange: () => void,
  ): Promise<LogTap> {
    refuseUnknown(apps.get(appId), services)
    const merged = createMergedLog({ range, onChange, clock })
    const known = new Set<string>()
    const newOnes = (app: App): Known[] => {
      const found = app.containers.filter(({ id, service }) => !known.has(id) && (services.length === 0 || services.includes(service)))
      found.forEach(({ id }) => known.add(id))
      return found
    }
    const start = await Promise.all(newOnes(apps.get(appId)).map((of) => tapOfPart(of, range, onChange)))
    start.forEach((each) => each && merged.add(each))
    if (!range.follow) {
      const tapped = merged.tap(() => undefined)
      merged.end()
      return tapped
    }
    const look = (app: App): void => {
      // Everything that a new container wrote is new to whoever was here before.
      const fromStart: LogRange = { tail: null, since: null, after: [], upTo: null, follow: true }
      for (const of of newOnes(app))
        tapOfPart(of, fromStart, onChange).then(
          (each) => each && merged.add(each),
          (error: unknown) => merged.end(asError(error)),
        )
    }
    const tapped = merged.tap(followApp(appId, apps.events, merged, look))
    // What came while the logs were opened.
    look(apps.get(appId))
    return tapped
  }

  async function tapOf(source: LogSource, range: LogRange, onChange: () => void): Promise<LogTap> {
    if ('appId' in source) return tapApp(source, range, onChange)
    const { containerId } = source
    const isMeant = ({ id, name }: Known): boolean =>
      id === containerId || name === containerId || (containerId.length >= 12 && id.startsWith(containerId))
    const found = apps.containers().find(isMeant)
    if (!found) throw notFound('container', containerId)
    return tap({ ...found, service: found.project === null ? null : found.service }, range, onChange)
  }

  return {
    /** @throws NOT_FOUND, INVALID_INPUT for a service that the app does not have, DOCKER_UNAVAILABLE, NOT_SUPPORTED */
    stream: (source: LogSource, range: LogRange): LogStream =>
      createLogStream({ clock, open: (onChange) => tapOf(source, range, onChange) }),
    /** How many containers are followed. For tests. */
    followed: (): number => shared.size,
  }
}

/** @throws INVALID_INPUT */
function refuseUnknown({ containers }: App, services: string[]): void {
  const known = [...new Set(containers.map(({ service }) => service))].sort()
  const unknown = services.filter((service) => !known.includes(service))
  if (unknown.length === 0 || known.length === 0) return
  const words = known.join(', ')
  throw invalidInput(
    unknown.map((service) => ({ field: 'services', message: `has "${service}", which has no container. Those with one: ${words}` })),
  )
}

/** Calls `onApp` at each change of the app until it is removed or the returned function is called. */
function followApp(
  appId: string,
  events: EventHub<{ app: App; appRemoved: string }>,
  merged: MergedLog,
  onApp: (app: App) => void,
): () => void {
  const stops = [events.on('app', (app) => app.id === appId && onApp(app)), events.on('appRemoved', (id) => id === appId && merged.end())]
  return () => stops.forEach((stop) => stop())
}

function nextChange(events: EventHub<{ containers: undefined }>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const stop = events.on('containers', done)
    signal.addEventListener('abort', done)
  })
}

/** In place of a log that cannot be read. */
function saying({ id, service }: Known, text: string): LogTap {
  const position: LogPosition = { container: id, stream: 'stderr', at: null, nth: 0 }
  const past = { lines: [{ ...position, service, text }], skipped: 0, passed: [] }
  return { past, take: () => [], isOver: () => true, close: () => undefined }
}
