import { lookup } from 'node:dns'
import { BlockList, isIPv6, type LookupFunction } from 'node:net'

/**
 * Addresses at which nobody we call can be: link-local, multicast, reserved and unspecified ones. Link-local includes the metadata
 * services of clouds, which give secrets to any caller on the machine.
 * Source: RFC 6890 and RFC 4291. fd00:ec2::254 and 100.100.100.200 are the metadata services of AWS and Alibaba Cloud.
 */
const reserved = new BlockList()
reserved.addSubnet('169.254.0.0', 16)
reserved.addSubnet('0.0.0.0', 8)
reserved.addSubnet('224.0.0.0', 3)
reserved.addAddress('100.100.100.200')
reserved.addSubnet('fe80::', 10, 'ipv6')
reserved.addSubnet('ff00::', 8, 'ipv6')
reserved.addAddress('::', 'ipv6')
reserved.addAddress('fd00:ec2::254', 'ipv6')

const metadataNames = /^(metadata|instance-data)(\.|$)/i

const isReserved = (address: string): boolean => reserved.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

/** Whether a URL names such an address, or a metadata service by name. */
export function isReservedHost(hostname: string): boolean {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return isReserved(host) || metadataNames.test(host)
}

/** DNS lookup that drops such addresses, because a name can be pointed anywhere. `whereWhat` ends the error, such as "where no node can be". */
export const lookupUnreserved =
  (whereWhat: string): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      const good = addresses.filter(({ address }) => !isReserved(address))
      const [first] = good
      if (first) return options.all ? callback(null, good) : callback(null, first.address, first.family)
      const refused = new Error(`${hostname} resolves to ${addresses.map(({ address }) => address).join(', ')}, ${whereWhat}`)
      callback(Object.assign(refused, { code: 'ENOTFOUND' }), '')
    })
  }
