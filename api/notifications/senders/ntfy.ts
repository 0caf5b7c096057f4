import { wordsOf, type Notice } from '../notice.ts'

/** Source: https://docs.ntfy.sh/publish/#publish-as-json. As JSON, because headers cannot carry every character. */
export function ntfyRequest(notice: Notice, { url, token }: { url: string; token: string | null }) {
  const topicUrl = new URL(url)
  const [, before = '', topic = ''] = /^(.*\/)([^/]+)$/.exec(topicUrl.pathname) ?? []
  const { title, text } = wordsOf({ ...notice, url: null })
  const isCritical = notice.event === 'alarm' && notice.alarm.severity === 'critical'
  const tags = { alarm: isCritical ? 'rotating_light' : 'warning', recovery: 'white_check_mark', test: 'bell' }
  const body = {
    topic,
    title,
    message: text,
    priority: isCritical ? 5 : 3,
    tags: [tags[notice.event]],
    ...(notice.url && { click: notice.url }),
  }
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
  return {
    url: `${topicUrl.origin}${before}`,
    headers,
    body: JSON.stringify(body),
  }
}
