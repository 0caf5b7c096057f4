import { capabilityName, isGivenAnyway } from './capabilities.ts'
import { posix } from 'node:path'
import { valueClaim, type ModelPart } from './model-part.ts'
import { fieldsOf, isFields, isTrue, listOf, pairsOf, textOf } from './model-values.ts'
import type { Claim } from './policy-finding.ts'

/** Rights that a service asks for beyond those of every container. */
export const privilegeClaims = (part: ModelPart): Claim[] => [
  ...fullRights(part),
  ...capabilities(part),
  ...devices(part),
  ...securityOptions(part),
  ...cgroups(part),
  ...sysctls(part),
  ...programs(part),
]

function fullRights({ name, service }: ModelPart): Claim[] {
  const own = isTrue(service['privileged']) ? [valueClaim(name, 'privileged', null, ['services', name, 'privileged'])] : []
  const hooks = ['post_start', 'pre_stop'].flatMap((hook) =>
    listOf(service[hook]).flatMap((each, index) =>
      isTrue(fieldsOf(each)['privileged']) ? [valueClaim(name, 'privileged', hook, ['services', name, hook, index, 'privileged'])] : [],
    ),
  )
  return [...own, ...hooks]
}

/** Programs that Compose itself starts on the host. */
function programs({ root, name, service }: ModelPart): Claim[] {
  const { type } = fieldsOf(service['provider'])
  const provider =
    service['provider'] === undefined ? [] : [valueClaim(name, 'privileged', `provider ${textOf(type)}`, ['services', name, 'provider'])]
  const models = Array.isArray(service['models']) ? service['models'].map(textOf) : Object.keys(fieldsOf(service['models']))
  const flagged = models.filter((model) => listOf(fieldsOf(fieldsOf(root['models'])[model])['runtime_flags']).length > 0)
  return [...provider, ...flagged.map((model) => valueClaim(name, 'privileged', `model ${model}`, ['models', model, 'runtime_flags']))]
}

const capabilities = ({ name, service }: ModelPart): Claim[] =>
  listOf(service['cap_add']).flatMap((written, index) => {
    const capability = capabilityName(textOf(written))
    return isGivenAnyway(capability)
      ? []
      : [valueClaim(name, 'capability', capability, ['services', name, 'cap_add', index], textOf(written))]
  })

function devices({ name, service }: ModelPart): Claim[] {
  const at = (key: string, index: number) => ['services', name, key, index]
  const plain = listOf(service['devices']).map((device, index) => {
    const { detail, written } = isFields(device)
      ? { detail: deviceDetail(textOf(device['source']), textOf(device['permissions'])), written: textOf(device['source']) }
      : { detail: deviceOf(textOf(device)), written: textOf(device) }
    return valueClaim(name, 'device', detail, at('devices', index), written)
  })
  const rules = listOf(service['device_cgroup_rules']).map((rule, index) =>
    valueClaim(name, 'device', `rule ${textOf(rule).trim().replace(/\s+/g, ' ')}`, at('device_cgroup_rules', index), textOf(rule)),
  )
  const { reservations } = fieldsOf(fieldsOf(service['deploy'])['resources'])
  const reserved = listOf(fieldsOf(reservations)['devices']).map((each, index) =>
    valueClaim(name, 'device', reservedDevice(each), ['services', name, 'deploy', 'resources', 'reservations', 'devices', index], null),
  )
  const gpus = textOf(service['gpus']) ? [valueClaim(name, 'device', 'gpu', ['services', name, 'gpus'])] : []
  const gpuList = listOf(service['gpus']).map((each, index) =>
    valueClaim(name, 'device', reservedDevice({ capabilities: ['gpu'], ...fieldsOf(each) }), at('gpus', index), null),
  )
  return [...plain, ...rules, ...reserved, ...gpus, ...gpuList]
}

/** `/dev/a:/dev/b:rwm`. A name such as `vendor.com/class=name` stays as it is. */
function deviceOf(written: string): string {
  const parts = written.split(':')
  const last = parts.at(-1) ?? ''
  return deviceDetail(parts[0] ?? '', parts.length > 1 && /^[rwm]+$/.test(last) ? last : '')
}

function deviceDetail(source: string, permissions: string): string {
  const path = source.startsWith('/') ? posix.normalize(source) : source
  const kinds = 'rwm'
    .split('')
    .filter((kind) => permissions.includes(kind))
    .join('')
  return kinds === '' || kinds === 'rwm' ? path : `${path}:${kinds}`
}

/** A GPU, or whatever else the driver gives. */
function reservedDevice(device: unknown): string {
  const { capabilities: wanted, driver, device_ids: ids } = fieldsOf(device)
  return [...listOf(wanted).map(textOf).sort(), textOf(driver), ...listOf(ids).map(textOf)].filter(Boolean).join(' ')
}

/** Options that take rights away, or name what is the default. */
const harmlessOptions = new Set(['no-new-privileges', 'no-new-privileges=true', 'seccomp=builtin', 'apparmor=docker-default'])

/** Annotations by which a runtime gives a container more than Docker would. */
const steeringAnnotations = /^(org\.systemd\.property\.|run\.oci\.|io\.katacontainers\.|dev\.gvisor\.|cdi\.k8s\.io\/)/

function securityOptions({ name, service }: ModelPart): Claim[] {
  const options = listOf(service['security_opt']).flatMap((written, index) => {
    const option = textOf(written)
      .trim()
      .replace(/^([^=:]+):/, '$1=')
    return harmlessOptions.has(option.toLowerCase())
      ? []
      : [valueClaim(name, 'security-opt', option, ['services', name, 'security_opt', index], textOf(written))]
  })
  const runtime = textOf(service['runtime'])
  const annotations = pairsOf(service['annotations']).filter(([key]) => steeringAnnotations.test(key))
  return [
    ...options,
    ...(['', 'runc', 'io.containerd.runc.v2'].includes(runtime)
      ? []
      : [valueClaim(name, 'security-opt', `runtime=${runtime}`, ['services', name, 'runtime'], runtime)]),
    ...annotations.map(([key, value, at]) =>
      valueClaim(name, 'security-opt', `annotation ${key}=${value}`, ['services', name, 'annotations', at], key),
    ),
  ]
}

function cgroups({ name, service }: ModelPart): Claim[] {
  const parent = textOf(service['cgroup_parent'])
  return parent ? [valueClaim(name, 'cgroup', `parent ${parent}`, ['services', name, 'cgroup_parent'], parent)] : []
}

function sysctls({ name, service }: ModelPart): Claim[] {
  const own = pairsOf(service['sysctls']).map(([key, value, at]) =>
    valueClaim(name, 'sysctl', `${key}=${value}`, ['services', name, 'sysctls', at], key),
  )
  const perNetwork = Object.entries(fieldsOf(service['networks'])).flatMap(([network, how]) => {
    const option = 'com.docker.network.endpoint.sysctls'
    const value = textOf(fieldsOf(fieldsOf(how)['driver_opts'])[option])
    return value ? [valueClaim(name, 'sysctl', value, ['services', name, 'networks', network, 'driver_opts', option])] : []
  })
  return [...own, ...perNetwork]
}
