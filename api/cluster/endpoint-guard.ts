import { lookup } from 'node:dns'
import { BlockList, isIPv6, type LookupFunction } from 'node:net'

/**
 * Where no node is: what a machine answers only to itself or to its neighbours on the wire (link-local, among them the metadata
 * services of clouds, which give their secrets to whoever asks from that machine), everybody at once, and nobody.
 * Source: RFC 6890 and RFC 4291; fd00:ec2::254 and 100.100.100.200 are metadata services of AWS and Alibaba Cloud.
 */
const nowhere = new BlockList()
nowhere.addSubnet('169.254.0.0', 16)
nowhere.addSubnet('0.0.0.0', 8)
nowhere.addSubnet('224.0.0.0', 3)
nowhere.addAddress('100.100.100.200')
nowhere.addSubnet('fe80::', 10, 'ipv6')
nowhere.addSubnet('ff00::', 8, 'ipv6')
nowhere.addAddress('::', 'ipv6')
nowhere.addAddress('fd00:ec2::254', 'ipv6')

const metadataNames = /^(metadata|instance-data)(\.|$)/i

const isNowhere = (address: string): boolean => nowhere.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

/** Why a node that brings its own endpoint may not have this one; null when it may. Only an administrator can name such an address. */
export function joinEndpointProblem(endpoint: string): string | null {
  const host = (URL.parse(endpoint)?.hostname ?? '').replace(/^\[|\]$/g, '')
  if (!isNowhere(host) && !metadataNames.test(host)) return null
  return `must be an address at which the node itself answers; ${host} is link-local, a metadata service or nobody's. Set NODE_API_ENDPOINT on the node`
}

/** Finds the addresses of a node by its name, without those where no node is: a name can be made to lead anywhere after it joined. */
export const lookupOfNodes: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, [])
    const good = addresses.filter(({ address }) => !isNowhere(address))
    const [first] = good
    if (first) return options.all ? callback(null, good) : callback(null, first.address, first.family)
    const refused = new Error(`${hostname} leads to ${addresses[0]?.address}, which is no address of a node`)
    callback(Object.assign(refused, { code: 'ENOTFOUND' }), [])
  })
}
