import { appThatNames, type AppsHere } from './apps-here.ts'
import type { NodeContainer, NodeImage, NodeNetwork, NodeVolume } from './thing.ts'

/** At most this many are named; nobody reads more. */
const named = 5

export const inWords = (names: string[]): string =>
  names.length <= named ? names.join(', ') : `${names.slice(0, named).join(', ')} and ${names.length - named} more`

const usedBy = (containers: NodeContainer[]): string | null =>
  containers.length === 0 ? null : `used by ${inWords(containers.map(({ name }) => name))}`

/** Why an image, a volume or a network stays; null if nothing needs it. */
export function createUses(deps: { containers: () => NodeContainer[]; apps: Pick<AppsHere, 'list'> }) {
  const nameOf = (appId: string | null): string | null => deps.apps.list().find(({ id }) => id === appId)?.name ?? null
  const ofApp = (appId: string | null): string | null => {
    const name = nameOf(appId)
    return name && `belongs to the app ${name}`
  }
  function namedByApp(name: string): string | null {
    const app = appThatNames(deps.apps.list(), name)
    return app && `the Compose file of the app ${app.name} names it`
  }

  return {
    image: ({ id, heldFor }: NodeImage): string | null =>
      (heldFor.length > 0 ? `held for going back: ${inWords(heldFor)}` : null) ??
      usedBy(deps.containers().filter(({ imageId }) => imageId === id)),
    imageOfApp: ({ tags }: NodeImage): string | null =>
      tags.map((tag) => namedByApp(tag) ?? namedByApp(tag.replace(/:latest$/, ''))).find((reason) => reason !== null) ?? null,
    volume: ({ id }: NodeVolume): string | null => usedBy(deps.containers().filter(({ volumes }) => volumes.includes(id))),
    volumeOfApp: ({ id, appId }: NodeVolume): string | null => ofApp(appId) ?? namedByApp(id),
    network: ({ name, isBuiltIn }: NodeNetwork): string | null =>
      (isBuiltIn ? "Docker's own" : null) ?? usedBy(deps.containers().filter(({ networks }) => networks.includes(name))),
    networkOfApp: ({ name, appId }: NodeNetwork): string | null => ofApp(appId) ?? namedByApp(name),
    container: ({ isSelf, appId }: NodeContainer): string | null => (isSelf ? 'Selfhostly runs in it' : ofApp(appId)),
  }
}

export type Uses = ReturnType<typeof createUses>
