import { buildFault, otherFault, pullFault, startFault } from './engine-words.ts'
import { refusalRemarks } from './config-words.ts'
import type { SayingContext } from './compose-remark.ts'

/** What is known about a failed command. */
export interface Failed {
  stdout: string[]
  stderr: string[]
  project: string
  /** The image of each service. */
  images: Map<string, string>
  context: SayingContext
}

interface Reason {
  text: string
  service: string | null
  image: string | null
}

/** Enough for Compose's longest reason. More lines would only tell what led to it. */
const mostReasons = 3

/** Progress lines, headings, and lines that repeat others. */
const notReasons = [
  /^(Creating|Recreating|Starting|Restarting|Stopping|Removing|Pulling|Building|Attaching|Killing)\b/,
  /^(Container|Network|Volume|Image|Service) \S+ +(Creat|Recreat|Start|Stop|Remov|Pull|Build|Wait|Runn|Healthy|Error|Exited|Skipp|Interrupt|service ")/,
  /^\S+ (Pulling|Pulled|Waiting|Error|Skipped|Interrupted|Already exists|Verifying Checksum|Download complete|Pull complete)\b/,
  /^(Encountered errors while|Host is already in use by|DEPRECATED: |Install the buildx component|https:\/\/docs\.docker\.com|\d+ errors? occurred:)/,
  /^(Traceback |The Compose file .*is invalid because:)/,
]

/** Why a command failed, in sentences that name the service and image; null when its output does not say. */
export function failureReason(failed: Failed): string | null {
  const reasons = reasonsOf(failed)
  const sentences = reasons.map((reason) => capitalised(sentence(reason, failed)))
  return sentences.length > 0 ? [...new Set(sentences)].slice(0, mostReasons).join('\n') : null
}

function sentence({ text, service, image }: Reason, { images, context, project }: Failed): string {
  if (text.startsWith(buildMark)) return `Could not build the image${forService(service)}: ${buildFault(text.slice(buildMark.length))}`
  const other = otherFault(text)
  if (other) return other.replace(new RegExp(`^${project}[-_](.+)[-_]\\d+ `), 'Service "$1" ')
  const depends = /^Container "\w+" (is unhealthy|exited with code \d+)/.exec(text)?.[1]
  if (depends) return `Service "${service}" was not started: a service it depends on ${depends}`
  const name =
    image ?? /manifest for (\S+) not found|access denied for (\S+?),|no such image: (\S+?):/.exec(text)?.slice(1).find(Boolean) ?? null
  const why = pullFault(text)
  if (why) {
    const ofName = service ?? [...images].find(([, of]) => of === name)?.[0] ?? null
    const shown = images.get(ofName ?? '') || name
    return `Could not pull ${shown ? `image ${shown}` : 'the image'}${forService(ofName)}: ${why}`
  }
  const refusal = refusalRemarks([text], context)[0]?.message ?? text
  if (refusal !== text) return refusal
  const fault = startFault(text.replace(/^Cannot (?:start|create container for) service \S+: /, ''))
  return service ? `Could not start service "${service}": ${fault}` : fault
}

/** Version 2 starts a build error with this. Version 1 only says afterwards that it was a build error. */
const buildMark = 'failed to solve: '

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const forService = (service: string | null): string => (service ? ` for service "${service}"` : '')

/** The lines that give a reason, with the service that each is about. Repeated reasons are merged. */
function reasonsOf(failed: Failed): Reason[] {
  const found = new Map<string, Reason>()
  const add = (text: string, service: string | null, image: string | null = null): void => {
    const known = found.get(text)
    // Version 2 repeats the first error for everything it cancelled. Version 1 names the container before the service.
    if (!known) found.set(text, { text, service, image })
    else known.service ??= service
  }
  const work = createWork()
  for (const line of failureLines(failed.stderr)) {
    work.follow(line)
    const [, built, reason = ''] = /^(?:ERROR: )?Service '(.+?)' failed to build ?: ?(.*)/.exec(line) ?? []
    const [, name, why] = /^(?:ERROR: for )(\S+) +(.+)/.exec(line) ?? /^([\w.-]+) Error (.+)/.exec(line) ?? []
    if (built) {
      // The line before says what the error was.
      const before = reason === 'Build failed' ? [...found.values()].at(-1) : undefined
      if (before) found.delete(before.text)
      add(buildMark + (before?.text ?? reason), built)
    } else if (name && why) add(plain(why), serviceOf(name, failed))
    else if (!notReasons.some((pattern) => pattern.test(line))) {
      const text = plain(line)
      const { service, image } = work.pulling()
      add(text, service ?? serviceIn(text, failed) ?? builtService(text, failed) ?? serviceOf(work.container(), failed), image)
    }
  }
  return [...found.values()]
}

/** Follows the progress lines, to know what Compose was doing when it printed an error. */
function createWork() {
  const nothing = { service: null, image: null }
  let pull: { service: string | null; image: string | null } = nothing
  const pulls = new Set<string>()
  const containers = new Set<string>()
  return {
    follow(line: string): void {
      const [, pulled, image] = /^Pulling (\S+) \((.+)\)\.\.\./.exec(line) ?? []
      if (pulled && image) pull = { service: pulled, image }
      else if (/^(Creating|Recreating|Starting) /.test(line)) pull = nothing
      const [, puller, stage] = /^(\S+) (Pulling|Pulled)$/.exec(line) ?? []
      if (puller) pulls[stage === 'Pulling' ? 'add' : 'delete'](puller)
      const [, container, end] = /^Container (\S+) +(?:Creat|Start|Recreat)(ing|ed|e)\b/.exec(line) ?? []
      if (container) containers[end === 'ed' ? 'delete' : 'add'](container)
    },
    /** With several pulls at once, the output does not say which one failed. */
    pulling: () => (pulls.size === 1 ? { service: [...pulls][0] ?? null, image: null } : pull),
    container: (): string => [...containers].at(-1) ?? '',
  }
}

/** Version 1 prints a stack trace for unexpected errors, with the exception on the last line. */
function failureLines(stderr: string[]): string[] {
  // Several errors at once are printed as a list.
  const lines = stderr.map((line) => line.trim().replace(/^\* /, '')).filter((line) => line !== '')
  return lines.some((line) => line.startsWith('Traceback ')) ? lines.slice(-1) : lines
}

/** Drops the prefixes that every error of a kind has. */
const plain = (text: string): string =>
  text.replace(/^(?:ERROR: |unable to get image '.*?': |Error response from daemon: )+/, '').replace(/: invalid compose project$/, '')

/** The service, from its own name or from a container name that Compose generated; null for a custom container name. */
function serviceOf(name: string, { images, project }: Failed): string | null {
  if (images.has(name)) return name
  return name.startsWith(project) ? (/^[-_](.+)[-_]\d+$/.exec(name.slice(project.length))?.[1] ?? null) : null
}

const serviceIn = (text: string, failed: Failed): string | null =>
  /^Cannot (?:start|create container for) service (\S+):/.exec(text)?.[1] ?? serviceOf(/ on endpoint (\S+) /.exec(text)?.[1] ?? '', failed)

/** Stdout has "#5 [web 2/2] RUN false", then "#5 ERROR: ...". A build that failed before its first step has no such error line. */
function builtService(text: string, { stdout }: Failed): string | null {
  if (!text.startsWith(buildMark)) return null
  const failed = stdout.map((line) => /^(#\d+) ERROR/.exec(line)?.[1]).find((step) => step) ?? ''
  const ofStep = (step: string): string | undefined =>
    stdout.map((line) => (line.startsWith(step) ? /^#\d+ \[(\S+) /.exec(line)?.[1] : undefined)).find((name) => name)
  return ofStep(`${failed} `) ?? ofStep('#') ?? null
}
