import type { NotificationChannelInput, NotificationChannelKind, SmtpSecurity } from '../../graphql/generated/graphql.ts'
import type { ChannelItem } from '../../graphql/items.ts'
import { labelText, toLabel } from '../../utils/shared/labels.ts'

/** What the form holds, as people type it. */
export interface ChannelForm {
  kind: NotificationChannelKind
  name: string
  criticalOnly: boolean
  labels: string[]
  url: string
  secret: string
  host: string
  port: number
  security: SmtpSecurity
  username: string
  from: string
  /** Addresses, separated by commas. */
  to: string
}

export const formOf = (channel: ChannelItem | undefined): ChannelForm => ({
  kind: channel?.kind ?? 'NTFY',
  name: channel?.name ?? '',
  criticalOnly: channel?.minSeverity === 'CRITICAL',
  labels: channel?.labels.map(labelText) ?? [],
  url: '',
  secret: '',
  host: channel?.email?.host ?? '',
  port: channel?.email?.port ?? 587,
  security: channel?.email?.security ?? 'STARTTLS',
  username: channel?.email?.username ?? '',
  from: channel?.email?.from ?? '',
  to: channel?.email?.to.join(', ') ?? '',
})

/** What an empty secret or address means: for a new channel none, for one that exists the same as before. */
export function inputOf(form: ChannelForm): NotificationChannelInput {
  const { kind, name, criticalOnly, labels, url, secret, host, port, security, username, from, to } = form
  const usual = {
    name,
    minSeverity: criticalOnly ? ('CRITICAL' as const) : ('WARNING' as const),
    labels: labels.map(toLabel),
    ...(secret !== '' && kind !== 'DISCORD' && { secret }),
  }
  if (kind !== 'EMAIL') return { ...usual, ...(url !== '' && { url }) }
  const recipients = to
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)
  // Without a user name, there is no password either.
  return { ...usual, ...(username === '' && { secret: '' }), host, port, security, username, from, to: recipients }
}

/** A secret that nobody guesses. */
export function randomSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}
