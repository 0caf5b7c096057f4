import type { Clock } from '../clock.ts'
import type { Target } from './channel.ts'
import type { GuardedPost } from './guarded-post.ts'
import type { Notice } from './notice.ts'
import { discordBody } from './senders/discord.ts'
import { sendEmail } from './senders/email.ts'
import { ntfyRequest } from './senders/ntfy.ts'
import { webhookRequest } from './senders/webhook.ts'

/** Sends one message. @throws DeliveryError */
export type Send = (notice: Notice, target: Target, deliveryId: string) => Promise<void>

/** Each kind of channel, sent in its way. */
export const createSend =
  ({ post, clock }: { post: GuardedPost['post']; clock: Clock }): Send =>
  async (notice, target, deliveryId) => {
    if (target.kind === 'email') return sendEmail(notice, target, deliveryId)
    if (target.kind === 'discord') return post(target.url, {}, discordBody(notice))
    if (target.kind === 'ntfy') {
      const { url, headers, body } = ntfyRequest(notice, { url: target.url, token: target.secret })
      return post(url, headers, body)
    }
    const { headers, body } = webhookRequest(notice, { secret: target.secret, deliveryId, now: clock.now() })
    return post(target.url, headers, body)
  }
