/** Options that later versions of Compose have and 1.29 does not. `*` is any name. For nested options the last two keys are enough. */
const newerOptions = [
  ...['include', 'name', 'models'],
  ...'annotations attach cgroup develop gpus label_file models post_start pre_stop provider storage_opt_size uts use_api_socket'
    .split(' ')
    .map((option) => `services.*.${option}`),
  ...['depends_on.*.required', 'depends_on.*.restart', 'depends_on.required', 'depends_on.restart'],
  ...['env_file.path', 'env_file.required', 'env_file.format'],
  ...[
    'healthcheck.start_interval',
    'build.dockerfile_inline',
    'build.additional_contexts',
    'build.platforms',
    'build.secrets',
    'build.ssh',
  ],
  ...[
    'build.tags',
    'build.ulimits',
    'build.entitlements',
    'build.no_cache',
    'build.pull',
    'build.privileged',
    'build.provenance',
    'build.sbom',
  ],
  ...['ports.app_protocol', 'ports.name', 'volumes.subpath', 'volume.subpath', 'bind.recursive', 'volumes.image', 'tmpfs.mode'],
  ...['networks.*.interface_name', 'networks.*.mac_address', 'networks.*.driver_opts', 'networks.*.gw_priority', 'networks.*.enable_ipv4'],
  ...['configs.*.content', 'configs.*.environment', 'secrets.*.environment'],
].map((pattern) => pattern.split('.'))

/** Whether a Compose later than 1.29 knows the option at the end of this path. */
export const isNewerOption = (path: string[]): boolean => newerOptions.some((pattern) => endsWith(path, pattern))

function endsWith(path: string[], pattern: string[]): boolean {
  const end = path.slice(-pattern.length)
  // A top-level or service option does not exist under the same name elsewhere.
  if ((pattern.length === 1 || pattern[0] === 'services') && path.length !== pattern.length) return false
  return end.length === pattern.length && pattern.every((key, at) => key === '*' || key === end[at])
}
