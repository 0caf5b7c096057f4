import { remarkOf, toPath, type ComposeRemark, type Saying, type SayingContext } from './compose-remark.ts'

const unset = (variable: string) => ({
  message: `the variable ${variable} is not set, so Compose uses an empty value`,
  value: `$${variable}`,
})

const ignored = (key: string, service: string, label: string) => ({
  message: `${label} ignores "${key}"${key === 'configs' ? ', which needs Compose 2' : ''}`,
  path: ['services', service, key],
})

/** Warnings by their wording, because version 1 does not mark them as warnings. */
const sayings: Saying[] = [
  [/^(?:The )?"?(\w+)"? variable is not set\. Defaulting to a blank string/, ([variable = '']) => unset(variable)],
  [/the attribute `version` is obsolete/, () => ({ message: '"version" is obsolete and ignored. Remove the line', path: ['version'] })],
  [
    /^Some services \(([^),]+).*\) use the '(\w+)' key, which will be ignored/,
    ([service = '', key = ''], { label }) => ignored(key, service, label),
  ],
  [
    /^The following deploy sub-keys are not supported .*: (.*)/,
    ([keys = ''], { label }) => ({ message: `${label} ignores these "deploy" options: ${keys}` }),
  ],
  [
    /^Found orphan containers \(\[?([^\])]*)\]?\)/,
    ([names = '']) => ({
      message: `these containers belong to services that are no longer in the file: ${names.split(/[ ,]+/).join(', ')}`,
    }),
  ],
  [
    /^(\S+): external\.name is deprecated/,
    ([place = '']) => ({
      message: '"external: {name: ...}" is obsolete. Write "external: true" and "name: ..." instead',
      path: [...toPath(place), 'external'],
    }),
  ],
  [
    /^"(.+)" for boolean is not supported by YAML 1\.2/,
    ([word = '']) => ({ message: `"${word}" is obsolete as a boolean. Write true or false`, value: word }),
  ],
  [
    /^Service "(.+?)" uses an undefined (secret|config) file "(.+?)"/,
    ([service = '', kind = '', file = '']) => ({
      message: `the ${kind} file ${file} does not exist`,
      path: ['services', service, `${kind}s`],
    }),
  ],
  [
    /^The "(.+?)" service specifies a port on the host\. If multiple/,
    ([service = '']) => ({
      message: `the service "${service}" publishes a fixed host port, so it can only have one container`,
      path: ['services', service, 'ports'],
    }),
  ],
  [
    /^The "(.+?)" service is using the custom container name "(.+?)"/,
    ([service = '', name = '']) => ({
      message: `the service "${service}" sets the container name "${name}", so it can only have one container`,
      path: ['services', service, 'container_name'],
    }),
  ],
  [
    /^Compose does not use swarm mode/,
    () => ({ message: 'this Docker Engine is part of a swarm, but Compose runs every container on this node' }),
  ],
]

/** Enough for every variable of a large file. Each is one line in the dashboard. */
const mostWarnings = 50

/** The warning in a line; null for a line that is not a warning. */
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
