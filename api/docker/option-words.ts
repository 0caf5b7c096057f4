import { quoted, type Meaning, type SayingContext } from './compose-remark.ts'
import { isNewerOption } from './newer-options.ts'

/** What people write most; a name that is close to one of these was meant to be it. */
const common = {
  top: 'configs include name networks secrets services version volumes',
  service: `annotations attach blkio_config build cap_add cap_drop cgroup_parent command configs container_name cpu_shares cpus cpuset
    depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file environment expose extends
    external_links extra_hosts group_add healthcheck hostname image init ipc isolation labels links logging mac_address mem_limit
    mem_reservation mem_swappiness memswap_limit network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports
    privileged profiles pull_policy read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal
    storage_opt sysctls tmpfs tty ulimits user userns_mode volumes volumes_from working_dir`,
  inside: `args aliases attachable cache_from capabilities condition context cpus device dockerfile driver driver_opts external file gateway
    interval internal ipam ipv4_address ipv6_address labels limits memory mode name options protocol published read_only replicas
    reservations resources retries source start_period subnet target test timeout type`,
}
const words = (text: string): string[] => text.split(/\s+/)

/** What it means that the key at the end of the path is not known. */
export function unknownOption(path: string[], { label, isV1 }: SayingContext): Meaning {
  const option = path.at(-1) ?? ''
  const place = path.slice(0, -1)
  if (isNewerOption(path)) return { message: newer(`"${option}"`, { label, isV1 }), path }
  if (path.length === 2 && place[0] === 'services') {
    return { message: `the service name "${option}" may have letters, digits, ".", "_" and "-" only`, path }
  }
  const isService = place.length === 2 && place[0] === 'services'
  const names = words(place.length === 0 ? common.top : isService ? common.service : common.inside)
  const near = names.find((name) => isNear(name, option))
  const where =
    place.length === 0 ? 'a key that a Compose file has' : isService ? `an option of a service` : `an option of ${quoted(place)}`
  return { message: `"${option}" is not ${where}${near ? `; did you mean "${near}"?` : ''}`, path }
}

/** One letter too many, too few or wrong, or two in the wrong order. */
function isNear(name: string, other: string): boolean {
  let start = 0
  while (start < name.length && name[start] === other[start]) start++
  let end = 0
  while (end < Math.min(name.length, other.length) - start && name.at(-1 - end) === other.at(-1 - end)) end++
  const [a, b] = [name, other].map((text) => text.slice(start, text.length - end)) as [string, string]
  return (a.length <= 1 && b.length <= 1) || (a.length === 2 && a[0] === b[1] && a[1] === b[0])
}

/** For what this node's Compose is too old for. */
export const newer = (what: string, { label, isV1 }: SayingContext): string =>
  isV1
    ? `${what} needs Compose 2, and this node has ${label}: install the Compose plugin there, or write the file without it`
    : `${what} needs a newer Compose than this node has (${label}): update it there, or write the file without it`
