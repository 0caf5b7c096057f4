import { quoted, type Meaning, type SayingContext } from './compose-remark.ts'
import { isNear } from '../misspelling.ts'
import { isNewerOption } from './newer-options.ts'

/** The most common options, to suggest one for a misspelled name. */
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

/** What to say about an unknown key at the end of the path. */
export function unknownOption(path: string[], { label, isV1 }: SayingContext): Meaning {
  const option = path.at(-1) ?? ''
  const place = path.slice(0, -1)
  if (isNewerOption(path)) return { message: newer(`"${option}"`, { label, isV1 }), path }
  if (path.length === 2 && place[0] === 'services') {
    return { message: `the service name "${option}" can only contain letters, digits, ".", "_" and "-"`, path }
  }
  const isService = place.length === 2 && place[0] === 'services'
  const names = words(place.length === 0 ? common.top : isService ? common.service : common.inside)
  const near = names.find((name) => isNear(name, option))
  const what = place.length === 0 ? 'top-level key' : isService ? 'service option' : `option of ${quoted(place)}`
  return { message: `"${option}" is not a valid ${what}${near ? `. Did you mean "${near}"?` : ''}`, path }
}

/** For an option that is too new for this node's Compose. */
export const newer = (what: string, { label, isV1 }: SayingContext): string =>
  isV1
    ? `${what} needs Compose 2, but this node has ${label}. Install the Compose plugin on the node, or change the file`
    : `${what} needs a newer Compose than this node has (${label}). Update Compose on the node, or change the file`
