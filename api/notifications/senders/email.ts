import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createTransport } from 'nodemailer'
import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import { isReservedHost, lookupUnreserved } from '../../reserved-addresses.ts'
import type { Target } from '../channel.ts'
import { answerWithinMs, DeliveryError } from '../guarded-post.ts'
import { wordsOf, type Notice } from '../notice.ts'

type EmailTarget = Extract<Target, { kind: 'email' }>

const lookup = lookupUnreserved('where no mail server can be')
/** A whole conversation. A server that answers each line just in time would otherwise hold its channel for hours. */
const conversationMs = 30_000

/** An open connection to the server, at an address that is none of those where no server can be. */
async function connected(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  if (isReservedHost(host)) throw new DeliveryError(`${host} is an address where no mail server can be`)
  const socket = connect({ host, port, lookup })
  try {
    await once(socket, 'connect', { signal })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

const transportOver = (connection: Socket, { host, port, security, username, secret }: EmailTarget) =>
  createTransport({
    host,
    port,
    getSocket: (_options, callback) => callback(null, { connection }),
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(username !== null && secret !== null && { auth: { user: username, pass: secret } }),
    greetingTimeout: answerWithinMs,
    socketTimeout: answerWithinMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })

/** @param outside.signal ends it @throws DeliveryError */
export async function sendEmail(
  notice: Notice,
  target: EmailTarget,
  deliveryId: string,
  outside: { signal: AbortSignal; clock: Clock },
): Promise<void> {
  const { host, port, from, to } = target
  const { title, text } = wordsOf(notice)
  const late = new AbortController()
  const cancel = outside.clock.after(conversationMs, () => late.abort())
  const signal = AbortSignal.any([outside.signal, late.signal])
  let socket: Socket | undefined
  const hangUp = (): void => void socket?.destroy()
  signal.addEventListener('abort', hangUp)
  try {
    socket = await connected(host, port, signal)
    await transportOver(socket, target).sendMail({
      from: { name: 'Selfhostly', address: from },
      to,
      subject: title,
      text,
      messageId: `<${deliveryId}@selfhostly>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
    })
  } catch (error) {
    if (error instanceof DeliveryError) throw error
    const why = late.signal.aborted ? `took longer than ${conversationMs / 1000} s` : errorMessage(error)
    throw new DeliveryError(`${host}: ${why}`, { cause: error, refused: refusesMessage(error) })
  } finally {
    cancel()
    hangUp()
  }
}

/** Whether the server does not want this message, whoever it is for. Source: RFC 5321, 4.2.1, for the codes. */
const refusesMessage = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EMESSAGE' && 'responseCode' in error && Number(error.responseCode) >= 500
