import { BlockList, isIP } from 'node:net'
import { valueClaim, type ModelPart } from './model-part.ts'
import { fieldsOf, listOf, pairsOf, textOf, type Fields } from './model-values.ts'
import type { Claim } from './policy-finding.ts'

/** Drivers that keep a container behind the host's own bridge. */
const ownBridge = ['', 'default', 'bridge', 'overlay', 'none', 'null']

/** Addresses that no public server has. A network of others would take what the host sends to them. */
const privateNetworks = new BlockList()
for (const [address, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
] as const)
  privateNetworks.addSubnet(address, bits)
for (const [address, bits] of [
  ['fc00::', 7],
  ['fe80::', 10],
  ['2001:db8::', 32],
] as const)
  privateNetworks.addSubnet(address, bits, 'ipv6')

/** Networks that put a service on the host's own. */
export function networkClaims({ root, name, service }: ModelPart): Claim[] {
  // With a mode of its own, it joins none.
  if (textOf(service['network_mode'])) return []
  const { networks } = service
  const keys = Array.isArray(networks) ? networks.map(textOf) : Object.keys(fieldsOf(networks))
  const declared = fieldsOf(root['networks'])
  return (keys.length > 0 ? keys : ['default']).flatMap((key) => claimsOf(name, key, fieldsOf(declared[key])))
}

function claimsOf(service: string, key: string, network: Fields): Claim[] {
  const at = (...more: (string | number)[]) => ['networks', key, ...more]
  const external = fieldsOf(network['external'])
  // Docker reads the name of a container's only network as its mode.
  const joined = textOf(network['name']) || textOf(external['name']) || (network['external'] === true ? key : '')
  if (joined.toLowerCase() === 'host') return [valueClaim(service, 'host-network', null, at('name'), joined)]
  if (/^container:/i.test(joined)) return [valueClaim(service, 'container-namespace', `network_mode ${joined}`, at('name'), joined)]
  const driver = textOf(network['driver'])
  const options = pairsOf(network['driver_opts'])
  if (!ownBridge.includes(driver)) {
    const parent = options.find(([option]) => option === 'parent')?.[1]
    return [valueClaim(service, 'host-network', [driver, parent].filter(Boolean).join(' '), at('driver'), driver)]
  }
  const bridge = options.filter(([option, value]) => option === 'com.docker.network.bridge.name' && value !== '')
  const subnets = listOf(fieldsOf(network['ipam'])['config']).map((each) => textOf(fieldsOf(each)['subnet']))
  return [
    ...bridge.map(([option, value]) => valueClaim(service, 'host-network', `bridge ${value}`, at('driver_opts', option), value)),
    ...subnets.flatMap((subnet, index) =>
      subnet && !isPrivate(subnet)
        ? [valueClaim(service, 'host-network', `subnet ${subnet}`, at('ipam', 'config', index, 'subnet'), subnet)]
        : [],
    ),
  ]
}

function isPrivate(subnet: string): boolean {
  const [address = ''] = subnet.split('/')
  const family = isIP(address)
  return family !== 0 && privateNetworks.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
