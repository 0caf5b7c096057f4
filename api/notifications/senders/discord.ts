import { wordsOf, type Notice } from '../notice.ts'

const colors = { critical: 0xdc2626, warning: 0xd97706, over: 0x16a34a }

/** Source: https://discord.com/developers/docs/resources/webhook#execute-webhook. Names of apps must not call anybody. */
export function discordBody(notice: Notice): string {
  const { title, text } = wordsOf({ ...notice, url: null })
  const color = notice.event === 'recovery' ? colors.over : colors[notice.alarm.severity]
  const embed = { title, description: text, color, timestamp: notice.at, ...(notice.url && { url: notice.url }) }
  return JSON.stringify({ username: 'Selfhostly', embeds: [embed], allowed_mentions: { parse: [] } })
}
