import { isIP } from 'node:net'
import { createTransport } from 'nodemailer'
import { errorMessage } from '../../errors.ts'
import { isReservedHost, lookupUnreserved } from '../../reserved-addresses.ts'
import type { Target } from '../channel.ts'
import { answerWithinMs, DeliveryError } from '../guarded-post.ts'
import { wordsOf, type Notice } from '../notice.ts'

type EmailTarget = Extract<Target, { kind: 'email' }>

const lookup = lookupUnreserved('where no mail server can be')

/** An address of the server that is none of those where no server can be. */
async function addressOf(host: string): Promise<string> {
  if (isReservedHost(host)) throw new DeliveryError(`${host} is an address where no mail server can be`)
  if (isIP(host)) return host
  return new Promise((resolve, reject) =>
    lookup(host, {}, (error, address) => {
      if (error || typeof address !== 'string') reject(error ?? new Error(`${host} has no address`))
      else resolve(address)
    }),
  )
}

/** @throws DeliveryError */
export async function sendEmail(notice: Notice, target: EmailTarget, deliveryId: string): Promise<void> {
  const { host, port, security, username, secret, from, to } = target
  const { title, text } = wordsOf(notice)
  try {
    const transport = createTransport({
      host: await addressOf(host),
      port,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      ...(isIP(host) === 0 && { tls: { servername: host } }),
      ...(username !== null && secret !== null && { auth: { user: username, pass: secret } }),
      connectionTimeout: answerWithinMs,
      greetingTimeout: answerWithinMs,
      socketTimeout: answerWithinMs,
      dnsTimeout: answerWithinMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    try {
      await transport.sendMail({
        from: { name: 'Selfhostly', address: from },
        to,
        subject: title,
        text,
        messageId: `<${deliveryId}@selfhostly>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
    } finally {
      transport.close()
    }
  } catch (error) {
    if (error instanceof DeliveryError) throw error
    throw new DeliveryError(`${host}: ${errorMessage(error)}`, { cause: error })
  }
}
