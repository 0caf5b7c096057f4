/** Beyond this certificates, tokens and times in the dashboard begin to be wrong; below it networks and queues explain it. */
const mostMs = 5 * 60_000

/**
 * How far the clock of a node is from its primary's, who is ahead and what to do, in words; null when it is near enough.
 *
 * @param node what the clock of the node says @param primary what that of the primary said at the same moment
 */
export function clockSkewInWords({ node, primary }: { node: Date; primary: Date }): string | null {
  const skewMs = node.getTime() - primary.getTime()
  if (Math.abs(skewMs) <= mostMs) return null
  return (
    `the clock of this node is ${spanInWords(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} its primary's ` +
    `(${utc(node)} on the node, ${utc(primary)} on the primary). Set right the one that is wrong, for example with ` +
    '`timedatectl set-ntp true`; the node tries again by itself'
  )
}

const utc = (at: Date): string => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`

function spanInWords(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 120) return `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
