/** What this room knows of the apps of its node. `services.ts` passes it in. */
export interface AppsHere {
  /** The app whose container this is. */
  appOf(labels: { project: string | null; workingDir: string | null }): HereApp | null
  list(): HereApp[]
  /** The operation that waits or runs on an app, in words such as `update`. */
  busyWith(appId: string): string | null
  /** Hides an app's secrets in a text. */
  maskOf(appId: string): (text: string) => string
  /** For which rollback a name holds an image, such as `shop/web v3`; null when it holds none. */
  heldFor(tag: string): string | null
}

export interface HereApp {
  id: string
  name: string
  composeContent: string
}

/** The app whose project made a volume or network. Docker does not say in which folder, so the name decides. */
export const appOfProject = (apps: HereApp[], project: string | null): HereApp | null => apps.find(({ name }) => name === project) ?? null

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** An app whose Compose file has this name anywhere: it may need what Docker does not connect with it now. */
export function appThatNames(apps: HereApp[], name: string): HereApp | null {
  const named = new RegExp(`(?<![\\w./:-])${escaped(name)}(?![\\w/-])`)
  return apps.find(({ composeContent }) => named.test(composeContent)) ?? null
}
