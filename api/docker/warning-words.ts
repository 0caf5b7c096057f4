import { remarkOf, toPath, type ComposeRemark, type Saying, type SayingContext } from './compose-remark.ts'

const unset = (variable: string) => ({
  message: `the variable ${variable} is not set, so it is empty`,
  value: `$${variable}`,
})

const ignored = (key: string, service: string, label: string) => ({
  message: `${label} ignores "${key}"${key === 'configs' ? ', which needs Compose 2' : ''}`,
  path: ['services', service, key],
})

/** Lines that are warnings, by their own words: version 1 does not mark them. */
const sayings: Saying[] = [
  [/^(?:The )?"?(\w+)"? variable is not set\. Defaulting to a blank string/, ([variable = '']) => unset(variable)],
  [
    /the attribute `version` is obsolete/,
    () => ({ message: '"version" is obsolete: Compose ignores it, so remove the line', path: ['version'] }),
  ],
  [
    /^Some services \(([^),]+).*\) use the '(\w+)' key, which will be ignored/,
    ([service = '', key = ''], { label }) => ignored(key, service, label),
  ],
  [
    /^The following deploy sub-keys are not supported .*: (.*)/,
    ([keys = ''], { label }) => ({ message: `${label} ignores of "deploy": ${keys}` }),
  ],
  [
    /^Found orphan containers \(\[?([^\])]*)\]?\)/,
    ([names = '']) => ({
      message: `there are containers of services that are no longer in the file: ${names.split(/[ ,]+/).join(', ')}`,
    }),
  ],
  [
    /^(\S+): external\.name is deprecated/,
    ([place = '']) => ({
      message: '"external: {name: ...}" is obsolete: write "external: true" and "name: ..."',
      path: [...toPath(place), 'external'],
    }),
  ],
  [
    /^"(.+)" for boolean is not supported by YAML 1\.2/,
    ([word = '']) => ({ message: `"${word}" is obsolete: write true or false`, value: word }),
  ],
  [
    /^Service "(.+?)" uses an undefined (secret|config) file "(.+?)"/,
    ([service = '', kind = '', file = '']) => ({
      message: `the ${kind} file ${file} is not there`,
      path: ['services', service, `${kind}s`],
    }),
  ],
  [
    /^The "(.+?)" service specifies a port on the host\. If multiple/,
    ([service = '']) => ({
      message: `the service "${service}" takes a port of this machine, so it cannot run more than once`,
      path: ['services', service, 'ports'],
    }),
  ],
  [
    /^The "(.+?)" service is using the custom container name "(.+?)"/,
    ([service = '', name = '']) => ({
      message: `the service "${service}" has the container name "${name}", so it cannot run more than once`,
      path: ['services', service, 'container_name'],
    }),
  ],
  [/^Compose does not use swarm mode/, () => ({ message: 'this Docker Engine is part of a swarm, which Compose does not use' })],
]

/** Enough for every variable of a large file; each is one line in the dashboard. */
const mostWarnings = 50

/** What a line warns of; null for a line that is no warning. */
export function warningRemark(line: string, context: SayingContext): ComposeRemark | null {
  const marked =
    /^time="[^"]*" level=warning msg="(.*)"$/.exec(line.trim())?.[1]?.replaceAll('\\"', '"') ??
    /^(?:WARN\[\d+\]|WARNING:) (.*)/.exec(line.trim())?.[1]
  const text = marked ?? line.trim()
  if (marked === undefined && !sayings.some(([pattern]) => pattern.test(text))) return null
  return remarkOf(text.trim(), sayings, context)
}

/** Keeps each warning once. */
export function addWarning(kept: ComposeRemark[], remark: ComposeRemark): void {
  if (kept.length < mostWarnings && !kept.some(({ message }) => message === remark.message)) kept.push(remark)
}
