/** Beyond this, certificates, tokens and times in the dashboard start to go wrong. Smaller differences can come from network delays and queues. */
const mostMs = 5 * 60_000

/**
 * Describes how far a node's clock is ahead of or behind its primary's, and what to do; null if they are close enough.
 *
 * @param node the node's time @param primary the primary's time at the same moment
 */
export function clockSkewInWords({ node, primary }: { node: Date; primary: Date }): string | null {
  const skewMs = node.getTime() - primary.getTime()
  if (Math.abs(skewMs) <= mostMs) return null
  return (
    `this node's clock is ${spanInWords(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} its primary's ` +
    `(${utc(node)} on the node, ${utc(primary)} on the primary). Correct the wrong one, for example with ` +
    '`timedatectl set-ntp true`. The node tries again by itself'
  )
}

const utc = (at: Date): string => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`

function spanInWords(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 120) return `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
