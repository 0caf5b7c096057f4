/** A pattern for an error from the Engine or a registry, and a function that turns its match groups into clear words. */
type Saying = [pattern: RegExp, meaning: (first: string, second: string) => string]

function meaningOf(text: string, sayings: Saying[]): string | null {
  for (const [pattern, meaning] of sayings) {
    const found = pattern.exec(text)
    if (found) return meaning(found[1] ?? '', found[2] ?? '')
  }
  return null
}

const fullDisk: Saying = [/no space left on device|disk quota exceeded/i, () => 'the disk of this node is full']

const pulls: Saying[] = [
  [/manifest unknown|manifest for \S+ not found|name unknown|\S+: not found$/, () => 'the registry has no image with this name and tag'],
  [/no matching manifest for (\S+)/, (platform) => `it is not available for this machine's platform (${platform})`],
  [/toomanyrequests|rate limit/i, () => "the registry's rate limit was reached. Try again later, or sign in to the registry on this node"],
  [
    /pull access denied|repository does not exist/,
    () => 'the image does not exist, or the registry requires a sign-in (add its login in Settings, or run "docker login" on this node)',
  ],
  [
    /unauthorized|no basic auth credentials|authentication required|denied:/,
    () => 'the registry requires a sign-in (add its login in Settings, or run "docker login" on this node)',
  ],
  [
    /lookup (\S+)[^:]*.*: (no such host|server misbehaving|Temporary failure.*|i\/o timeout)/,
    (host, why) => `the registry ${host} cannot be found (${why})`,
  ],
  [
    /dial tcp (\S+?): (?:connect: )?(connection refused|i\/o timeout|no route to host|network is unreachable)/,
    (host, why) => `the registry at ${host} does not answer (${why})`,
  ],
  [/net\/http: (request canceled|TLS handshake timeout).*|Client\.Timeout/, () => 'the registry did not answer in time'],
  [/(x509: .*)/, (why) => `the registry's certificate is not trusted (${why})`],
  [/invalid reference format(?:: (.*))?/, (why) => `this is not a valid image name${why && ` (${why})`}`],
]

/** Why an image could not be pulled; null when the text is about something else. */
export const pullFault = (text: string): string | null => meaningOf(text, pulls)

const starts: Saying[] = [
  [/Bind for (\S+) failed: port is already allocated/, (port) => `port ${port} is already in use by another container`],
  [/listen \w+ (\S+): bind: address already in use/, (port) => `port ${port} is already in use by another program on this node`],
  [/[Pp]orts are not available: .*?(\S+:\d+)/, (port) => `port ${port} is already in use by another program on this node`],
  [/listen \w+ (\S+): bind: cannot assign requested address/, (address) => `this node has no address ${address}`],
  [/container name "\/?(\S+?)" is already in use/, (name) => `the container name "${name}" is already in use by another container`],
  [/exec: "(.*?)": (?:executable file not found|stat .*no such file)/, (program) => `the image has no program "${program}"`],
  [/exec: "(.*?)": permission denied/, (program) => `"${program}" is not executable`],
  [/unable to find user (\S+?):/, (user) => `the image has no user "${user}"`],
  [/unable to find group (\S+?):/, (group) => `the image has no group "${group}"`],
  [/bind source path does not exist: (.+)/, (path) => `${path} does not exist on this node`],
  [
    /error mounting "(.*?)" to rootfs at "(.*?)".*not a directory/,
    (from, to) => `one of ${from} and ${to} is a folder and the other is a file`,
  ],
  [
    /adding custom device "(.*?)"|error gathering device information.*"(.*?)"/,
    (device, other) => `this node has no device ${device || other}`,
  ],
  [/could not select device driver "(.*?)"/, (driver) => `Docker on this node has no device driver "${driver}" (GPUs need one)`],
  [/[Uu]nknown (?:or invalid )?runtime (?:specified |name: )?(\S+)/, (runtime) => `Docker on this node has no runtime "${runtime}"`],
  [/unknown capability: "(.*?)"/, (capability) => `the capability ${capability} does not exist`],
  [
    /logging plugin (\S+?):|logging driver "?(\S+?)"? /,
    (driver, other) => `Docker on this node has no logging driver "${driver || other}"`,
  ],
  [/user specified IP address is supported only/, () => 'a fixed IP address only works in a network that sets its own "subnet"'],
  [/Pool overlaps with other one on this address space/, () => "a network's subnet overlaps with another network on this node"],
  [
    /could not find an available.*address pool|all predefined address pools have been fully subnetted/,
    () => 'Docker on this node has no free addresses left for another network',
  ],
  [/failed to mount local volume: mount (.*?):\S+.*: (.+)$/, (source, why) => `the volume ${source} could not be mounted (${why})`],
  [/No such container: (\S+)/, (name) => `there is no container ${name}`],
  fullDisk,
]

/** Why a container could not be created or started. Falls back to the Engine's own words. */
export const startFault = (text: string): string =>
  meaningOf(text, starts) ?? text.replace(/^.*(?:OCI runtime create failed|container init): /, '').replace(/: unknown$/, '')

const builds: Saying[] = [
  [
    /failed to read dockerfile: open .*?([^/]+): no such file|lstat .*?([^/]+): no such file/,
    (a, b) => `there is no ${a || b} in the build context`,
  ],
  [/executor failed running \[(?:\/bin\/sh -c )?(.*?)\]: exit code: (\d+)/, (command, code) => `"${command}" ended with exit code ${code}`],
  [
    /process "(?:\/bin\/sh -c )?(.*?)" did not complete successfully: exit code: (\d+)/,
    (command, code) => `"${command}" ended with exit code ${code}`,
  ],
  [/The command '(?:\/bin\/sh -c )?(.*?)' returned a non-zero code: (\d+)/, (command, code) => `"${command}" ended with exit code ${code}`],
  [/"\/?(.*?)" not found: not found|file not found in build context.*stat (\S+?):/, (a, b) => `there is no ${a || b} in the build context`],
  [/(?:failed to create LLB definition: )(\S+): not found$/, (image) => `the registry has no image ${image}`],
  [/manifest for (\S+) not found/, (image) => `the registry has no image ${image}`],
  [/(dockerfile parse error.*)/, (why) => why],
  fullDisk,
]

/** Why an image could not be built. Falls back to the builder's own words. */
export const buildFault = (text: string): string =>
  meaningOf(text, builds) ?? pullFault(text) ?? text.replace(/^.*(?:code = \w+ desc = |dockerfile\.v0: )/, '')

const others: Saying[] = [
  [/^[Nn]etwork (\S+) (?:declared as external, but could not be|not) found/, (name) => missingPart('network', name)],
  [/^[Vv]olume (\S+) declared as external, but could not be found/, (name) => missingPart('volume', name)],
  [/^external volume "(.+?)" not found/, (name) => missingPart('volume', name)],
  [/volume (?:\S+ )?(\S+): no such volume|No such volume: (\S+)/, (a, b) => missingPart('volume', a || b)],
  [
    /[Vv]olume (\S+) specifies nonexistent driver (\S+)/,
    (name, driver) => `Volume "${name}" needs the driver "${driver}", which Docker on this node does not have`,
  ],
  [
    /dependency failed to start: container (\S+) is unhealthy/,
    (name) => `${name} is unhealthy, so the services that depend on it were not started`,
  ],
  [
    /dependency failed to start: container (\S+) exited \((\d+)\)/,
    (name, code) => `${name} ended with exit code ${code}, so the services that depend on it were not started`,
  ],
  [
    /dependency failed to start: container (\S+) has no healthcheck configured/,
    (name) => `${name} has no health check, but another service waits for it to be healthy`,
  ],
  [
    /^service "(.+?)" didn't complete successfully: exit (\d+)/,
    (name, code) => `Service "${name}" ended with exit code ${code}, so the services that depend on it were not started`,
  ],
  [
    /^Service "(.+?)" is missing a healthcheck configuration/,
    (name) => `Service "${name}" has no health check, but another service waits for it to be healthy`,
  ],
]

const missingPart = (kind: string, name: string): string =>
  `This node has no ${kind} "${name}", which the file marks as "external". Create it on the node: docker ${kind} create ${name}`

/** Why something else stopped a command; null when no clearer words are known. */
export const otherFault = (text: string): string | null => meaningOf(text, others)
