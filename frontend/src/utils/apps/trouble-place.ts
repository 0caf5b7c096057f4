import type { AppItem } from '../../graphql/items.ts'
import { pathOfTab } from './app-tabs.ts'

type Facts = Pick<AppItem, 'id' | 'changedOnDisk' | 'statusReason'> & { containers: Pick<AppItem['containers'][number], 'service'>[] }

/** Where an app's page shows what its status is about: the file, the service that the reason names, or what was last done. */
export function troublePlace(app: Facts): string {
  if (app.changedOnDisk) return pathOfTab(app.id, 'files')
  const service = serviceIn(app)
  return service === undefined ? pathOfTab(app.id, 'activity') : `${pathOfTab(app.id, 'overview')}?service=${encodeURIComponent(service)}`
}

/** The service that the reason names, if it is one of the app's. */
function serviceIn({ statusReason, containers }: Facts): string | undefined {
  const named = /\bservice "?([\w.-]+)/i.exec(statusReason ?? '')?.[1]
  return containers.some(({ service }) => service === named) ? named : undefined
}
