import { bounds, cut, cutOrNull, firstOf, jsonBytes } from '../bounds.ts'
import type { EngineThings } from '../docker/engine-things.types.ts'
import { appOfProject, type AppsHere } from './apps-here.ts'
import type { createContainerEndings } from './container-endings.ts'
import { shownLabels } from './shown-labels.ts'
import type { NodeContainer, NodeImage, NodeNetwork, NodeVolume, Thing, ThingKind, ThingOf } from './thing.ts'

const { thing: most, container: ofContainer } = bounds
const projectLabel = 'com.docker.compose.project'
const builtIn = new Set(['bridge', 'host', 'none'])

/** The first names of a list, none too long. */
const names = (list: string[], count: number, length: number): string[] => firstOf(list, count).kept.map((name) => cut(name, length))

/** Reads what the Engine has of each kind, as people may see it, within the bounds of one list. */
export function createThingsRead(deps: {
  things: EngineThings
  apps: Pick<AppsHere, 'appOf' | 'list' | 'maskOf' | 'heldFor'>
  endings: ReturnType<typeof createContainerEndings>
  selfContainer: () => string | null
}) {
  const { things, apps } = deps

  async function containers(): Promise<NodeContainer[]> {
    const listed = firstOf(await things.containers(), most.container).kept
    const factsOf = await deps.endings.complete(listed)
    const self = deps.selfContainer()
    return listed.map(({ workingDir, project, networks, volumes, ...container }) => {
      const app = apps.appOf({ project, workingDir })
      const hide = app ? apps.maskOf(app.id) : (text: string) => text
      const { madeWith, ...known } = factsOf(container.id)
      return {
        ...container,
        ...known,
        image: hide(madeWith ?? container.image),
        exitReason: cutOrNull(known.exitReason ? hide(known.exitReason) : null, most.exitReason),
        imageId: cut(container.imageId, most.name),
        project: cutOrNull(project, most.name),
        appId: app?.id ?? null,
        networks: names(networks, most.networks, most.name),
        volumes: names(volumes, most.volumes, most.name),
        isSelf: self !== null && container.id.startsWith(self),
      }
    })
  }

  async function images(): Promise<NodeImage[]> {
    return (await things.images()).map(({ tags, digests, ...image }) => {
      const held = tags.flatMap((tag) => apps.heldFor(tag) ?? [])
      return {
        ...image,
        tags: names(
          tags.filter((tag) => apps.heldFor(tag) === null),
          most.tags,
          ofContainer.image,
        ),
        digests: names(digests, most.digests, ofContainer.image),
        heldFor: names(held, most.heldFor, most.name),
      }
    })
  }

  async function volumes(): Promise<NodeVolume[]> {
    const here = apps.list()
    return (await things.volumes()).map(({ name, driver, labels, createdAt }) => {
      const project = labels[projectLabel] ?? null
      const app = appOfProject(here, project)
      return {
        id: cut(name, most.name),
        driver: cut(driver, bounds.network.driver),
        labels: shownLabels(labels, app ? apps.maskOf(app.id) : (text) => text, most.labels),
        isAnonymous: 'com.docker.volume.anonymous' in labels || (/^[0-9a-f]{64}$/.test(name) && project === null),
        project: cutOrNull(project, most.name),
        appId: app?.id ?? null,
        createdAt,
      }
    })
  }

  async function networks(): Promise<NodeNetwork[]> {
    const here = apps.list()
    return (await things.networks()).map(({ labels, subnets, name, driver, ...network }) => {
      const project = labels[projectLabel] ?? null
      return {
        ...network,
        name: cut(name, most.name),
        driver: cut(driver, bounds.network.driver),
        subnets: names(subnets, most.subnets, 100),
        isBuiltIn: builtIn.has(name),
        project: cutOrNull(project, most.name),
        appId: appOfProject(here, project)?.id ?? null,
      }
    })
  }

  const readers: { [Kind in ThingKind]: () => Promise<ThingOf[Kind][]> } = {
    container: containers,
    image: images,
    volume: volumes,
    network: networks,
  }

  return {
    /** At most as many as one list may have. The newest stay. */
    async read<Kind extends ThingKind>(kind: Kind): Promise<{ list: ThingOf[Kind][]; more: number }> {
      const all: ThingOf[Kind][] = await readers[kind]()
      const sorted = all.toSorted((a, b) => ageOf(b) - ageOf(a) || (a.id < b.id ? -1 : 1))
      let left: number = most.listBytes
      const fits = sorted.findIndex((thing) => (left -= jsonBytes(thing) + 100) < 0)
      const end = Math.min(fits < 0 ? sorted.length : fits, most[kind])
      return { list: sorted.slice(0, end), more: sorted.length - end }
    },
  }
}

const ageOf = ({ createdAt }: Thing): number => createdAt?.getTime() ?? 0
