import { cut } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Target } from './channel.ts'
import { DeliveryError, type GuardedPost } from './guarded-post.ts'
import type { Notice } from './notice.ts'
import { discordBody } from './senders/discord.ts'
import { sendEmail } from './senders/email.ts'
import { ntfyRequest } from './senders/ntfy.ts'
import { webhookRequest } from './senders/webhook.ts'

/** Sends one message, unless the signal ends it. @throws DeliveryError */
export type Send = (notice: Notice, target: Target, deliveryId: string, signal: AbortSignal) => Promise<void>

/** Each kind of channel, sent in its way. */
export const createSend =
  ({ post, clock }: { post: GuardedPost['post']; clock: Clock }): Send =>
  async (notice, target, deliveryId, signal) => {
    if (target.kind === 'email') return sendEmail(notice, target, deliveryId, { signal, clock })
    if (target.kind === 'discord') return post(target.url, {}, discordBody(notice), signal)
    if (target.kind === 'ntfy') {
      const { url, headers, body } = ntfyRequest(notice, { url: target.url, token: target.secret })
      return post(url, headers, body, signal)
    }
    const { headers, body } = webhookRequest(notice, { secret: target.secret, deliveryId, now: clock.now() })
    return post(target.url, headers, body, signal)
  }

const longestWords = 500

/** Why a message was not sent. What nobody expects is only in this program's log. */
export function failureWords(error: unknown, log: Log): string {
  if (error instanceof DeliveryError) return cut(error.message, longestWords)
  log.error({ err: error }, 'could not send a message')
  return 'The message could not be sent. The log says why'
}
