import { bounds, cut, firstOf } from '../bounds.ts'
import type { EngineThings } from '../docker/engine-things.types.ts'
import { errorMessage } from '../errors.ts'
import { createLayerCount } from './layers.ts'
import type { createThingRemoval } from './thing-removal.ts'
import type { DiskUsage, PruneItem, PruneKind, PruneResult, ThingKind, ThingOf } from './thing.ts'
import type { Uses } from './uses.ts'

const kindOf = { containers: 'container', images: 'image', volumes: 'volume', networks: 'network' } as const
const { prune: most, container: ofContainer } = bounds

export interface PruneInput {
  kind: PruneKind
  preview: boolean
  /** Ids from a preview: nothing else goes. Without them, what a preview would list now. */
  items?: readonly string[] | null | undefined
}

/** What becomes free is computed later. */
type Candidate = Omit<PruneItem, 'freesBytes'>

interface Judged {
  item: Candidate
  /** Why it stays although nothing runs with it. */
  kept: string | null
}

const isUnused = new Set(['created', 'exited', 'dead'])

/**
 * Removes what nothing uses. Never what belongs to an app of this node, running or not, what its Compose file names, or what is held
 * for going back to an earlier version.
 */
export function createPrune(deps: {
  things: Pick<EngineThings, 'removeStopped' | 'layers'>
  removal: ReturnType<typeof createThingRemoval>
  uses: Uses
  list: <Kind extends ThingKind>(kind: Kind) => ThingOf[Kind][]
  refresh: (kinds: readonly ThingKind[]) => Promise<void>
  catchUp: (kinds: readonly ThingKind[]) => Promise<void>
  /** What was measured lately; null when nothing was, or when it takes too long. */
  diskUsage: () => Promise<DiskUsage | null>
}) {
  const { uses } = deps

  const judges: Record<PruneKind, (usage: DiskUsage | null) => Judged[]> = {
    containers: (usage) =>
      deps.list('container').flatMap((each) => {
        if (!isUnused.has(each.state)) return []
        const sizeBytes = usage?.containers.find(({ id }) => id === each.id)?.sizeBytes ?? null
        return {
          item: { id: each.id, name: each.name, sizeBytes, detail: each.statusText || each.state, isNamedData: false },
          kept: uses.container(each),
        }
      }),
    images: () =>
      deps.list('image').flatMap((each) => {
        const reason = uses.image(each)
        if (reason !== null && each.heldFor.length === 0) return []
        const name = each.tags[0] ?? each.digests[0] ?? each.id.replace('sha256:', '').slice(0, 12)
        const detail = each.tags.length === 0 ? 'untagged' : each.tags.length > 1 ? `also ${each.tags.slice(1).join(', ')}` : null
        return { item: { id: each.id, name, sizeBytes: each.sizeBytes, detail, isNamedData: false }, kept: reason ?? uses.imageOfApp(each) }
      }),
    volumes: (usage) =>
      deps.list('volume').flatMap((each) => {
        if (uses.volume(each) !== null) return []
        const sizeBytes = usage?.volumes.find(({ name }) => name === each.id)?.sizeBytes ?? null
        const detail = each.isAnonymous ? 'anonymous' : each.project ? `of the Compose project ${each.project}` : null
        return { item: { id: each.id, name: each.id, sizeBytes, detail, isNamedData: !each.isAnonymous }, kept: uses.volumeOfApp(each) }
      }),
    networks: () =>
      deps.list('network').flatMap((each) => {
        if (uses.network(each) !== null) return []
        const detail = each.project ? `of the Compose project ${each.project}` : null
        return { item: { id: each.id, name: each.name, sizeBytes: null, detail, isNamedData: false }, kept: uses.networkOfApp(each) }
      }),
  }

  async function remove(kind: PruneKind, { id }: Candidate): Promise<void> {
    if (kind === 'containers') await deps.things.removeStopped(id)
    if (kind === 'images') await deps.removal.image(id)
    if (kind === 'volumes') await deps.removal.volume(id)
    if (kind === 'networks') await deps.removal.network(id)
  }

  async function carryOut(kind: PruneKind, items: Candidate[]): Promise<{ gone: Candidate[]; failed: PruneResult['kept'] }> {
    const [gone, failed]: [Candidate[], PruneResult['kept']] = [[], []]
    for (const item of items) {
      try {
        await remove(kind, item)
        gone.push(item)
      } catch (error) {
        failed.push({ name: item.name, reason: errorMessage(error) })
      }
    }
    return { gone, failed }
  }

  /** Says how much becomes free when some of the items go. Images are looked at before they go. */
  async function freeing(kind: PruneKind, items: Candidate[]): Promise<(gone: Candidate[]) => number> {
    if (kind !== 'images') return (gone) => gone.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
    const freedBy = createLayerCount(await deps.things.layers(new Set(items.map(({ id }) => id))))
    return (gone) => freedBy(gone.map(({ id }) => id))
  }

  return async ({ kind, preview, items: chosen }: PruneInput): Promise<PruneResult> => {
    await deps.refresh(['container', kindOf[kind]])
    const judged = judges[kind](kind === 'containers' || kind === 'volumes' ? await deps.diskUsage() : null)
    const free = judged.flatMap(({ item, kept }) => (kept === null ? item : []))
    const wanted = chosen ? free.filter(({ id }) => chosen.includes(id)) : free
    const { kept: listed, more } = firstOf(wanted, most.items)
    const held = judged.flatMap(({ item, kept }) =>
      kept === null || (chosen && !chosen.includes(item.id)) ? [] : { name: item.name, reason: kept },
    )
    const lost = (chosen ?? []).filter((id) => !judged.some(({ item }) => item.id === id))
    const nameOf = (id: string): string => {
      const thing = deps.list(kindOf[kind]).find((each) => each.id === id)
      return thing && 'name' in thing ? thing.name : id
    }
    const missing = lost.map((id) => ({ name: nameOf(id), reason: 'is in use now, or is gone already' }))
    const freedBy = await freeing(kind, listed)
    const { gone, failed } = preview ? { gone: listed, failed: [] } : await carryOut(kind, listed)
    if (!preview) await deps.catchUp(['container', kindOf[kind]])
    return {
      isPreview: preview,
      items: gone.map((item) => ({
        ...item,
        name: cut(item.name, ofContainer.image),
        freesBytes: item.sizeBytes === null ? null : freedBy([item]),
        detail: item.detail && cut(item.detail, most.text),
      })),
      more,
      freedBytes: freedBy(gone),
      unmeasured: kind === 'networks' ? 0 : gone.filter(({ sizeBytes }) => sizeBytes === null).length,
      kept: firstOf([...failed, ...missing, ...held], most.kept).kept.map(({ name, reason }) => ({
        name: cut(name, ofContainer.image),
        reason: cut(reason, most.text),
      })),
    }
  }
}
