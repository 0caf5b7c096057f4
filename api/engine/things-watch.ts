import type { Clock } from '../clock.ts'
import type { EngineThings, ThingEvent } from '../docker/engine-things.types.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { createThingsRead } from './things-read.ts'
import { thingKinds, type ChangedThing, type ThingKind, type ThingOf } from './thing.ts'

/** Events come in bursts: a project with ten services makes forty. One reading covers a whole burst. */
const burstMs = 200

type Lists = { [Kind in ThingKind]: Map<string, ThingOf[Kind]> }

/** This node's containers, images, volumes and networks, kept up to date by the Engine's events. Nothing is polled. */
export function createThingsWatch(deps: {
  things: Pick<EngineThings, 'watch'>
  read: ReturnType<typeof createThingsRead>['read']
  heard: (event: ThingEvent) => void
  forgetAll: () => void
  clock: Clock
  log: Log
  onChange: (changed: ChangedThing) => void
  onGone: (kind: ThingKind, id: string) => void
}) {
  const { clock, log } = deps
  const lists: Lists = { container: new Map(), image: new Map(), volume: new Map(), network: new Map() }
  const more: Record<ThingKind, number> = { container: 0, image: 0, volume: 0, network: 0 }
  const texts = new Map<string, string>()
  const due = new Set<ThingKind>()
  let reading: Promise<void> | undefined
  let cancelBurst: (() => void) | undefined
  let unwatch: (() => void) | undefined

  async function readOne<Kind extends ThingKind>(kind: Kind): Promise<void> {
    const found = await deps.read(kind)
    const now = new Map(found.list.map((thing) => [thing.id, thing]))
    const before: Map<string, ThingOf[Kind]> = lists[kind]
    more[kind] = found.more
    for (const id of [...before.keys()]) {
      if (now.has(id)) continue
      before.delete(id)
      texts.delete(`${kind} ${id}`)
      deps.onGone(kind, id)
    }
    for (const [id, thing] of now) {
      const text = JSON.stringify(thing)
      before.set(id, thing)
      if (texts.get(`${kind} ${id}`) === text) continue
      texts.set(`${kind} ${id}`, text)
      // Kind and type of thing belong together, which a generic function cannot say.
      deps.onChange({ kind, thing } as ChangedThing)
    }
  }

  async function readUntilQuiet(): Promise<void> {
    try {
      for (let [kind] = due; kind !== undefined; [kind] = due) {
        due.delete(kind)
        // What cannot be read stays due: for the next event, or when the Engine is back.
        await readOne(kind).catch((error: unknown) => {
          due.add(kind)
          throw error
        })
      }
    } finally {
      reading = undefined
    }
  }

  /** Resolves after a reading that started after this call. @throws DOCKER_UNAVAILABLE */
  async function read(kinds: readonly ThingKind[]): Promise<void> {
    for (const kind of kinds) due.add(kind)
    await reading?.catch(() => undefined)
    if (due.size === 0) return
    reading ??= readUntilQuiet()
    return reading
  }

  function readNow(kinds: readonly ThingKind[]): void {
    read(kinds).catch((error: unknown) => log.debug({ error: errorMessage(error) }, 'what the Engine has could not be read'))
  }

  function readSoon(kinds: readonly ThingKind[]): void {
    for (const kind of kinds) due.add(kind)
    cancelBurst ??= clock.after(burstMs, () => {
      cancelBurst = undefined
      readNow([])
    })
  }

  return {
    start(): void {
      unwatch ??= deps.things.watch({
        onUp() {
          deps.forgetAll()
          readNow(thingKinds)
        },
        onDown: () => undefined,
        onEvent(event) {
          if (event.kind === 'container') deps.heard(event)
          readSoon(affected(event))
        },
      })
    },
    stop(): void {
      unwatch?.()
      unwatch = undefined
      cancelBurst?.()
      cancelBurst = undefined
    },
    /** Reads now, before something is decided. @throws DOCKER_UNAVAILABLE */
    refresh: read,
    /** Reads now, after something was done. A failure does not undo that, and is made up for later. */
    catchUp: (kinds: readonly ThingKind[]): Promise<void> => read(kinds).catch(() => undefined),
    /** Reads soon, because apps changed: things belong to others now. */
    readSoon,
    list: <Kind extends ThingKind>(kind: Kind): ThingOf[Kind][] => [...(lists[kind] as Map<string, ThingOf[Kind]>).values()],
    find: <Kind extends ThingKind>(kind: Kind, id: string): ThingOf[Kind] | undefined =>
      (lists[kind] as Map<string, ThingOf[Kind]>).get(id),
    /** How many there are beyond the list. */
    moreOf: (kind: ThingKind): number => more[kind],
  }
}

/** A network's event can be about a container that joins or leaves it. */
const affected = ({ kind, action }: ThingEvent): ThingKind[] =>
  kind === 'network' && (action === 'connect' || action === 'disconnect') ? ['container'] : [kind]
