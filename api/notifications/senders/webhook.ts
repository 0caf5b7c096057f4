import { createHmac } from 'node:crypto'
import { wordsOf, type Notice } from '../notice.ts'

/**
 * A request that the receiver can prove to come from here: the signature is HMAC-SHA256, with the channel's secret, of the timestamp,
 * a full stop and the body. A receiver refuses timestamps that are minutes old, so that a request cannot be sent again.
 *
 * @param deliveryId the same at each attempt, so that a message that arrives twice can be told
 */
export function webhookRequest(notice: Notice, { secret, deliveryId, now }: { secret: string; deliveryId: string; now: Date }) {
  const body = JSON.stringify({ ...wordsOf(notice), ...notice })
  const timestamp = String(Math.floor(now.getTime() / 1000))
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  const headers = {
    'x-selfhostly-delivery': deliveryId,
    'x-selfhostly-timestamp': timestamp,
    'x-selfhostly-signature': `sha256=${signature}`,
  }
  return { headers, body }
}
