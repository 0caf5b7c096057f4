import type { Severity } from '../cluster/alarms/alarm.ts'
import type { LabelPair } from '../cluster/members/labels.ts'

export const channelKinds = ['webhook', 'ntfy', 'email', 'discord'] as const
export type ChannelKind = (typeof channelKinds)[number]

export const smtpSecurities = ['tls', 'starttls', 'none'] as const
export type SmtpSecurity = (typeof smtpSecurities)[number]

export const noticeEvents = ['alarm', 'recovery', 'test'] as const
export type NoticeEvent = (typeof noticeEvents)[number]

/** `dropped`: it was over before it was sent. */
export const deliveryStates = ['waiting', 'sent', 'failed', 'dropped'] as const
export type DeliveryState = (typeof deliveryStates)[number]

/** Where a channel leads and how it signs in. Sealed as a whole, because addresses of webhooks and topics are secrets as well. */
export type Target =
  | { kind: 'webhook'; url: string; secret: string }
  | { kind: 'ntfy'; url: string; secret: string | null }
  | { kind: 'discord'; url: string }
  | {
      kind: 'email'
      host: string
      port: number
      security: SmtpSecurity
      username: string | null
      secret: string | null
      from: string
      to: string[]
    }

/** A channel as people see it, without anything secret. */
export interface Channel {
  id: string
  name: string
  kind: ChannelKind
  /** Where it leads: the address without its path, or the mail server and who gets mail. */
  address: string
  minSeverity: Severity
  /** Only alarms of nodes with all of these labels, and those of the whole cluster. */
  labels: LabelPair[]
  /** Of an e-mail channel; null for the others. */
  email: { host: string; port: number; security: SmtpSecurity; username: string | null; from: string; to: string[] } | null
  /** Whether it has a password, token or signing secret. */
  hasSecret: boolean
  /** Messages that wait to be sent. */
  waiting: number
  createdAt: Date
  updatedAt: Date
}

/** Fields that are left out take their default, or stay as they are. */
export interface ChannelInput {
  name?: string | null | undefined
  minSeverity?: Severity | null | undefined
  labels?: LabelPair[] | null | undefined
  /** Of a webhook, a Discord webhook, or an ntfy topic. */
  url?: string | null | undefined
  /** The signing secret of a webhook, the token of ntfy, the password of a mail account. Empty: none. */
  secret?: string | null | undefined
  host?: string | null | undefined
  port?: number | null | undefined
  security?: SmtpSecurity | null | undefined
  username?: string | null | undefined
  from?: string | null | undefined
  to?: string[] | null | undefined
}

export function addressOf(target: Target): string {
  if (target.kind === 'email') return `${target.to.join(', ')} by ${target.host}`
  return `${new URL(target.url).origin}/…`
}
