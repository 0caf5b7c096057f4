import { quoted, toPath, type Meaning, type Saying } from './compose-remark.ts'

const ofService = (service: string, message: string, ...keys: string[]): Meaning => ({ message, path: ['services', service, ...keys] })

const undefinedPart = (service: string, kind: string, name: string): Meaning =>
  ofService(service, `the service "${service}" uses the ${kind} "${name}", which is not defined under "${kind}s:"`, `${kind}s`)

const undefinedService = (service: string, other: string): Meaning =>
  ofService(
    service,
    `the service "${service}" depends on the service "${other}", which is missing from the file or not in an active profile`,
    'depends_on',
  )

const noSuchFile = (file: string): Meaning => ({ message: `the file ${file} does not exist`, value: file.replace(/^(\.\/)+/, '') })

/** References to something that does not exist or does not fit. */
export const referenceSayings: Saying[] = [
  [
    /^service "(.+?)" refers to undefined (volume|network|secret|config) (\S+?)(?::|$)/,
    ([service = '', kind = '', name = '']) => undefinedPart(service, kind, name),
  ],
  [
    /^Named volume "([^:"]+).*" is used in service "(.+?)" but no declaration/,
    ([name = '', service = '']) => undefinedPart(service, 'volume', name),
  ],
  [
    /^Service "(.+?)" uses an undefined (network|secret|volume|config) "(.+?)"/,
    ([service = '', kind = '', name = '']) => undefinedPart(service, kind, name),
  ],
  [
    /^Service '(.+?)' (?:depends on|uses the \w+(?: \w+)? of|has a link to) service '(.+?)' which/,
    ([service = '', other = '']) => undefinedService(service, other),
  ],
  [/^service "(.+?)" depends on undefined service "?(.+?)"?(?::|$)/, ([service = '', other = '']) => undefinedService(service, other)],
  [
    /^(?:Circular dependency (?:between )?|dependency cycle detected: )(.+)/,
    ([services = '']) => ({
      message: `these services depend on each other in a circle: ${services}`,
      path: ['services', /[\w.-]+/.exec(services)?.[0] ?? ''],
    }),
  ],
  [
    /^[Ss]ervice "?(.+?)"? has neither an image nor a build context/,
    ([service = '']) => ofService(service, `the service "${service}" needs an "image" (such as "nginx:1.29") or a "build"`),
  ],
  [
    /^Cannot extend service '(.+?)' in (\S+): Service not found/,
    ([base = '', file = '']) => ({
      message: `${file} has no service "${base}" to extend`,
      value: base,
    }),
  ],
  [
    /^cannot extend service "(.+?)" in (\S+): service "(.+?)" not found/,
    ([service = '', file = '', base = '']) => ofService(service, `${file} has no service "${base}" to extend`, 'extends'),
  ],
  [/^Couldn't find env file: (\S+)/, ([file = '']) => noSuchFile(file)],
  [/^env file (\S+) not found/, ([file = '']) => noSuchFile(file)],
  [
    /^(?:\.?FileNotFoundError: \[Errno 2\] No such file or directory: '(.+)'|(?:open|stat) (\S+): no such file or directory)/,
    ([a = '', b = '']) => noSuchFile(a || b),
  ],
  [
    /^build path (\S+) either does not exist/,
    ([folder = '']) => ({
      message: `the build context ${folder} does not exist`,
      value: folder.replace(/^(\.\/)+/, ''),
    }),
  ],
  [
    /^service "?(.+?)"? declares mutually exclusive `(\w+)` and `(\w+)`/,
    ([service = '', one = '', two = '']) =>
      ofService(service, `the service "${service}" has both "${one}" and "${two}". Keep only one of them`, two),
  ],
  [
    /^'(\w+)' and '(\w+)' cannot be combined/,
    ([one = '', two = '']) => ({
      message: `a service has both "${one}" and "${two}". Keep only one of them`,
      value: one,
    }),
  ],
  [
    /can't set container_name and (.+?) as container name must be unique/,
    ([service = '']) =>
      ofService(service, `the service "${service}" sets "container_name", so it can only have one container`, 'container_name'),
  ],
]

/** Finds the missing variable. Compose 1 prints only the whole option and the variable's error text. */
function missingVariable(option: string, words: string): string {
  const found = [...option.matchAll(/\$\{(\w+):?\?([^}]*)\}/g)]
  return (found.find(([, name, error]) => error === words || name === words) ?? found[0])?.[1] ?? words
}

const missing = (variable: string, words: string, path: string[]): Meaning => ({
  message: `the variable ${variable} is required but not set${words && words !== variable ? `: ${words}` : ''}`,
  path,
  value: `\${${variable}`,
})

const badDollar = (path: string[], text: string): Meaning => ({
  message: `${quoted(path)} has a "$" that does not start a variable: ${text}. Write "$$" for a literal "$"`,
  path,
})

/** Variables, and values that Compose parses. */
export const valueSayings: Saying[] = [
  [
    /^Missing mandatory value for "(\w+)" option interpolating (.*) in (\w+) "(.+?)": (.*)/,
    ([key = '', option = '', kind = '', name = '', words = '']) => missing(missingVariable(option, words), words, [`${kind}s`, name, key]),
  ],
  [
    /^error while interpolating (\S+): required variable (\w+) is missing a value(?:: (.*))?/,
    ([place = '', variable = '', words = '']) => missing(variable, words, toPath(place)),
  ],
  [
    /^Invalid interpolation format for "(\w+)" option in (\w+) "(.+?)": "(.*)"/,
    ([key = '', kind = '', name = '', text = '']) => badDollar([`${kind}s`, name, key], text),
  ],
  [
    /^invalid interpolation format for (\S+?)\.? You may need to escape any \$ with another \$\. (.*)/,
    ([place = '', text = '']) => badDollar(toPath(place), text),
  ],
  [
    /^Invalid (container|host)Port: (.*)/,
    ([side = '', port = '']) => ({
      message: `"${port}" is not a valid ${side} port. Use a number up to 65535, or a range`,
      value: port,
    }),
  ],
  [
    /^Invalid ranges specified for container and host Ports: (\S+) and (\S+)/,
    ([inside = '', outside = '']) => ({
      message: `the port ranges ${outside} on the host and ${inside} in the container have different lengths`,
      value: `${outside}:${inside}`,
    }),
  ],
  [
    /^(?:.*: )?invalid spec: (.*): empty section between colons/,
    ([text = '']) => ({
      message: `"${text}" is not a valid volume: one side of a ":" is empty. Perhaps a variable is not set`,
      value: text,
    }),
  ],
  [
    /^(?:Service "(.+?)" defines an invalid healthcheck|healthcheck\.test must start)/,
    ([service = '']) => ({
      message: 'a "test" list must start with "CMD", "CMD-SHELL" or "NONE"',
      ...(service ? { path: ['services', service, 'healthcheck', 'test'] } : { value: 'healthcheck' }),
    }),
  ],
  [
    /^Duplicate mount points: \[(.+)\]/,
    ([mounts = '']) => ({ message: `two volumes are mounted at the same path: ${mounts}`, value: mounts.split(':')[1] ?? null }),
  ],
  [
    /^Version (?:"(.+?)" )?in "[^"]*" is invalid( - it should be a string)?/,
    ([version = '', text = '']) => ({
      message: text
        ? '"version" must be text. Put its value in quotes, or remove the line'
        : `Compose does not know "version" ${version || '1'}. Remove the line`,
      path: ['version'],
    }),
  ],
  [
    /^(?:empty compose file|Top.level object .*NoneType)/,
    () => ({ message: 'the file is empty. Add "services:" with at least one service', line: 1 }),
  ],
]
