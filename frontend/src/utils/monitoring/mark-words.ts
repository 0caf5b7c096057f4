import type { MarkItem } from '../../graphql/items.ts'
import { plural } from '../shared/format.ts'
import { durationWords } from '../shared/time.ts'

const outcomes: Record<string, string> = { healthy: 'healthy', failed: 'failed', rolled_back: 'went back', pending: 'no verdict yet' }

const lasted = ({ at, until }: MarkItem): string =>
  until ? ` for ${durationWords((Date.parse(until) - Date.parse(at)) / 1000)}` : ', still'

/** What happened, such as `shop: version 3 deployed (healthy)`. */
export function markWords(mark: MarkItem): string {
  const who = mark.app ? `${mark.app}: ` : ''
  switch (mark.kind) {
    case 'DEPLOY':
      return `${who}version ${mark.version ?? ''} deployed (${outcomes[mark.detail ?? ''] ?? mark.detail ?? ''})`
    case 'RESTART':
      return `${who}${mark.name ?? 'a container'} restarted${mark.times > 1 ? ` ${plural(mark.times, 'time')}` : ''}`
    case 'OUTAGE':
      return `Not online${lasted(mark)}${mark.detail ? `: ${mark.detail}` : ''}`
    case 'MAINTENANCE':
      return `Maintenance${lasted(mark)}`
    default:
      return `${who}something happened`
  }
}

export const markIcons: Record<MarkItem['kind'], string> = {
  DEPLOY: 'i-lucide-rocket',
  RESTART: 'i-lucide-rotate-cw',
  OUTAGE: 'i-lucide-unplug',
  MAINTENANCE: 'i-lucide-wrench',
  UNKNOWN: 'i-lucide-circle',
}
