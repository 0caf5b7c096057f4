import { cut } from '../bounds.ts'
import { isAlarmKind, severityOf, type Severity } from '../cluster/alarms/alarm.ts'
import type { AlarmChange } from '../cluster/alarms/open-alarms.ts'
import type { NoticeEvent } from './channel.ts'

/** What a message says, as it is kept and as a webhook receives it. Times are ISO 8601, because it is stored as JSON. */
export interface Notice {
  event: NoticeEvent
  alarm: { id: string; kind: string; severity: Severity; message: string; since: string }
  node: { id: string; name: string } | null
  app: { id: string; name: string } | null
  /** When it began, or ended. */
  at: string
  /** Why it is over. Null unless it is. */
  over: string | null
  /** The page of the dashboard. */
  url: string | null
}

/** What fits in every receiver. */
const longest = { title: 200, text: 3000 }

export function noticeOf({ alarm, at, over }: AlarmChange, baseUrl: string): Notice {
  const { id, kind, message, since, nodeId, nodeName, appId, appName } = alarm
  const path = appId !== null ? `/apps/${appId}` : nodeId !== null ? `/nodes/${nodeId}` : '/nodes'
  return {
    event: over === null ? 'alarm' : 'recovery',
    // Another version may have raised it.
    alarm: { id, kind, severity: isAlarmKind(kind) ? severityOf[kind] : 'warning', message, since: since.toISOString() },
    node: nodeId === null ? null : { id: nodeId, name: nodeName ?? nodeId },
    app: appId === null ? null : { id: appId, name: appName ?? appId },
    at: at.toISOString(),
    over,
    url: new URL(path, baseUrl).href,
  }
}

export const testNotice = (channelName: string, now: Date, baseUrl: string): Notice => ({
  event: 'test',
  alarm: {
    id: 'test',
    kind: 'test',
    severity: 'warning',
    message: `This is a test of the channel ${channelName}. Alarms will look like this`,
    since: now.toISOString(),
  },
  node: null,
  app: null,
  at: now.toISOString(),
  over: null,
  url: new URL('/settings', baseUrl).href,
})

/** A message as people read it, without formatting. */
export function wordsOf({ event, alarm, node, app, at, over, url }: Notice): { title: string; text: string } {
  const place = app && node ? `${app.name} on ${node.name}` : (app?.name ?? node?.name ?? 'the cluster')
  const heads = { alarm: alarm.severity === 'critical' ? 'Critical' : 'Warning', recovery: 'Over', test: 'Test' }
  const lasted = spanInWords(Date.parse(at) - Date.parse(alarm.since))
  const lines = {
    alarm: [`${alarm.message}.`, `Since ${utc(alarm.since)}.`],
    recovery: [`${over ?? 'It is over'}.`, `It was: ${alarm.message}.`, `It lasted ${lasted}.`],
    test: [`${alarm.message}.`],
  }[event]
  const title = event === 'test' ? 'Selfhostly: test' : `${heads[event]}: ${place}`
  return { title: cut(title, longest.title), text: cut([...lines, ...(url === null ? [] : [url])].join('\n'), longest.text) }
}

const utc = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`

function spanInWords(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  if (minutes < 1) return 'less than a minute'
  if (minutes < 120) return minutes === 1 ? '1 minute' : `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
