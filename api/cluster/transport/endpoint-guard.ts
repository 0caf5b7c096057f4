import { lookup } from 'node:dns'
import { BlockList, isIPv6, type LookupFunction } from 'node:net'

/**
 * Addresses that no node can have: link-local, multicast, reserved and unspecified ones. Link-local includes the metadata
 * services of clouds, which give secrets to any caller on the machine.
 * Source: RFC 6890 and RFC 4291. fd00:ec2::254 and 100.100.100.200 are the metadata services of AWS and Alibaba Cloud.
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

/** Why a joining node cannot have this endpoint; null if it can. Only an administrator can enter such an address. */
export function joinEndpointProblem(endpoint: string): string | null {
  const name = URL.parse(endpoint)?.hostname ?? ''
  const host = name.startsWith('[') ? name.slice(1, -1) : name
  if (!isNowhere(host) && !metadataNames.test(host)) return null
  return `must be an address at which the node itself answers. ${host} is a link-local, reserved or metadata service address. Set NODE_API_ENDPOINT on the node`
}

/** DNS lookup for nodes that drops addresses no node can have, because a name can be pointed anywhere after its node has joined. */
export const lookupOfNodes: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '')
    const good = addresses.filter(({ address }) => !isNowhere(address))
    const [first] = good
    if (first) return options.all ? callback(null, good) : callback(null, first.address, first.family)
    const refused = new Error(`${hostname} resolves to ${addresses.map(({ address }) => address).join(', ')}, where no node can be`)
    callback(Object.assign(refused, { code: 'ENOTFOUND' }), '')
  })
}
